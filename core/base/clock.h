#pragma once

#include <cstdint>

namespace tarn {

// Where the time comes from. Reading the system's clock costs more than a lookup, so everyone reads
// a copy that the event loop refreshes: all commands of one short batch see the same moment, as one
// long command does.
class Clock {
 public:
  virtual ~Clock() = default;

  // Unix time and time since an arbitrary start, as of the last refresh().
  std::int64_t now_us() const { return wall_us_; }
  std::int64_t now_ms() const { return wall_ms_; }
  std::int64_t monotonic_us() const { return monotonic_us_; }
  std::int64_t monotonic_ms() const { return monotonic_us_ / 1000; }

  void refresh() {
    wall_us_ = read_wall_us();
    wall_ms_ = wall_us_ / 1000;
    monotonic_us_ = read_monotonic_us();
  }

 private:
  virtual std::int64_t read_wall_us() const = 0;
  virtual std::int64_t read_monotonic_us() const = 0;

  std::int64_t wall_us_ = 0;
  std::int64_t wall_ms_ = 0;
  std::int64_t monotonic_us_ = 0;
};

class SystemClock final : public Clock {
 public:
  SystemClock() { refresh(); }

 private:
  std::int64_t read_wall_us() const override;
  std::int64_t read_monotonic_us() const override;
};

// A clock that stands still until a test moves it.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(std::int64_t start_ms = 1'700'000'000'000) : us_(start_ms * 1000) {
    refresh();
  }
  void advance_ms(std::int64_t ms) { advance_us(ms * 1000); }
  void advance_us(std::int64_t us) {
    us_ += us;
    refresh();
  }

 private:
  std::int64_t read_wall_us() const override { return us_; }
  std::int64_t read_monotonic_us() const override { return us_; }

  std::int64_t us_;
};

}  // namespace tarn
