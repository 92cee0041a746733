#pragma once

#include <cstdint>

#include "core/types/collection.h"
#include "server/metrics/time_over_limit.h"

namespace tarn {

// What the defragmentation has done, and is doing.
struct DefragStats {
  int running_percent = 0;       // of a processor; 0: not running
  std::uint64_t moved = 0;       // allocations
  std::uint64_t left = 0;        // looked at, and not moved
  std::uint64_t keys_moved = 0;  // of which something was moved
  std::uint64_t keys_left = 0;
  TimeOverLimit sparse;  // while there was enough to do

  void add(Gathered allocations, Gathered keys) {
    moved += allocations.moved;
    left += allocations.left;
    keys_moved += keys.moved;
    keys_left += keys.left;
  }
  void reset() {
    moved = left = keys_moved = keys_left = 0;
    sparse.reset();
  }
};

}  // namespace tarn
