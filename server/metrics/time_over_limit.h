#pragma once

#include <cstdint>

namespace tarn {

// For how long something was over its limit, by a monotonic clock in microseconds.
class TimeOverLimit {
 public:
  void exceeded(std::int64_t now_us) {
    if (since_us_ < 0) since_us_ = now_us;
  }
  void met(std::int64_t now_us) {
    total_us_ += exceeded_us(now_us);
    since_us_ = kNotExceeded;
  }
  void reset() { *this = {}; }

  // This time, and altogether.
  std::int64_t exceeded_us(std::int64_t now_us) const {
    return since_us_ == kNotExceeded ? 0 : now_us - since_us_;
  }
  std::int64_t total_exceeded_us(std::int64_t now_us) const {
    return total_us_ + exceeded_us(now_us);
  }

 private:
  static constexpr std::int64_t kNotExceeded = -1;

  std::int64_t since_us_ = kNotExceeded;
  std::int64_t total_us_ = 0;
};

}  // namespace tarn
