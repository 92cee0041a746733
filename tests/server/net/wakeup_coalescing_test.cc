#include "server/net/wakeup_coalescing.h"

#include <doctest/doctest.h>

#include "core/base/cycle_clock.h"

using namespace tarn;

namespace {

constexpr std::uint64_t kSecondUs = 1'000'000;

// A loop that has nothing to do every 20 microseconds.
class Loop {
 public:
  static constexpr std::uint64_t kStepUs = 20;

  WakeupCoalescing coalescing;

  // So many requests a second while it sleeps, and while it does not. Returns the share of time
  // that it slept.
  double serve(std::uint64_t us, double with, double without) {
    std::uint64_t slept_us = 0;
    for (const std::uint64_t end_us = now_us_ + us; now_us_ < end_us; now_us_ += kStepUs) {
      const bool sleeps =
          coalescing.sleeps(CycleClock::from_us(now_us_), static_cast<std::uint64_t>(reads_));
      reads_ += (sleeps ? with : without) * static_cast<double>(kStepUs) / kSecondUs;
      if (sleeps) slept_us += kStepUs;
    }
    return static_cast<double>(slept_us) / static_cast<double>(us);
  }
  double serve(std::uint64_t us, double a_second) { return serve(us, a_second, a_second); }

  void pass(std::uint64_t us) { now_us_ += us; }
  void reset_stats() { reads_ = 0; }

 private:
  std::uint64_t now_us_ = 5 * kSecondUs;
  double reads_ = 0;
};

}  // namespace

TEST_CASE("few requests are never kept waiting") {
  Loop loop;
  CHECK(loop.serve(60 * kSecondUs, 60'000) == 0);
}

TEST_CASE("requests wait for each other where more of them come so") {
  Loop loop;
  CHECK(loop.serve(20 * kSecondUs, 115'000, 100'000) > 0.9);
}

TEST_CASE("where fewer come so, they hardly ever do, and less and less") {
  Loop loop;
  const double at_first = loop.serve(kSecondUs, 90'000, 100'000);
  CHECK(at_first > 0);
  CHECK(at_first < 0.05);
  CHECK(loop.serve(60 * kSecondUs, 90'000, 100'000) < 0.005);
  CHECK(loop.serve(600 * kSecondUs, 90'000, 100'000) < 0.003);
}

TEST_CASE("a trial ends at once where sleeps leave few requests") {
  Loop loop;
  const double slept = loop.serve(kSecondUs, 30'000, 150'000);
  CHECK(slept > 0);
  CHECK(slept <= 2e-6 * WakeupCoalescing::kStretchUs);
}

TEST_CASE("what makes no difference, or next to none, does not stay") {
  Loop loop;
  CHECK(loop.serve(60 * kSecondUs, 100'000) < 0.005);
  CHECK(loop.serve(60 * kSecondUs, 101'000, 100'000) < 0.005);
}

TEST_CASE("clients that turn out to lose by it are relieved within seconds") {
  Loop loop;
  loop.serve(10 * kSecondUs, 115'000, 100'000);
  loop.serve(2 * WakeupCoalescing::kHoldUs, 90'000, 100'000);
  CHECK(loop.serve(10 * kSecondUs, 90'000, 100'000) < 0.01);
}

TEST_CASE("sleeps end with the crowd, and are tried anew when it is back") {
  Loop loop;
  loop.serve(5 * kSecondUs, 115'000, 100'000);
  loop.serve(WakeupCoalescing::kStretchUs, 1000);
  CHECK(loop.serve(kSecondUs, 1000) == 0);
  CHECK(loop.serve(kSecondUs, 115'000, 100'000) > 0.8);
}

TEST_CASE("a pause of the loop is not taken for a stretch") {
  Loop loop;
  loop.serve(5 * kSecondUs, 115'000, 100'000);
  loop.pass(kSecondUs);
  loop.serve(Loop::kStepUs, 115'000, 100'000);
  CHECK(loop.serve(WakeupCoalescing::kStretchUs, 115'000, 100'000) == 0);
}

TEST_CASE("statistics may be reset meanwhile") {
  Loop loop;
  loop.serve(5 * kSecondUs, 115'000, 100'000);
  loop.reset_stats();
  loop.serve(WakeupCoalescing::kStretchUs, 115'000, 100'000);
  CHECK(loop.serve(kSecondUs, 115'000, 100'000) > 0.8);
}

TEST_CASE("it can be switched off and on") {
  Loop loop;
  loop.serve(5 * kSecondUs, 115'000, 100'000);
  loop.coalescing.allow(false);
  CHECK(loop.serve(20 * kSecondUs, 115'000, 100'000) == 0);
  loop.coalescing.allow(true);
  CHECK(loop.serve(5 * kSecondUs, 115'000, 100'000) > 0.9);
}
