#include "core/keyspace/age_walk.h"

#include <doctest/doctest.h>

#include <string>

namespace tarn {
namespace {

constexpr std::int64_t kDayMs = std::int64_t{24} * 60 * 60 * 1000;

struct Fixture {
  Fixture() { databases.track_density(true); }

  void pass_days(int days) {
    for (std::int64_t ms = 0; ms < days * kDayMs; ms += 10'000) {
      clock.advance_ms(10'000);
      walk.step();
    }
  }
  std::int64_t idle_seconds(unsigned db, std::string_view key) {
    return databases.access_policy().idle_seconds(databases[db].peek(Key(key))->access(),
                                                  clock.now_ms());
  }

  FakeClock clock;
  Databases databases{clock, 3};
  AgeWalk walk{databases};
};

TEST_CASE_FIXTURE(Fixture, "what nobody uses stays old, however long") {
  for (int i = 0; i < 5000; ++i) {
    databases[0].set_string(Key("key:" + std::to_string(i)), "v", Ttl::none());
  }
  databases[2].set_string(Key("other"), "v", Ttl::none());
  pass_days(9);
  CHECK(idle_seconds(0, "key:1") == 9 * kDayMs / 1000);
  for (int i = 0; i < 6; ++i) {
    pass_days(3);
    databases[0].set_string(Key("used"), "v", Ttl::none());
    CHECK(idle_seconds(2, "other") >= AgeWalk::kOldest);
    for (int key = 0; key < 5000; ++key) {
      REQUIRE(idle_seconds(0, "key:" + std::to_string(key)) >= AgeWalk::kOldest);
    }
    CHECK(idle_seconds(0, "used") == 0);
  }
}

TEST_CASE_FIXTURE(Fixture, "a key keeps its class as it gets older") {
  const Key key("k");
  databases[0].set_string(key, "v", Ttl::none());
  clock.advance_ms(7000);
  databases[0].find(key);
  const auto class_now = [&] { return databases[0].peek(key)->access() >> HitDensity::kTickBits; };
  const std::uint32_t access_class = class_now();
  CHECK(access_class > 0);
  pass_days(20);
  CHECK(class_now() == access_class);
}

TEST_CASE_FIXTURE(Fixture,
                  "nothing is looked at without a policy that tells ages so, nor for a child") {
  databases[0].set_string(Key("k"), "v", Ttl::none());
  const std::uint32_t access = databases[0].peek(Key("k"))->access();
  databases.begin_sharing();
  pass_days(12);
  CHECK(databases[0].peek(Key("k"))->access() == access);
  databases.end_sharing();
  databases.track_density(false);
  pass_days(12);
  CHECK(databases[0].peek(Key("k"))->access() == access);
}

}  // namespace
}  // namespace tarn
