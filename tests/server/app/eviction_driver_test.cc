#include "server/app/eviction_driver.h"

#include <doctest/doctest.h>

#include <string>

#include "core/keyspace/collection_edit.h"
#include "core/memory/reclaimer.h"
#include "core/types/set.h"

using namespace tarn;

namespace {

constexpr int kKeys = 20'000;
// Evicted for a command though its slice is over when it begins.
constexpr std::size_t kLeastSteps = 4;

struct Fixture {
  Fixture() {
    options.maxmemory_policy = EvictionPolicy::kAllKeysRandom;
    options.maxmemory_eviction_tenacity = 0;  // no time at all
  }

  void fill() {
    for (int n = 0; n < kKeys; ++n) {
      databases[0].set_string(Key("key:" + std::to_string(n)), std::string(100, 'v'), Ttl::none());
    }
  }
  void add_set(const std::string& key, int members) {
    for (int n = 0; n < members; ++n) {
      CollectionEdit edit(databases[0], Key(key), Type::kSet);
      Set set(edit, SetLimits{});
      edit.commit(set.add(SetMember("a member of the set: " + std::to_string(n))));
    }
  }
  void limit_to(std::size_t bytes) {
    Reclaimer::drain();  // what waits for it would be freed first
    options.maxmemory = bytes;
    driver.configure(options);
  }

  FakeClock clock;
  NetLoop loop;
  Databases databases{clock, 4};
  CommandTable table;
  Dispatcher dispatcher{table, databases, clock};
  MemoryGauge gauge{databases, clock};
  LoadingState loading;
  LatencyMonitor latency;
  Options options;
  EvictionDriver driver{loop, dispatcher, gauge, loading, latency};
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a limit that is lowered is met in slices, and by no command alone") {
  fill();
  // Far below what there is: that takes thousands of keys.
  limit_to(gauge.used() - 1'000'000);
  CHECK(databases.total_keys() == kKeys);

  SUBCASE("a command makes room for as long as it may, and is served") {
    for (std::size_t commands = 1; commands < 50; ++commands) {
      CHECK(dispatcher.make_room());
      CHECK(databases.total_keys() >= kKeys - kLeastSteps * commands);
    }
  }
  SUBCASE("the rest goes between the turns of clients") {
    int turns = 0;
    while (gauge.used() > options.maxmemory && ++turns < kKeys) loop.poll();
    CHECK(gauge.used() <= options.maxmemory);
    CHECK(databases.total_keys() < kKeys);
    CHECK(databases.total_keys() > 0);
  }
}

TEST_CASE_FIXTURE(Fixture, "a large collection is not taken down within one command") {
  fill();  // without deadlines, so the one key that has one is found at once
  add_set("large", kKeys);
  add_set("stays", 1000);  // else the helper thread takes down all collections as a whole
  databases[0].set_deadline(Key("large"), clock.now_ms() + 1000);
  options.maxmemory_policy = EvictionPolicy::kVolatileTtl;
  limit_to(1);
  CHECK(dispatcher.make_room());
  CHECK(databases.total_keys() == kKeys + 1);
  CHECK(databases.has_collections_to_dismantle());
}

TEST_CASE_FIXTURE(Fixture, "where no key may go, there is no room") {
  fill();
  options.maxmemory_policy = EvictionPolicy::kVolatileTtl;
  limit_to(1);
  CHECK_FALSE(dispatcher.make_room());
  CHECK(databases.total_keys() == kKeys);
  limit_to(0);
  CHECK(dispatcher.make_room());
}
