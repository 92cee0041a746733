#pragma once

#include <cstdint>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace tarn {

// The cheapest monotonic clock there is: the processor's time-stamp counter, read in a few
// nanoseconds, so that every command can be timed. Its rate is measured once, at start. Where the
// processor has no such counter, it ticks in nanoseconds of the steady clock.
class CycleClock {
 public:
  static std::uint64_t now() {
#if defined(__x86_64__)
    return __rdtsc();
#else
    return steady_ns();
#endif
  }

  // Calibrates on first use (takes about 2 ms).
  static std::uint64_t to_ns(std::uint64_t cycles) {
    return static_cast<std::uint64_t>(static_cast<double>(cycles) * ns_per_cycle());
  }
  static std::uint64_t from_ns(std::uint64_t ns) {
    return static_cast<std::uint64_t>(static_cast<double>(ns) / ns_per_cycle());
  }
  static std::uint64_t from_us(std::uint64_t us) { return from_ns(us * 1000); }
  static double ns_per_cycle();

 private:
  static std::uint64_t steady_ns();
  static double calibrate();
};

}  // namespace tarn
