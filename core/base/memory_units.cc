#include "core/base/memory_units.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>

namespace tarn {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t bytes;
};

constexpr std::array<Unit, 8> kUnits = {{{"", 1},
                                         {"b", 1},
                                         {"k", 1000},
                                         {"kb", 1 << 10},
                                         {"m", 1000 * 1000},
                                         {"mb", 1 << 20},
                                         {"g", 1000 * 1000 * 1000},
                                         {"gb", 1 << 30}}};

bool same_ignoring_case(std::string_view a, std::string_view lower) {
  return std::equal(a.begin(), a.end(), lower.begin(), lower.end(),
                    [](char x, char y) { return (x >= 'A' && x <= 'Z' ? x + 32 : x) == y; });
}

}  // namespace

Result<std::uint64_t> parse_memory(std::string_view text) {
  const Error fault{"argument must be a memory value"};
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  if (digits == 0) return fault;

  std::uint64_t amount = 0;
  for (const char c : text.substr(0, digits)) {
    if (__builtin_mul_overflow(amount, std::uint64_t{10}, &amount)) return fault;
    if (__builtin_add_overflow(amount, static_cast<std::uint64_t>(c - '0'), &amount)) return fault;
  }
  for (const Unit& unit : kUnits) {
    if (!same_ignoring_case(text.substr(digits), unit.name)) continue;
    if (__builtin_mul_overflow(amount, unit.bytes, &amount)) return fault;
    return amount;
  }
  return fault;
}

std::string format_memory_human(std::uint64_t bytes) {
  constexpr std::string_view kSuffixes = "KMGTP";
  if (bytes < 1024 || bytes >> 60 != 0) return std::to_string(bytes) + "B";
  std::size_t unit = 0;
  while (bytes >> (10 * (unit + 2)) != 0) ++unit;
  const double amount =
      static_cast<double>(bytes) / static_cast<double>(std::uint64_t{1} << (10 * (unit + 1)));
  char out[32];
  const int length = std::snprintf(out, sizeof out, "%.2f%c", amount, kSuffixes[unit]);
  return std::string(out, static_cast<std::size_t>(length));
}

}  // namespace tarn
