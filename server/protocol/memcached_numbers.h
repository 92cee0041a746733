#pragma once

#include <cstdint>
#include <string_view>

namespace tarn {

// Numbers in requests of the memcached protocol, in the spellings that memcached takes: decimal
// digits, leading zeros and a sign allowed. Values that do not fit are refused, and `value` is
// written on success only.

// Of 64 bits; a minus stands only before 0.
[[nodiscard]] bool parse_memcached_unsigned(std::string_view text, std::uint64_t& value);
[[nodiscard]] bool parse_memcached_signed(std::string_view text, std::int64_t& value);

// Client flags have 32 bits; of larger numbers, memcached keeps the lower ones.
[[nodiscard]] inline bool parse_memcached_flags(std::string_view text, std::uint32_t& flags) {
  std::uint64_t value = 0;
  if (!parse_memcached_unsigned(text, value)) return false;
  flags = static_cast<std::uint32_t>(value);
  return true;
}

}  // namespace tarn
