#pragma once

#include <cstdint>
#include <limits>
#include <string>

#include "core/base/result.h"

namespace tarn {

// A point of a log: a batch, a time, or, by default, its end.
struct Moment {
  std::uint64_t sequence = std::numeric_limits<std::uint64_t>::max();
  std::int64_t time_ms = std::numeric_limits<std::int64_t>::max();

  bool is_time() const { return time_ms != std::numeric_limits<std::int64_t>::max(); }
  bool is_sequence() const { return sequence != std::numeric_limits<std::uint64_t>::max(); }
};

// Reads a sequence number, "2026-11-20 10:00:00" (local time; with a Z behind it UTC; a T may stand
// for the space, and the seconds may have a fraction), or "@" and Unix seconds.
Result<Moment> parse_moment(const std::string& text);

// Local time, to the millisecond.
std::string print_time(std::int64_t time_ms);

}  // namespace tarn
