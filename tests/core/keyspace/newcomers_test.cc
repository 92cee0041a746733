#include "core/keyspace/newcomers.h"

#include <doctest/doctest.h>

using namespace tarn;

namespace {

// 512 keys a tick, of which, or of those before, some are used for the first time.
struct Fixture {
  void live(int ticks, int first_uses_a_tick) {
    for (int i = 0; i < ticks; ++i) {
      for (int use = 0; use < first_uses_a_tick; ++use) newcomers.used_first();
      ++tick;
      for (int key = 0; key < 512; ++key) newcomers.made(tick);
    }
  }
  double promise_of(std::uint64_t made_at) const { return newcomers.promise(made_at, tick); }

  Newcomers newcomers;
  std::uint64_t tick = 1'000'000;
};

}  // namespace

TEST_CASE_FIXTURE(
    Fixture, "before anything is known, and as long as all is as usual, all are worth the same") {
  CHECK(promise_of(tick) == 1);
  live(300, 100);
  CHECK(promise_of(tick) == 1);
  CHECK(promise_of(tick - 100) == 1);
  live(20, 70);
  CHECK(promise_of(tick) == 1);
}

TEST_CASE_FIXTURE(Fixture,
                  "keys made while hardly any is used are worth little, others what they were") {
  live(300, 100);
  const std::uint64_t scan = tick;
  live(20, 2);
  CHECK(promise_of(tick) < 0.01);
  CHECK(promise_of(scan + 10) < 0.01);
  CHECK(promise_of(scan - 10) == 1);

  SUBCASE("when it is over, the keys of that time are still known") {
    live(100, 100);
    CHECK(promise_of(tick) == 1);
    CHECK(promise_of(scan + 10) < 0.01);
    live(200, 100);
    CHECK(promise_of(scan + 10) == 1);
  }
  SUBCASE("what goes on becomes usual") {
    live(1000, 2);
    CHECK(promise_of(tick) == 1);
  }
}

TEST_CASE_FIXTURE(Fixture, "long silence is no evidence") {
  live(10, 100);
  tick += 1'000'000;
  live(1, 100);
  CHECK(promise_of(tick) == 1);
  CHECK(promise_of(tick - 100) == 1);
  CHECK(promise_of(tick - 1000) == 1);
}
