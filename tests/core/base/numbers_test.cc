#include "core/base/numbers.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <random>
#include <string>
#include <string_view>

#include "core/base/random.h"

namespace tarn {
namespace {

using namespace std::string_literals;

constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::string text_of(std::int64_t value) {
  char out[kMaxInt64Chars];
  return std::string(out, format_int64(out, value));
}

std::string text_of_unsigned(std::uint64_t value) {
  char out[kMaxInt64Chars];
  return std::string(out, format_uint64(out, value));
}

std::string text_of_double(double value) {
  char out[kMaxDoubleChars];
  return std::string(out, format_double(out, value));
}

double parsed_double(std::string_view text) {
  double value = 0;
  REQUIRE(parse_double(text, value));
  return value;
}

// What INCRBYFLOAT makes of `text` and an increment of 0; "refused" if it is no number.
std::string normalized(std::string_view text) {
  long double value = 0;
  return parse_long_double(text, value) ? format_long_double_human(value) : "refused";
}

// Numbers of every size are equally likely.
std::uint64_t random_number(Rng& rng) { return rng() >> rng.below(64); }

}  // namespace

TEST_CASE("numbers: int64 is read strictly") {
  std::int64_t value = 0;
  for (const std::string_view good : {"0", "1", "-1", "10", "9223372036854775807",
                                      "-9223372036854775808", "1000000000000000000"}) {
    CAPTURE(good);
    REQUIRE(parse_int64(good, value));
    CHECK(text_of(value) == good);
  }
  value = 42;
  for (const std::string& bad : {""s,
                                 "-"s,
                                 "+1"s,
                                 " 1"s,
                                 "1 "s,
                                 "01"s,
                                 "-0"s,
                                 "-01"s,
                                 "00"s,
                                 "--1"s,
                                 "1x"s,
                                 "0x10"s,
                                 "1.0"s,
                                 "1\0"s,
                                 "9223372036854775808"s,
                                 "-9223372036854775809"s,
                                 "10000000000000000000"s,
                                 "99999999999999999999"s,
                                 "18446744073709551617"s,
                                 std::string(100, '1')}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_int64(bad, value));
  }
  CHECK(value == 42);
}

TEST_CASE("numbers: uint64 is read strictly") {
  std::uint64_t value = 0;
  for (const std::string_view good :
       {"0", "7", "9999999999999999999", "10000000000000000000", "18446744073709551615"}) {
    CAPTURE(good);
    REQUIRE(parse_uint64(good, value));
    CHECK(text_of_unsigned(value) == good);
  }
  for (const std::string_view bad :
       {"", "-1", "-0", "01", "+1", " 1", "18446744073709551616", "18446744073709551620",
        "99999999999999999999", "1844674407370955161x", "00000000000000000001",
        "100000000000000000000"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_uint64(bad, value));
  }
}

TEST_CASE("numbers: integers survive the way through text") {
  const std::uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  Rng rng(seed);
  for (int i = 0; i < 20'000; ++i) {
    const std::uint64_t number = random_number(rng);
    std::uint64_t unsigned_back = 0;
    REQUIRE(text_of_unsigned(number) == std::to_string(number));
    REQUIRE(parse_uint64(std::to_string(number), unsigned_back));
    REQUIRE(unsigned_back == number);

    const auto with_sign = static_cast<std::int64_t>(rng.below(2) == 0 ? number : 0 - number);
    std::int64_t back = 0;
    REQUIRE(text_of(with_sign) == std::to_string(with_sign));
    REQUIRE(parse_int64(std::to_string(with_sign), back));
    REQUIRE(back == with_sign);
  }
  CHECK(text_of(kMin) == "-9223372036854775808");
  CHECK(text_of(kMax) == "9223372036854775807");
}

TEST_CASE("numbers: digits10") {
  CHECK(digits10(0) == 1);
  CHECK(digits10(std::numeric_limits<std::uint64_t>::max()) == 20);
  std::uint64_t power = 1;
  for (unsigned digits = 1; digits < 20; ++digits) {
    CAPTURE(digits);
    CHECK(digits10(power) == digits);
    CHECK(digits10(power * 10 - 1) == digits);
    power *= 10;
  }
}

TEST_CASE("numbers: doubles are read as strtod does, without spaces and NaN") {
  CHECK(parsed_double("0.1") == 0.1);
  CHECK(parsed_double("+1") == 1);
  CHECK(parsed_double("1.") == 1);
  CHECK(parsed_double("-.5") == -0.5);
  CHECK(parsed_double("1E5") == 100000);
  CHECK(parsed_double("00012") == 12);
  CHECK(parsed_double("0x10") == 16);
  CHECK(parsed_double("-0x1p4") == -16);
  CHECK(parsed_double("0x1p-1070") == std::ldexp(1.0, -1070));
  CHECK(parsed_double("1e-310") == 1e-310);
  CHECK(parsed_double("1.7976931348623157e308") == std::numeric_limits<double>::max());
  CHECK(parsed_double("0." + std::string(6000, '1')) == parsed_double("0.1111111111111111111"));
  for (const std::string_view text : {"inf", "+inf", "Inf", "infinity", "INFINITY"}) {
    CHECK(parsed_double(text) == kInfinity);
  }
  CHECK(parsed_double("-inf") == -kInfinity);
  CHECK(std::signbit(parsed_double("-0")));

  double value = 42;
  for (const std::string& bad :
       {""s,       " 1"s,    "1 "s,     "\t1"s,    "1e"s,        "0x"s,     "1d"s,  "1_0"s,
        "1\0"s,    "--1"s,   "+-1"s,    "."s,      "e5"s,        "nan"s,    "NaN"s, "-nan"s,
        "nan(1)"s, "1e400"s, "-1e400"s, "1e-400"s, "0x1p-1080"s, "infinit"s}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_double(bad, value));
  }
  CHECK(value == 42);
}

TEST_CASE("numbers: doubles are printed with 17 significant digits") {
  CHECK(text_of_double(0) == "0");
  CHECK(text_of_double(-0.0) == "-0");
  CHECK(text_of_double(3) == "3");
  CHECK(text_of_double(-1e15) == "-1000000000000000");
  CHECK(text_of_double(1e16) == "10000000000000000");
  CHECK(text_of_double(1e17) == "1e+17");
  CHECK(text_of_double(123456789012345678.0) == "1.2345678901234568e+17");
  CHECK(text_of_double(0.1) == "0.10000000000000001");
  CHECK(text_of_double(5e-5) == "5.0000000000000002e-05");
  CHECK(text_of_double(3.14159265358979323846) == "3.1415926535897931");
  CHECK(text_of_double(kInfinity) == "inf");
  CHECK(text_of_double(-kInfinity) == "-inf");
  CHECK(text_of_double(std::nan("")) == "nan");
  CHECK(text_of_double(-2.2250738585072014e-308) == "-2.2250738585072014e-308");
}

TEST_CASE("numbers: random doubles print as %.17g and are read back") {
  const std::uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  Rng rng(seed);
  for (int i = 0; i < 10'000; ++i) {
    const double whole = static_cast<double>(random_number(rng)) - 1e6;
    const double value = i % 2 == 0 ? std::bit_cast<double>(rng()) : whole / 4;
    if (std::isnan(value)) continue;
    char expected[64];
    std::snprintf(expected, sizeof expected, "%.17g", value);
    REQUIRE(text_of_double(value) == expected);
    REQUIRE(parsed_double(expected) == value);
  }
}

TEST_CASE("numbers: long doubles as INCRBYFLOAT stores them") {
  CHECK(normalized("0") == "0");
  CHECK(normalized("-0") == "0");
  CHECK(normalized("-0.0") == "0");
  CHECK(normalized("-1e-20") == "0");
  CHECK(normalized("0.1") == "0.1");
  CHECK(normalized("100") == "100");
  CHECK(normalized("3.0e3") == "3000");
  CHECK(normalized("5e-5") == "0.00005");
  CHECK(normalized("0x10") == "16");
  CHECK(normalized("1.5e20") == "150000000000000000000");
  CHECK(normalized("12345678901234567890") == "12345678901234567890");
  CHECK(normalized("-9223372036854775808") == "-9223372036854775808");
  CHECK(normalized("123456789.123456789") == "123456789.12345678899873747");
  CHECK(normalized("3.14159265358979323846") == "3.14159265358979324");
  CHECK(normalized("1e-4950") == "0");
  CHECK(normalized("1e4932").size() == 4933);
  CHECK(normalized("-inf") == "-inf");
  CHECK(normalized("Infinity") == "inf");
  CHECK(format_long_double_human(std::nanl("")) == "nan");
  for (const std::string_view bad : {"", " 1", "1 ", "nan", "1e5000", "1e-5000", "1e", "0x"}) {
    CAPTURE(bad);
    CHECK(normalized(bad) == "refused");
  }
  CHECK(normalized(std::string(kMaxLongDoubleTextBytes - 1, '0') + "1") == "1");
  CHECK(normalized(std::string(kMaxLongDoubleTextBytes, '0') + "1") == "refused");
}

}  // namespace tarn
