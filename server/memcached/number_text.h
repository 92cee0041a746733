#pragma once

#include <cstdint>
#include <string_view>

namespace tarn {

// Reads an item's value as memcached does for incr and decr: white space and a plus may stand
// before the digits, and anything behind a space after them. Returns false where the value spells
// no number of 64 bits; `number` is then as before.
[[nodiscard]] inline bool read_number_text(std::string_view text, std::uint64_t& number) {
  const auto is_space = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  while (!text.empty() && is_space(text[0])) text.remove_prefix(1);
  if (!text.empty() && text[0] == '+') text.remove_prefix(1);
  std::uint64_t sum = 0;
  std::size_t digits = 0;
  for (; digits < text.size(); ++digits) {
    const auto digit = static_cast<unsigned>(static_cast<unsigned char>(text[digits])) - '0';
    if (digit > 9) break;
    if (__builtin_mul_overflow(sum, std::uint64_t{10}, &sum) ||
        __builtin_add_overflow(sum, std::uint64_t{digit}, &sum)) {
      return false;
    }
  }
  if (digits == 0 || (digits < text.size() && !is_space(text[digits]))) return false;
  number = sum;
  return true;
}

}  // namespace tarn
