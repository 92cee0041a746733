#pragma once

#include <algorithm>
#include <cstddef>

namespace tarn {

// What moving sparse objects together would give back, for an owner who finds them on a walk over
// all that he has. A walk costs the same however little there is to gain, and does not get at
// everything. So what walks have left sparse does not count, until there is less of it; and the
// rest only where it is a sixteenth of all memory.
class SparseGain {
 public:
  // In bytes, with so many sparse of those that are resident; 0 where that is not worth a walk.
  std::size_t of(std::size_t sparse, std::size_t resident) const {
    const std::size_t gain = sparse - std::min(sparse, left_);
    return gain * kWorthwhileShare < resident ? 0 : gain;
  }
  // No more than so many bytes are sparse, so no more were left.
  void note(std::size_t sparse) { left_ = std::min(left_, sparse); }
  void set_left(std::size_t bytes) { left_ = bytes; }
  void add_left(std::size_t bytes) { left_ += bytes; }

 private:
  static constexpr std::size_t kWorthwhileShare = 16;

  std::size_t left_ = 0;  // sparse as it was after the walks before
};

}  // namespace tarn
