#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace tarn {

// How fast a counter grows: the average over the last samples, which are taken some ten times a
// second.
class RateMeter {
 public:
  static constexpr std::size_t kSamples = 16;

  // The counter's value now. One that went back was reset, and counts from there.
  void sample(std::int64_t now_us, std::uint64_t total) {
    if (last_us_ != 0 && now_us > last_us_) {
      const std::uint64_t growth = total >= last_total_ ? total - last_total_ : total;
      rates_[next_] = static_cast<double>(growth) * 1e6 / static_cast<double>(now_us - last_us_);
      next_ = (next_ + 1) % kSamples;
      if (filled_ < kSamples) ++filled_;
    }
    last_us_ = now_us;
    last_total_ = total;
  }

  double per_second() const {
    double sum = 0;
    for (std::size_t i = 0; i < filled_; ++i) sum += rates_[i];
    return filled_ == 0 ? 0.0 : sum / static_cast<double>(filled_);
  }

  // Forgets the past rates, and takes the counter to start at zero now.
  void reset() {
    rates_ = {};
    next_ = filled_ = 0;
    last_total_ = 0;
  }

 private:
  std::array<double, kSamples> rates_{};
  std::size_t next_ = 0;
  std::size_t filled_ = 0;
  std::int64_t last_us_ = 0;
  std::uint64_t last_total_ = 0;
};

// The rates that INFO tells.
struct Rates {
  RateMeter commands;
  RateMeter bytes_received;
  RateMeter bytes_sent;
  RateMeter loop_iterations;
  RateMeter loop_busy_cycles;

  void reset() {
    commands.reset();
    bytes_received.reset();
    bytes_sent.reset();
    loop_iterations.reset();
    loop_busy_cycles.reset();
  }
};

}  // namespace tarn
