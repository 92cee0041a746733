#include "server/metrics/memory_meter.h"

#include <doctest/doctest.h>

#include "core/base/clock.h"

namespace tarn {
namespace {

struct Server {
  FakeClock clock;
  Databases databases{clock, 2};
  ClientRegistry clients;
  MemoryMeter meter{databases, clients};
};

}  // namespace

TEST_CASE("MemoryMeter: entries, tables and large values are counted") {
  Server server;
  server.meter.sample();  // the first question takes memory of the allocator's own
  server.meter.mark_startup();
  const MemoryReport before = server.meter.report();
  for (int i = 0; i < 1000; ++i) {
    server.databases[0].set_string(Key("key" + std::to_string(i)), "some value", Ttl::none());
  }
  server.databases[1].set_string(Key("large"), std::string(1 << 20, 'x'), Ttl::none());
  const MemoryReport after = server.meter.report();
  CHECK(after.entries - before.entries >= 1000 * 16);
  CHECK(after.slab_resident >= after.entries);
  CHECK(after.tables > before.tables);
  CHECK(after.blobs - before.blobs >= 1 << 20);
  CHECK(after.used >= before.used + 1000 * 16);
  CHECK(after.dataset + after.overhead == after.used);
  CHECK(after.startup == before.used);
  CHECK(after.rss > 0);
  CHECK(after.system_total > after.rss);
}

TEST_CASE("MemoryMeter: the peak stays") {
  Server server;
  for (int i = 0; i < 1000; ++i) {
    server.databases[0].set_string(Key(std::to_string(i)), std::string(100, 'x'), Ttl::none());
  }
  server.meter.sample();
  const std::size_t peak = server.meter.report().peak;
  for (int i = 0; i < 1000; ++i) server.databases[0].erase(Key(std::to_string(i)));
  const MemoryReport after = server.meter.report();
  CHECK(after.peak >= peak);
  CHECK(after.used < after.peak);
}

TEST_CASE("MemoryMeter: slab classes of all databases together") {
  Server server;
  server.databases[0].set_string(Key("a"), "value", Ttl::none());
  server.databases[1].set_string(Key("b"), "value", Ttl::none());
  const auto rows = server.meter.slab_classes();
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].live_objects == 2);
  CHECK(rows[0].slabs == 2);
}

TEST_CASE("MemoryReport: ratios of nothing") {
  CHECK(MemoryReport::ratio(5, 0) == 0);
  CHECK(MemoryReport().peak_percent() == 0);
}

}  // namespace tarn
