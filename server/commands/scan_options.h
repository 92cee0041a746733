#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "server/engine/args.h"

namespace tarn {

// What SCAN, HSCAN, SSCAN and ZSCAN have in common.

inline constexpr std::string_view kInvalidCursor = "ERR invalid cursor";

// A cursor as Redis reads it, by strtoul: up to a zero byte, also with a sign, which counts modulo
// 2^64; and an empty one is 0.
std::optional<std::uint64_t> parse_cursor(std::string_view text);

// "*" matches also the name without bytes, which as a glob it does not.
bool scan_pattern_matches(std::string_view pattern, std::string_view name);

struct ScanOptions {
  std::string_view pattern = "*";
  std::uint64_t count = 10;

  // Takes COUNT or MATCH, with its value, where it is next.
  bool accept(ArgReader& args);
  bool selects(std::string_view name) const { return scan_pattern_matches(pattern, name); }
};

// When one call has done its part. COUNT says how many elements are looked at, not how many of them
// fit. In a table that is nearly empty a limit on the steps bounds the work: a few keys are spread
// over as many segments of 60 buckets, and a call should get through one for each of them.
class ScanBudget {
 public:
  explicit ScanBudget(const ScanOptions& options)
      : count_(options.count), steps_(std::min(count_, kMaxCount) * kStepsPerElement) {}

  void saw_one() { ++seen_; }
  // To be asked after each step.
  bool go_on() { return steps_-- > 0 && seen_ < count_; }

 private:
  static constexpr std::uint64_t kStepsPerElement = 64;
  static constexpr std::uint64_t kMaxCount =
      std::numeric_limits<std::uint64_t>::max() / kStepsPerElement;

  std::uint64_t count_;
  std::uint64_t steps_;
  std::uint64_t seen_ = 0;
};

}  // namespace tarn
