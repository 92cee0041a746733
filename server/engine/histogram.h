#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

namespace tarn {

// Counts values of a wide range with a bounded relative error, as HdrHistogram does: every power of
// two is divided into 16 equal buckets, so a value is known within 6.25 %. Recording touches one
// counter.
class Histogram {
 public:
  void record(std::uint64_t value) {
    ++counts_[bucket(value)];
    ++total_;
  }

  std::uint64_t total() const { return total_; }

  // The smallest recorded bucket bound with at least `percent` per cent of all values at or below
  // it; 0 where nothing was recorded.
  std::uint64_t percentile(double percent) const {
    const double wanted = std::max(1.0, percent / 100.0 * static_cast<double>(total_));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (total_ > 0 && static_cast<double>(seen) >= wanted) return upper_bound(i);
    }
    return 0;
  }

  // Calls visit(highest value of the bucket, count) for every bucket that is not empty, ascending.
  template <class Visit>
  void for_each(Visit visit) const {
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      if (counts_[i] > 0) visit(upper_bound(i), counts_[i]);
    }
  }

 private:
  static constexpr unsigned kSubBits = 4;
  static constexpr unsigned kSubBuckets = 1u << kSubBits;
  static constexpr unsigned kMaxBits = 44;

  static std::size_t bucket(std::uint64_t value) {
    value = std::min(value, (std::uint64_t{1} << kMaxBits) - 1);
    if (value < kSubBuckets) return value;
    const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - 1 - kSubBits;
    return (std::uint64_t{shift} + 1) * kSubBuckets + ((value >> shift) & (kSubBuckets - 1));
  }
  static std::uint64_t upper_bound(std::size_t bucket) {
    if (bucket < kSubBuckets) return bucket;
    const std::size_t shift = bucket / kSubBuckets - 1;
    return ((kSubBuckets + bucket % kSubBuckets + 1) << shift) - 1;
  }

  std::array<std::uint64_t, (kMaxBits - kSubBits + 1) * kSubBuckets> counts_{};
  std::uint64_t total_ = 0;
};

}  // namespace tarn
