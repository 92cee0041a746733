#include "server/protocol/memcached_numbers.h"

namespace tarn {
namespace {

bool parse_digits(std::string_view digits, std::uint64_t& value) {
  if (digits.empty()) return false;
  constexpr std::size_t kSurelyFit = 19;
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const auto digit = static_cast<unsigned>(static_cast<unsigned char>(digits[i])) - '0';
    if (digit > 9) return false;
    if (i < kSurelyFit) {
      sum = sum * 10 + digit;
    } else if (__builtin_mul_overflow(sum, std::uint64_t{10}, &sum) ||
               __builtin_add_overflow(sum, std::uint64_t{digit}, &sum)) {
      return false;
    }
  }
  value = sum;
  return true;
}

// Takes a sign off; returns whether it was a minus.
bool take_sign(std::string_view& text) {
  if (text.empty() || (text[0] != '-' && text[0] != '+')) return false;
  const bool minus = text[0] == '-';
  text.remove_prefix(1);
  return minus;
}

}  // namespace

bool parse_memcached_unsigned(std::string_view text, std::uint64_t& value) {
  const bool minus = take_sign(text);
  std::uint64_t magnitude = 0;
  if (!parse_digits(text, magnitude) || (minus && magnitude != 0)) return false;
  value = magnitude;
  return true;
}

bool parse_memcached_signed(std::string_view text, std::int64_t& value) {
  const bool minus = take_sign(text);
  std::uint64_t magnitude = 0;
  constexpr std::uint64_t kMax = INT64_MAX;
  if (!parse_digits(text, magnitude) || magnitude > kMax) return false;
  value = minus ? -static_cast<std::int64_t>(magnitude) : static_cast<std::int64_t>(magnitude);
  return true;
}

}  // namespace tarn
