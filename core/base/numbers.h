#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tarn {

// Numbers as text, in exactly the spellings that Redis accepts and prints. All functions are
// independent of the locale as long as nobody sets another than LC_COLLATE (we never do).

// Buffer sizes that always suffice for the format_ functions below; none writes a NUL.
inline constexpr std::size_t kMaxInt64Chars = 20;
inline constexpr std::size_t kMaxDoubleChars = 24;

// Longer texts are not long doubles to Redis.
inline constexpr std::size_t kMaxLongDoubleTextBytes = 5 * 1024 - 1;

// Strict decimal integers: digits with an optional '-', nothing else. Spaces, '+', leading zeros
// and "-0" are refused, so that text accepted here is the text that format_int64 prints; values out
// of range are refused too. `value` is written on success only.
[[nodiscard]] bool parse_int64(std::string_view text, std::int64_t& value);
[[nodiscard]] bool parse_uint64(std::string_view text, std::uint64_t& value);

// Floating point: what strtod reads (decimal, exponent, 0x hex, inf, infinity; any case, either
// sign) as long as it is the whole text without surrounding spaces. Refused: NaN, values beyond the
// type's range, and nonzero values that would round to 0. `value` is written on success only.
[[nodiscard]] bool parse_double(std::string_view text, double& value);
[[nodiscard]] bool parse_long_double(std::string_view text, long double& value);

// How many decimal digits `value` has; 1 for 0.
unsigned digits10(std::uint64_t value);

// Write `value` to `out` in decimal and return the length (at most kMaxInt64Chars).
std::size_t format_int64(char* out, std::int64_t value);
std::size_t format_uint64(char* out, std::uint64_t value);

// Writes `value` as Redis 7.0 replies doubles: 17 significant digits ("%.17g": 0.1 becomes
// 0.10000000000000001), which any reader turns back into the same double; "inf", "-inf", "nan".
// Returns the length (at most kMaxDoubleChars).
std::size_t format_double(char* out, double value);

// The text that INCRBYFLOAT and HINCRBYFLOAT store: plain decimal notation with up to 17 decimals,
// trailing zeros removed, never "-0"; "inf", "-inf", "nan". At most kMaxLongDoubleTextBytes.
std::string format_long_double_human(long double value);

}  // namespace tarn
