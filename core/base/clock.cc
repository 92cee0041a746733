#include "core/base/clock.h"

#include <chrono>

namespace tarn {
namespace {

template <class ClockType>
std::int64_t read_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(ClockType::now().time_since_epoch())
      .count();
}

}  // namespace

std::int64_t SystemClock::read_wall_us() const { return read_us<std::chrono::system_clock>(); }

std::int64_t SystemClock::read_monotonic_us() const { return read_us<std::chrono::steady_clock>(); }

}  // namespace tarn
