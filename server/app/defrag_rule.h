#pragma once

#include <cstddef>

#include "server/config/options.h"

namespace tarn {

// When memory is moved together, and how hard: the `active-defrag` options.
//
// Fragmentation is what moving would give back, in percent of what would be left.
struct DefragRule {
  explicit DefragRule(const Options& options);

  // The share of a processor, in percent, that is due when `sparse_bytes` of `resident_bytes` can
  // be given back; 0 where that is not worth while.
  int effort(std::size_t sparse_bytes, std::size_t resident_bytes) const;

  bool enabled;
  std::size_t ignore_bytes;
  int threshold_lower;
  int threshold_upper;
  int cycle_min;
  int cycle_max;
};

}  // namespace tarn
