#include "server/app/defrag_driver.h"

#include <doctest/doctest.h>

#include <string>

using namespace tarn;

namespace {

constexpr int kKeys = 60'000;

std::string key_of(int n) { return "key:" + std::to_string(n); }

struct Fixture {
  Fixture() : databases(clock, 4) {
    options.active_defrag_ignore_bytes = 1;
    options.active_defrag_cycle_max = 90;
    driver.configure(options);
  }

  // Leaves one key in ten.
  void make_sparse(std::size_t database) {
    Keyspace& keyspace = databases[database];
    for (int n = 0; n < kKeys; ++n) {
      keyspace.set_string(Key(key_of(n)), "the value of " + key_of(n), Ttl::none());
    }
    for (int n = 0; n < kKeys; ++n) {
      if (n % 10 != 0) keyspace.erase(Key(key_of(n)));
    }
  }

  void check_keys(std::size_t database) {
    Keyspace& keyspace = databases[database];
    CHECK(keyspace.size() == kKeys / 10);
    for (int n = 0; n < kKeys; n += 10) {
      const Entry* entry = keyspace.peek(Key(key_of(n)));
      REQUIRE(entry != nullptr);
      REQUIRE(StringView(*entry).bytes() == "the value of " + key_of(n));
    }
  }

  // Until the driver has nothing more planned.
  void run() {
    io.run();
    io.restart();
  }

  double resident_over_used(std::size_t database) const {
    const SlabAllocator& slabs = databases[database].slabs();
    return static_cast<double>(slabs.bytes_resident()) / static_cast<double>(slabs.bytes_in_use());
  }

  FakeClock clock;
  asio::io_context io;
  Databases databases;
  LoadingState loading;
  LatencyMonitor latency;
  Options options;
  DefragDriver driver{io, databases, clock, loading, latency};
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "entries that deletes left sparse are moved together") {
  make_sparse(0);
  make_sparse(3);
  REQUIRE(resident_over_used(0) > 4);
  driver.plan();
  CHECK(driver.stats().running_percent == 90);
  run();
  CHECK(driver.stats().running_percent == 0);
  CHECK(resident_over_used(0) < 2);
  CHECK(resident_over_used(3) < 2);
  CHECK(driver.stats().keys_moved > kKeys / 10);
  CHECK(driver.stats().moved == driver.stats().keys_moved);
  check_keys(0);
  check_keys(3);

  driver.reset_stats();
  driver.plan();
  CHECK(io.poll() == 0);
  CHECK(driver.stats().keys_moved == 0);
}

TEST_CASE_FIXTURE(Fixture, "the time that memory is sparse is counted") {
  make_sparse(0);
  driver.plan();
  clock.advance_ms(1500);
  CHECK(driver.stats().sparse.exceeded_us(clock.monotonic_us()) == 1'500'000);
  run();
  clock.advance_ms(700);
  CHECK(driver.stats().sparse.exceeded_us(clock.monotonic_us()) == 0);
  CHECK(driver.stats().sparse.total_exceeded_us(clock.monotonic_us()) == 1'500'000);
}

TEST_CASE_FIXTURE(Fixture, "nothing moves while a child shares the memory") {
  make_sparse(0);
  bool& forked = databases.context().forked;
  forked = true;
  driver.plan();
  run();
  CHECK(driver.stats().keys_moved == 0);

  forked = false;
  driver.plan();
  forked = true;  // before its turn comes
  run();
  CHECK(driver.stats().keys_moved == 0);
  CHECK(driver.stats().running_percent == 0);

  forked = false;
  driver.plan();
  run();
  CHECK(driver.stats().keys_moved > 0);
  check_keys(0);
}

TEST_CASE_FIXTURE(Fixture, "nothing moves while a dataset is loaded") {
  make_sparse(0);
  loading.active = true;
  driver.plan();
  run();
  CHECK(driver.stats().keys_moved == 0);
}

TEST_CASE_FIXTURE(Fixture, "switching defragmentation off ends it") {
  make_sparse(0);
  driver.plan();
  options.activedefrag = false;
  driver.configure(options);
  run();
  CHECK(driver.stats().keys_moved == 0);
  CHECK(driver.stats().running_percent == 0);
  driver.plan();
  run();
  CHECK(driver.stats().keys_moved == 0);
}

TEST_CASE_FIXTURE(Fixture, "keys may come and go between the slices") {
  make_sparse(0);
  driver.plan();
  int turn = 0;
  while (io.run_one() > 0) {
    databases[0].set_string(Key("new:" + std::to_string(turn)), "a value", Ttl::none());
    databases[0].erase(Key("new:" + std::to_string(turn - 3)));
    if (turn == 0) databases.swap(0, 1);
    ++turn;
  }
  while (databases[0].size() > 0) databases[0].erase(Key(databases[0].random()->key()));
  CHECK(databases[1].size() >= kKeys / 10);
  CHECK(databases[1].contains(Key(key_of(0))));
}
