#include "core/base/numbers.h"

#include <array>
#include <bit>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>

namespace tarn {
namespace {

constexpr std::uint64_t kMaxInt64 = std::numeric_limits<std::int64_t>::max();

bool is_digit(char c) { return static_cast<unsigned char>(c - '0') <= 9; }

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// Digits without a leading zero, at most 19 of them, so that the sum cannot wrap.
bool parse_digits(std::string_view digits, std::uint64_t& value) {
  if (digits.empty() || digits.size() > 19) return false;
  if (digits[0] == '0' && digits.size() > 1) return false;
  std::uint64_t sum = 0;
  for (const char c : digits) {
    if (!is_digit(c)) return false;
    sum = sum * 10 + static_cast<std::uint64_t>(c - '0');
  }
  value = sum;
  return true;
}

// "00" to "99" in a row.
constexpr std::array<char, 200> kDigitPairs = [] {
  std::array<char, 200> pairs{};
  for (std::size_t i = 0; i < 100; ++i) {
    pairs[2 * i] = static_cast<char>('0' + i / 10);
    pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return pairs;
}();

double read_float(const char* text, char** end, double) { return std::strtod(text, end); }
long double read_float(const char* text, char** end, long double) {
  return std::strtold(text, end);
}

// The C library is the definition of what counts as a number; it wants a terminated copy.
template <class Float>
bool parse_by_c_library(std::string_view text, Float& value) {
  if (text.empty() || text.size() > kMaxLongDoubleTextBytes || is_space(text[0])) return false;
  char copy[kMaxLongDoubleTextBytes + 1];
  std::memcpy(copy, text.data(), text.size());
  copy[text.size()] = '\0';

  char* end = nullptr;
  errno = 0;
  const Float read = read_float(copy, &end, Float{});
  if (end != copy + text.size() || std::isnan(read)) return false;
  // ERANGE also reports subnormal results, which are fine.
  if (errno == ERANGE && (std::isinf(read) || std::fpclassify(read) == FP_ZERO)) return false;
  value = read;
  return true;
}

}  // namespace

bool parse_int64(std::string_view text, std::int64_t& value) {
  const bool negative = !text.empty() && text[0] == '-';
  std::uint64_t magnitude = 0;
  if (!parse_digits(text.substr(negative ? 1 : 0), magnitude)) return false;
  if (magnitude > kMaxInt64 + (negative ? 1 : 0)) return false;
  if (negative && magnitude == 0) return false;
  value = static_cast<std::int64_t>(negative ? 0 - magnitude : magnitude);
  return true;
}

bool parse_uint64(std::string_view text, std::uint64_t& value) {
  if (text.size() < 20) return parse_digits(text, value);
  // The largest value has 20 digits: one more step than parse_digits dares.
  std::uint64_t high = 0;
  const char last = text.back();
  if (text.size() > 20 || !is_digit(last) || !parse_digits(text.substr(0, 19), high)) return false;
  std::uint64_t sum = 0;
  if (__builtin_mul_overflow(high, std::uint64_t{10}, &sum)) return false;
  if (__builtin_add_overflow(sum, static_cast<std::uint64_t>(last - '0'), &sum)) return false;
  value = sum;
  return true;
}

bool parse_double(std::string_view text, double& value) {
  // from_chars reads a subset of what strtod does, to the same bits, but several times faster.
  double read = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, fault] = std::from_chars(text.data(), end, read);
  if (fault == std::errc{} && stop == end && !std::isnan(read)) {
    value = read;
    return true;
  }
  return parse_by_c_library(text, value);
}

bool parse_long_double(std::string_view text, long double& value) {
  static_assert(std::numeric_limits<long double>::digits >= 63, "an int64_t must fit exactly");
  std::int64_t integer = 0;
  if (parse_int64(text, integer)) {
    value = static_cast<long double>(integer);
    return true;
  }
  return parse_by_c_library(text, value);
}

unsigned digits10(std::uint64_t value) {
  static constexpr std::array<std::uint64_t, 20> kPowers = [] {
    std::array<std::uint64_t, 20> powers{};
    std::uint64_t power = 1;
    for (std::uint64_t& entry : powers) {
      entry = power;
      power *= 10;
    }
    return powers;
  }();
  // log10 from log2 (1233 / 4096 is just above log10(2)), exact after one comparison.
  const auto bits = static_cast<unsigned>(std::bit_width(value | 1));
  const unsigned guess = (bits * 1233) >> 12;
  return guess + (value >= kPowers[guess] ? 1 : 0) + (value == 0 ? 1 : 0);
}

std::size_t format_uint64(char* out, std::uint64_t value) {
  const unsigned length = digits10(value);
  char* write = out + length;
  while (value >= 100) {
    write -= 2;
    std::memcpy(write, &kDigitPairs[2 * (value % 100)], 2);
    value /= 100;
  }
  if (value >= 10) {
    std::memcpy(write - 2, &kDigitPairs[2 * value], 2);
  } else {
    *(write - 1) = static_cast<char>('0' + value);
  }
  return length;
}

std::size_t format_int64(char* out, std::int64_t value) {
  if (value >= 0) return format_uint64(out, static_cast<std::uint64_t>(value));
  *out = '-';
  return 1 + format_uint64(out + 1, 0 - static_cast<std::uint64_t>(value));
}

std::size_t format_double(char* out, double value) {
  if (std::isnan(value)) return std::string_view("nan").copy(out, kMaxDoubleChars);
  // Scores are whole numbers more often than not. The bound keeps clear of exponent notation; -0
  // takes the long way to keep its sign.
  constexpr double kWholeBound = 1e15;
  if (std::fabs(value) < kWholeBound && std::trunc(value) == value &&
      !(value == 0 && std::signbit(value))) {
    return format_int64(out, static_cast<std::int64_t>(value));
  }
  const auto written =
      std::to_chars(out, out + kMaxDoubleChars, value, std::chars_format::general, 17);
  return static_cast<std::size_t>(written.ptr - out);
}

std::string format_long_double_human(long double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  char digits[kMaxLongDoubleTextBytes + 1];
  const int length = std::snprintf(digits, sizeof digits, "%.17Lf", value);
  std::string_view text(digits, static_cast<std::size_t>(length));
  text.remove_suffix(text.size() - 1 - text.find_last_not_of('0'));
  if (text.back() == '.') text.remove_suffix(1);
  return text == "-0" ? "0" : std::string(text);
}

}  // namespace tarn
