#include "server/app/compression_rule.h"

#include <doctest/doctest.h>

using namespace tarn;

namespace {

constexpr std::int64_t kRestMs = 10'000;

struct Fixture {
  // 640 keys: a walk waits for eleven values.
  CompressionRule rule;
  CompressionRule::Sight sight{.now_ms = 1000, .keys = 640, .rest_ms = kRestMs};

  bool due() const { return rule.worth_a_walk(sight); }
  void walk(std::uint64_t tried, std::uint64_t resting) {
    rule.walk_begins(sight);
    rule.walk_ends(sight, tried, resting);
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "values are compressed once enough keys have changed") {
  CHECK_FALSE(due());
  sight.changes = 1;
  CHECK(due());  // Nobody has looked yet.
  walk(100, 0);
  CHECK_FALSE(due());
  sight.changes += 10;
  CHECK_FALSE(due());
  sight.changes += 1;
  CHECK(due());
}

TEST_CASE_FIXTURE(Fixture, "a few values are compressed in a while, and nothing is walked for") {
  walk(100, 0);
  sight.now_ms += 1'000'000;
  CHECK_FALSE(due());
  walk(100, 0);
  sight.changes += 1;
  sight.now_ms += 59'999;
  CHECK_FALSE(due());
  sight.now_ms += 1;
  CHECK(due());
}

TEST_CASE_FIXTURE(Fixture,
                  "collections that a walk passed over are visited when they have rested") {
  sight.changes = 400;
  walk(200, 200);
  sight.now_ms += kRestMs - 1;
  CHECK_FALSE(due());
  sight.now_ms += 1;
  CHECK(due());
  walk(200, 0);
  sight.now_ms += 1'000'000;
  CHECK_FALSE(due());
}

TEST_CASE_FIXTURE(Fixture,
                  "collections that somebody looked into are visited when they have rested") {
  walk(400, 0);
  sight.expanded += 11;
  CHECK_FALSE(due());
  sight.now_ms += kRestMs;
  CHECK(due());
}

TEST_CASE_FIXTURE(Fixture, "walks that find little become rare, until one finds more") {
  sight.changes = 640;
  for (int i = 0; i < 10; ++i) walk(1, 300);
  sight.now_ms += kRestMs;
  CHECK_FALSE(due());
  sight.changes += 64 * 11 - 1;
  CHECK_FALSE(due());
  sight.changes += 1;
  CHECK(due());
  walk(300, 300);
  sight.now_ms += kRestMs;
  CHECK(due());
}

TEST_CASE_FIXTURE(Fixture, "what was left alone is looked at again when the options change") {
  sight.changes = 640;
  for (int i = 0; i < 10; ++i) walk(1, 0);
  CHECK_FALSE(due());
  rule.forget();
  CHECK(due());
}
