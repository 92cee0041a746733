#include "core/keyspace/hit_density.h"

#include <doctest/doctest.h>

using namespace tarn;

namespace {

constexpr std::int64_t kStart = 1'700'000'000'000;

}  // namespace

TEST_CASE("idle times are known to the second, however many keys are evicted") {
  HitDensity density(kStart);
  const std::uint32_t first = density.fresh(1, kStart);
  CHECK(density.idle_seconds(first, kStart) == 0);
  CHECK(density.idle_seconds(first, kStart + 999) == 0);
  CHECK(density.idle_seconds(first, kStart + 5000) == 5);
  for (int i = 0; i < 1000; ++i) density.evicted(2, first, kStart + 1000);
  const std::uint32_t second = density.fresh(3, kStart + 1000);
  for (int i = 0; i < 1000; ++i) density.evicted(2, first, kStart + 7000);
  CHECK(density.idle_seconds(first, kStart + 9000) == 9);
  CHECK(density.idle_seconds(second, kStart + 9000) == 8);
  CHECK(density.idle_seconds(density.used(second, kStart + 9000), kStart + 9000) == 0);
}

TEST_CASE("idle times that are restored") {
  HitDensity density(kStart);
  for (const std::int64_t idle : {0, 1, 77, 3600, 1'000'000}) {
    CAPTURE(idle);
    const std::uint32_t access = density.restored(kStart + 5000, idle);
    CHECK(density.idle_seconds(access, kStart + 5000) == idle);
    CHECK(density.idle_seconds(access, kStart + 8000) == idle + 3);
  }
  // Later seconds have ticks of their own between them.
  for (int s = 0; s < 100; ++s) {
    for (int i = 0; i < 10; ++i) density.evicted(1, 0, kStart + 10'000 + s * 1000);
  }
  const std::int64_t now = kStart + 110'000;
  for (const std::int64_t idle : {3, 50, 104, 110, 5000}) {
    CAPTURE(idle);
    CHECK(density.idle_seconds(density.restored(now, idle), now) == idle);
  }
}

TEST_CASE("a clock that goes back does no harm") {
  HitDensity density(kStart);
  const std::uint32_t access = density.fresh(1, kStart);
  CHECK(density.idle_seconds(access, kStart - 5000) == 0);
  CHECK(density.idle_seconds(density.used(access, kStart - 5000), kStart) == 0);
}

TEST_CASE("a day of seconds is remembered well enough") {
  HitDensity density(kStart);
  const std::uint32_t access = density.fresh(1, kStart);
  std::int64_t now = kStart;
  for (int s = 0; s < 86'400; ++s) density.fresh(1, now += 1000);
  CHECK(density.idle_seconds(access, now) == 86'400);
}

TEST_CASE("what is used again and again is worth more than what never is") {
  HitDensity density(kStart);
  density.set_population(1000);
  std::uint32_t hot = density.fresh(1, kStart);
  for (int i = 0; i < 50'000; ++i) {
    const std::uint32_t once = density.fresh(100'000U + static_cast<unsigned>(i), kStart);
    for (int k = 0; k < 3; ++k) density.evicted(7, once, kStart);
    hot = density.used(hot, kStart);
  }
  CHECK(density.density(hot) > 10 * density.density(density.fresh(5, kStart)));
}
