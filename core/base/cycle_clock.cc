#include "core/base/cycle_clock.h"

#include <chrono>

namespace tarn {

std::uint64_t CycleClock::steady_ns() {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                        std::chrono::steady_clock::now().time_since_epoch())
                                        .count());
}

double CycleClock::calibrate() {
  constexpr std::uint64_t kSpanNs = 2'000'000;
  const std::uint64_t start_ns = steady_ns();
  const std::uint64_t start = now();
  std::uint64_t elapsed_ns = 0;
  while (elapsed_ns < kSpanNs) elapsed_ns = steady_ns() - start_ns;
  return static_cast<double>(elapsed_ns) / static_cast<double>(now() - start);
}

double CycleClock::ns_per_cycle() {
  static const double kRate = calibrate();
  return kRate;
}

}  // namespace tarn
