#pragma once

#include <cstdint>
#include <memory>

#include "server/engine/histogram.h"

namespace tarn {

// What is counted for each command.
struct CommandStats {
  std::uint64_t calls = 0;
  std::uint64_t cycles = 0;            // time spent in calls, by CycleClock
  std::uint64_t rejected = 0;          // refused before they ran
  std::uint64_t failed = 0;            // ran, and answered with an error
  std::unique_ptr<Histogram> latency;  // of calls, in CycleClock cycles; made with the first call

  void reset() { *this = {}; }
};

}  // namespace tarn
