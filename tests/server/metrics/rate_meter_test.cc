#include "server/metrics/rate_meter.h"

#include <doctest/doctest.h>

namespace tarn {

TEST_CASE("RateMeter: nothing is known before two samples") {
  RateMeter meter;
  CHECK(meter.per_second() == 0);
  meter.sample(1'000'000, 50);
  CHECK(meter.per_second() == 0);
}

TEST_CASE("RateMeter: growth over time, however long between samples") {
  RateMeter meter;
  meter.sample(1'000'000, 0);
  meter.sample(1'100'000, 100);
  CHECK(meter.per_second() == doctest::Approx(1000));
  meter.sample(1'600'000, 600);
  CHECK(meter.per_second() == doctest::Approx(1000));
}

TEST_CASE("RateMeter: the last samples count") {
  RateMeter meter;
  std::int64_t now_us = 1;
  std::uint64_t total = 0;
  meter.sample(now_us, total);
  for (std::size_t i = 0; i < RateMeter::kSamples; ++i) {
    meter.sample(now_us += 100'000, total += 1'000);
  }
  CHECK(meter.per_second() == doctest::Approx(10'000));
  for (std::size_t i = 0; i < RateMeter::kSamples; ++i) meter.sample(now_us += 100'000, total);
  CHECK(meter.per_second() == 0);
}

TEST_CASE("RateMeter: a counter that starts again, and a reset") {
  RateMeter meter;
  meter.sample(1'000'000, 1'000'000);
  meter.sample(1'100'000, 5);
  CHECK(meter.per_second() == doctest::Approx(50));
  meter.reset();
  CHECK(meter.per_second() == 0);
  meter.sample(1'200'000, 10);
  CHECK(meter.per_second() == doctest::Approx(100));
}

}  // namespace tarn
