#include "core/keyspace/eviction.h"

#include <doctest/doctest.h>

#include <set>
#include <string>

#include "core/keyspace/collection_edit.h"
#include "core/types/hash.h"

using namespace tarn;

namespace {

using By = EvictionRule::By;

struct Recorder final : KeyObserver {
  void key_modified(Keyspace&, std::string_view) override {}
  void key_expired(Keyspace&, std::string_view key) override { expired.emplace(key); }
  void key_evicted(Keyspace&, std::string_view key) override { evicted.emplace(key); }

  std::set<std::string> expired;
  std::set<std::string> evicted;
};

struct Fixture {
  FakeClock clock;
  Databases databases{clock, 4};
  Keyspace& keyspace = databases[0];
  Evictor evictor{databases};

  void choose(EvictionRule rule) {
    databases.access_policy().tracks_frequency = rule.by == By::kFrequency;
    databases.track_density(rule.by == By::kDensity);
    evictor.set_rule(rule);
  }
  void set(const std::string& key, Ttl ttl = Ttl::none(), unsigned db = 0) {
    databases[db].set_string(Key(key), "value", ttl);
  }
  void set_many(const std::string& prefix, int count, Ttl ttl = Ttl::none()) {
    for (int i = 0; i < count; ++i) set(prefix + std::to_string(i), ttl);
  }
  int left(const std::string& prefix, int count) {
    int found = 0;
    for (int i = 0; i < count; ++i) found += keyspace.contains(Key(prefix + std::to_string(i)));
    return found;
  }
  void use_all(const std::string& prefix, int count) {
    for (int i = 0; i < count; ++i) keyspace.find(Key(prefix + std::to_string(i)));
  }
  // Returns whether so many keys could be evicted.
  bool evict(std::size_t count) {
    const std::size_t wanted = databases.total_keys() - count;
    for (std::size_t tries = 0; tries < 1000 + 100 * count; ++tries) {
      if (databases.total_keys() == wanted) return true;
      if (evictor.evict_one() == Evictor::Outcome::kNone) return false;
    }
    return false;
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "nothing goes without a rule, nor where there is nothing") {
  set_many("k", 10);
  CHECK(evictor.evict_one() == Evictor::Outcome::kNone);
  CHECK(keyspace.size() == 10);
  for (const By by : {By::kDensity, By::kFrequency, By::kRandom}) {
    choose({.by = by});
    CHECK(evict(keyspace.size()));
    CHECK(evictor.evict_one() == Evictor::Outcome::kNone);
    set_many("k", 10);
    CHECK(evict(10));
    set_many("k", 10);
  }
}

TEST_CASE_FIXTURE(Fixture, "keys without a deadline stay where only others may go") {
  for (const By by : {By::kDensity, By::kFrequency, By::kDeadline, By::kRandom}) {
    for (const int permanent : {100, 5000}) {
      CAPTURE(permanent);
      choose({.by = by, .only_with_deadline = true});
      set_many("permanent:", permanent);
      set_many("due:", 100, Ttl::until(clock.now_ms() + 100'000));
      CHECK(evict(60));
      CHECK(left("permanent:", permanent) == permanent);
      CHECK(left("due:", 100) == 40);
      CHECK(evict(40));
      CHECK(evictor.evict_one() == Evictor::Outcome::kNone);
      CHECK(left("permanent:", permanent) == permanent);
      CHECK(keyspace.expires() == 0);
    }
  }
}

TEST_CASE_FIXTURE(Fixture, "those that would expire first go first") {
  choose({.by = By::kDeadline, .only_with_deadline = true, .samples = 10});
  set_many("soon:", 500, Ttl::until(clock.now_ms() + 10'000));
  set_many("late:", 500, Ttl::until(clock.now_ms() + 10'000'000));
  CHECK(evict(400));
  CHECK(left("late:", 500) > 440);
}

TEST_CASE_FIXTURE(Fixture, "those that were not used for longest go first") {
  choose({.by = By::kDensity});
  set_many("old:", 1000);
  clock.advance_ms(60'000);
  set_many("new:", 1000);
  clock.advance_ms(10'000);
  CHECK(evict(800));
  CHECK(left("new:", 1000) > 900);
}

TEST_CASE_FIXTURE(Fixture, "keys that are used again survive a run over keys that are not") {
  choose({.by = By::kDensity});
  set_many("hot:", 500);
  set_many("filler:", 1500);
  for (int run = 0; run < 400; ++run) {
    clock.advance_ms(10);
    use_all("hot:", 500);
    for (int i = 0; i < 100; ++i) set("once:" + std::to_string(run * 100 + i));
    CHECK(evict(100));
  }
  CHECK(keyspace.size() == 2000);
  CHECK(left("hot:", 500) > 440);
}

TEST_CASE_FIXTURE(Fixture, "those that are used least often go first") {
  choose({.by = By::kFrequency});
  databases.access_policy().log_factor = 0;
  set_many("hot:", 500);
  set_many("cold:", 500);
  for (int i = 0; i < 10; ++i) use_all("hot:", 500);
  CHECK(evict(400));
  CHECK(left("hot:", 500) > 440);
}

TEST_CASE_FIXTURE(Fixture, "keys of all databases go") {
  choose({.by = By::kDensity});
  for (unsigned db = 0; db < 4; ++db) {
    for (int i = 0; i < 500; ++i) set("k" + std::to_string(i), Ttl::none(), db);
  }
  CHECK(evict(1600));
  for (unsigned db = 0; db < 4; ++db) CHECK(databases[db].size() < 300);
  databases.flush(2);
  CHECK(evict(databases.total_keys()));
}

TEST_CASE_FIXTURE(Fixture, "an evicted key is told of as such, and counted") {
  Recorder recorder;
  databases.context().observer = &recorder;
  choose({.by = By::kRandom});
  set("k");
  CHECK(evict(1));
  CHECK(recorder.evicted == std::set<std::string>{"k"});
  CHECK(recorder.expired.empty());
  CHECK(databases.stats().evicted == 1);
  databases.context().observer = nullptr;
}

TEST_CASE_FIXTURE(Fixture, "keys whose time is over are not evicted but expire") {
  choose({.by = By::kDeadline, .only_with_deadline = true});
  set_many("k", 100, Ttl::until(clock.now_ms() + 1000));
  clock.advance_ms(2000);
  for (int i = 0; i < 100; ++i) CHECK(evictor.evict_one() != Evictor::Outcome::kEvicted);
  while (databases.expire_step(100)) {
  }
  CHECK(databases.stats().evicted == 0);
  CHECK(evict(0));
}

TEST_CASE_FIXTURE(Fixture, "eviction sees the keys that a change of policy finds") {
  set_many("old:", 500);
  clock.advance_ms(3600'000);
  set_many("new:", 500);
  clock.advance_ms(10'000);
  choose({.by = By::kDensity});
  const AccessPolicy& policy = databases.access_policy();
  CHECK(policy.idle_seconds(keyspace.peek(Key("old:1"))->access(), clock.now_ms()) == 3610);
  CHECK(policy.idle_seconds(keyspace.peek(Key("new:1"))->access(), clock.now_ms()) == 10);
  CHECK(evict(400));
  CHECK(left("new:", 500) > 440);
}
