#pragma once

#include <cstdint>

#include "core/base/cycle_clock.h"

namespace tarn {

// Traffic, and how busy the loop is, since the start or since CONFIG RESETSTAT.
struct NetStats {
  std::uint64_t connections_accepted = 0;
  std::uint64_t connections_rejected = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t reads = 0;
  std::uint64_t writes = 0;
  std::uint64_t iterations = 0;  // of the loop
  std::uint64_t since_cycles = CycleClock::now();
  std::uint64_t waited_cycles = 0;  // for something to do

  std::uint64_t busy_cycles() const { return CycleClock::now() - since_cycles - waited_cycles; }
};

}  // namespace tarn
