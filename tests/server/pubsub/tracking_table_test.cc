#include "server/pubsub/tracking_table.h"

#include <doctest/doctest.h>

#include <map>
#include <random>
#include <set>
#include <string>

using namespace tarn;

namespace {

using Ids = std::vector<std::uint64_t>;
constexpr auto kAllLive = [](std::uint64_t) { return true; };

}  // namespace

TEST_CASE("TrackingTable: who has read a key is told once") {
  TrackingTable table;
  table.remember("k", 7, kAllLive);
  table.remember("k", 3, kAllLive);
  table.remember("k", 7, kAllLive);
  table.remember("other", 3, kAllLive);
  CHECK(table.keys() == 2);
  CHECK(table.items() == 3);
  CHECK(table.take("k") == Ids{3, 7});
  CHECK(table.take("k").empty());
  CHECK(table.keys() == 1);
  CHECK(table.items() == 1);
  CHECK(table.random_key() == "other");
}

TEST_CASE("TrackingTable: a key read by ever new clients does not remember all of them") {
  TrackingTable table;
  for (std::uint64_t id = 1; id <= 10'000; ++id) {
    table.remember("k", id, [&](std::uint64_t other) { return other + 10 > id; });
  }
  CHECK(table.items() <= 40);
  CHECK(table.take("k").back() == 10'000);
  CHECK(table.items() == 0);
}

TEST_CASE("TrackingTable: against a model") {
  const std::uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  Rng rng(seed);
  TrackingTable table;
  std::map<std::string, std::set<std::uint64_t>> model;
  for (int step = 0; step < 20'000; ++step) {
    const std::string key = "key:" + std::to_string(rng.below(500));
    if (rng.below(4) != 0) {
      const std::uint64_t id = 1 + rng.below(20);
      table.remember(key, id, kAllLive);
      model[key].insert(id);
    } else {
      const Ids expected(model[key].begin(), model[key].end());
      model.erase(key);
      REQUIRE(table.take(key) == expected);
    }
    REQUIRE(table.keys() == model.size());
  }
  std::size_t items = 0;
  for (const auto& [key, ids] : model) items += ids.size();
  CHECK(table.items() == items);
}
