#include "core/containers/hash_table.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <random>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace tarn {
namespace {

// An element brings its hash along, so that a test can crowd what a good hash would spread.
struct Item {
  std::uint64_t hash;
  std::uint64_t key;
};

struct ItemTraits {
  using Element = Item;
  static std::uint64_t hash(const Item& item) { return item.hash; }
};

using WideTable = HashTable<ItemTraits, 8>;
using NarrowTable = HashTable<ItemTraits, 0>;
using Rng = std::mt19937_64;

std::uint64_t spread(std::uint64_t key) {
  std::uint64_t x = key + 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return (x ^ (x >> 31)) & kHashMask;
}

// Few homes: buckets overflow to their neighbours and the stash long before a segment is full.
std::uint64_t few_homes(std::uint64_t key) { return spread(key) & ~std::uint64_t{0xefff}; }

// The first ten bits are equal: one root, and splits that separate nothing.
std::uint64_t one_corner(std::uint64_t key) { return (spread(key) >> 10) | std::uint64_t{3} << 38; }

using HashFunction = std::uint64_t (*)(std::uint64_t);

auto is_key(std::uint64_t key) {
  return [key](const Item& item) { return item.key == key; };
}

// A table together with the owner of its items.
template <class Table>
class Population {
 public:
  explicit Population(HashFunction function = spread) : hash_(function) {}

  Item* add(std::uint64_t key) {
    auto item = std::make_unique<Item>(Item{hash_(key), key});
    Item* raw = item.get();
    table.insert(raw->hash, raw);
    items[key] = std::move(item);
    return raw;
  }
  void add_range(std::uint64_t first, std::uint64_t last) {
    for (std::uint64_t key = first; key < last; ++key) add(key);
  }
  void remove(std::uint64_t key) {
    Item* removed = table.erase(hash_(key), is_key(key));
    REQUIRE(removed == items.at(key).get());
    items.erase(key);
  }
  void remove_range(std::uint64_t first, std::uint64_t last) {
    for (std::uint64_t key = first; key < last; ++key) remove(key);
  }
  Item* find(std::uint64_t key) const { return table.find(hash_(key), is_key(key)); }
  std::uint64_t hash(std::uint64_t key) const { return hash_(key); }

  // Holds exactly what it should.
  void verify() const {
    table.check();
    REQUIRE(table.size() == items.size());
    for (const auto& [key, item] : items) REQUIRE(find(key) == item.get());
  }

  Table table;
  std::unordered_map<std::uint64_t, std::unique_ptr<Item>> items;

 private:
  HashFunction hash_;
};

std::uint64_t fresh_seed() { return std::random_device{}(); }

// ---- One element -------------------------------------------------------------------------------

TEST_CASE_TEMPLATE("an empty table finds nothing and costs nothing", Table, WideTable,
                   NarrowTable) {
  Table table;
  CHECK(table.empty());
  CHECK(table.memory_bytes() == sizeof(Table));
  CHECK(table.find(42, is_key(1)) == nullptr);
  CHECK(table.erase(42, is_key(1)) == nullptr);
  CHECK_FALSE(table.find_slot(42, is_key(1)));
  CHECK(table.find_slot(42, is_key(1)).get() == nullptr);
  CHECK(table.scan(0, [](Item*) { FAIL("nothing to see"); }) == 0);
  Rng rng(1);
  CHECK(table.random(rng) == nullptr);
  CHECK_FALSE(table.clear_step(10, [](Item*) { FAIL("nothing to clear"); }));
  table.check();
}

TEST_CASE("a small table is a few buckets, then one segment") {
  constexpr std::size_t kSegment = HashSegment::kBytes + sizeof(void*);
  Population<NarrowTable> people;
  const auto held = [&people] { return people.table.memory_bytes() - sizeof(NarrowTable); };
  std::uint64_t size = 0;
  const auto grow_to = [&](std::uint64_t wanted) {
    people.add_range(size, wanted);
    size = wanted;
  };
  const auto shrink_to = [&](std::uint64_t wanted) {
    people.remove_range(wanted, size);
    size = wanted;
  };
  struct Step {
    std::uint64_t size;
    std::size_t bytes;
  };
  for (const Step step :
       {Step{1, 64}, Step{9, 64}, Step{10, 128}, Step{19, 256}, Step{37, 512}, Step{73, 1024},
        Step{144, 1024}, Step{145, kSegment}, Step{200, kSegment}}) {
    CAPTURE(step.size);
    grow_to(step.size);
    CHECK(held() == step.bytes);
    people.verify();
  }
  for (const Step step :
       {Step{65, kSegment}, Step{64, 512}, Step{18, 256}, Step{9, 128}, Step{4, 64}, Step{0, 0}}) {
    CAPTURE(step.size);
    shrink_to(step.size);
    CHECK(held() == step.bytes);
    people.verify();
  }
}

TEST_CASE("a scan goes on where it was when the table became a run") {
  Population<NarrowTable> people;
  people.add_range(0, 3000);
  std::unordered_map<std::uint64_t, int> seen;
  std::uint64_t cursor = 0;
  while (seen.size() < 1500) {
    cursor = people.table.scan(cursor, [&](Item* item) { ++seen[item->key]; });
  }
  people.remove_range(40, 3000);
  REQUIRE(people.table.stats().segments == 0);
  std::size_t steps = 0;
  for (; cursor != 0; ++steps) {
    cursor = people.table.scan(cursor, [&](Item* item) { ++seen[item->key]; });
  }
  CHECK(steps == 1);
  std::size_t again = 0;
  for (std::uint64_t key = 0; key < 40; ++key) {
    REQUIRE(seen[key] >= 1);
    again += seen[key] > 1;
  }
  CHECK(again < 40);
}

TEST_CASE("a scan that begins in a run returns all that it has") {
  for (const std::uint64_t size : {1U, 9U, 100U, 144U}) {
    Population<NarrowTable> people;
    people.add_range(0, size);
    std::unordered_set<Item*> seen;
    CHECK(people.table.scan(0, [&](Item* item) { seen.insert(item); }) == 0);
    CHECK(seen.size() == size);
  }
}

TEST_CASE_TEMPLATE("any sequence of operations matches the model", Table, WideTable, NarrowTable) {
  const std::uint64_t seed = fresh_seed();
  CAPTURE(seed);
  Rng rng(seed);
  for (const HashFunction hash : {spread, few_homes, one_corner}) {
    for (const std::uint64_t keys : {20U, 600U, 5000U}) {
      CAPTURE(keys);
      Population<Table> people(hash);
      for (std::uint64_t step = 0; step < 4 * keys + 200; ++step) {
        const std::uint64_t key = rng() % keys;
        const auto known = people.items.find(key);
        Item* expected = known == people.items.end() ? nullptr : known->second.get();
        REQUIRE(people.find(key) == expected);
        // Tides: mostly inserts, then mostly erases.
        const bool rising = (step / keys) % 2 == 0;
        if (expected == nullptr) {
          if (rising || rng() % 4 == 0) people.add(key);
        } else if (!rising || rng() % 4 == 0) {
          people.remove(key);
        }
        if (step % 1000 == 0) people.table.check();
      }
      people.verify();
    }
  }
}

TEST_CASE("a slot is rewritten in place, and erased without another lookup") {
  Population<WideTable> people;
  people.add_range(0, 3000);
  for (std::uint64_t key = 0; key < 3000; key += 3) {
    auto slot = people.table.find_slot(people.hash(key), is_key(key));
    REQUIRE(slot.get() == people.items[key].get());
    auto heir = std::make_unique<Item>(*slot.get());
    slot.replace(heir.get());
    people.items[key] = std::move(heir);
  }
  people.verify();
  for (std::uint64_t key = 0; key < 3000; key += 3) {
    auto slot = people.table.find_slot(people.hash(key), is_key(key));
    REQUIRE(people.table.erase(slot) == people.items[key].get());
    people.items.erase(key);
  }
  people.verify();
}

TEST_CASE("replace and erase by identity do not follow the old reference") {
  Population<WideTable> people;
  people.add_range(0, 2000);
  for (std::uint64_t key = 0; key < 2000; ++key) {
    auto moved = std::make_unique<Item>(*people.items[key]);
    const Item* old_ref = people.items[key].get();
    people.items[key].reset();
    REQUIRE(people.table.replace(people.hash(key), old_ref, moved.get()));
    REQUIRE_FALSE(people.table.erase_ref(people.hash(key), old_ref));
    people.items[key] = std::move(moved);
  }
  people.verify();
  for (std::uint64_t key = 0; key < 2000; ++key) {
    REQUIRE(people.table.erase_ref(people.hash(key), people.items[key].get()));
  }
  CHECK(people.table.empty());
}

TEST_CASE("find or insert walks the table once, by a hint") {
  Population<NarrowTable> people;
  Rng rng(5);
  for (int step = 0; step < 5000; ++step) {
    const std::uint64_t key = rng() % 2000;
    const auto hint = people.table.locate(people.hash(key));
    const auto slot = people.table.find_slot(people.hash(key), is_key(key), hint);
    REQUIRE(static_cast<bool>(slot) == people.items.contains(key));
    if (slot) continue;
    people.items[key] = std::make_unique<Item>(Item{people.hash(key), key});
    people.table.insert(people.hash(key), people.items[key].get(), hint);
  }
  people.verify();
}

// ---- Growing and shrinking ---------------------------------------------------------------------

TEST_CASE_TEMPLATE("it grows by segments and gives them back", Table, WideTable, NarrowTable) {
  constexpr std::size_t kItems = 300'000;
  std::vector<Item> items(kItems);
  for (std::size_t i = 0; i < kItems; ++i) items[i] = {spread(i), i};
  Table table;
  std::size_t most_bytes = 0;
  for (Item& item : items) {
    table.insert(item.hash, &item);
    if (table.size() > kItems / 2)
      most_bytes = std::max(most_bytes, table.memory_bytes() / table.size());
  }
  CHECK(most_bytes <= 15);
  table.check();
  std::size_t erased = 0;
  for (std::size_t i = 0; i < kItems; ++i) {
    erased += table.erase_ref(items[i].hash, &items[i]);
    if (i == kItems * 9 / 10)
      CHECK(table.memory_bytes() <= 24 * table.size() + HashSegment::kBytes * 256);
    if (i % 50'000 == 0) table.check();
  }
  CHECK(erased == kItems);
  CHECK(table.empty());
  CHECK(table.memory_bytes() == sizeof(Table));
  CHECK(table.stats().merges > 100);
}

TEST_CASE_TEMPLATE("a table of the expected size does not split on the way there", Table, WideTable,
                   NarrowTable) {
  constexpr std::size_t kItems = 300'000;
  std::vector<Item> items(kItems);
  for (std::size_t i = 0; i < kItems; ++i) items[i] = {spread(i), i};
  for (const std::size_t expected : {kItems, kItems / 10, kItems * 3, std::size_t{1}}) {
    Table table;
    table.expect(expected);
    for (Item& item : items) table.insert(item.hash, &item);
    table.check();
    if (expected == kItems) {
      CHECK(table.stats().splits < table.stats().segments / 10);
      CHECK(table.memory_bytes() / table.size() <= 15);
    }
    table.expect(0);
    for (const Item& item : items) REQUIRE(table.find(item.hash, is_key(item.key)) == &item);
    for (Item& item : items) REQUIRE(table.erase_ref(item.hash, &item));
    CHECK(table.memory_bytes() == sizeof(Table));
  }
}

TEST_CASE("what is told of the buckets adds up") {
  for (const std::uint64_t elements : {0U, 7U, 100U, 145U, 5000U}) {
    CAPTURE(elements);
    Population<NarrowTable> people;
    people.add_range(0, elements);
    const HashTableStats stats = people.table.stats();
    CHECK(stats.elements == elements);
    CHECK(stats.memory_bytes == people.table.memory_bytes());
    std::size_t seen = 0;
    std::size_t buckets = 0;
    for (std::size_t fill = 0; fill < stats.buckets_by_fill.size(); ++fill) {
      seen += fill * stats.buckets_by_fill[fill];
      buckets += stats.buckets_by_fill[fill];
    }
    CHECK(seen == elements);
    CHECK(buckets * sizeof(HashBucket) <= stats.memory_bytes);
  }
}

TEST_CASE("a split that separates nothing is followed by another") {
  Population<NarrowTable> people(one_corner);
  people.add_range(0, 2000);
  people.verify();
  const auto stats = people.table.stats();
  CHECK(stats.directory_entries >= 2048);
  CHECK(stats.segments <= 8);
  people.remove_range(0, 1990);
  people.verify();
  CHECK(people.table.stats().directory_entries == 0);
  CHECK(people.table.memory_bytes() < sizeof(NarrowTable) + 1024);
}

TEST_CASE("more elements of one home in the stash than can be counted are still found") {
  // One home, as many as the home, the next and the stash hold, each with its own upper bits.
  constexpr std::uint64_t kCrowd = HashSegment::kMaxOfHome - 1;
  Population<WideTable> people([](std::uint64_t key) { return key << 20; });
  people.add_range(0, kCrowd);
  CHECK(people.table.stats().segments == 1);
  CHECK(people.table.stats().stash_elements == kCrowd - 2 * HashBucket::kSlots);
  people.verify();
  for (std::uint64_t key = 0; key < kCrowd; key += 2) people.remove(key);
  people.verify();
  for (std::uint64_t key = 1; key < kCrowd; key += 2) people.remove(key);
  people.verify();
}

TEST_CASE("tags compare alike with and without vector instructions") {
  Rng rng(11);
  HashSegment* segment = HashSegment::create(0);
  HashBucket& bucket = *segment->bucket(7);
  for (int round = 0; round < 1000; ++round) {
    for (unsigned slot = 0; slot < HashBucket::kSlots; ++slot) {
      bucket.set(slot, static_cast<std::uint8_t>(rng() % 4), reinterpret_cast<void*>(rng() >> 16));
    }
    for (std::uint8_t tag = 0; tag < 4; ++tag) {
      REQUIRE(bucket.match(tag) == bucket.match_portable(tag));
    }
  }
  HashSegment::destroy(segment);
}

// ---- Hints -------------------------------------------------------------------------------------

template <class Table>
void find_all_by(const Population<Table>& people,
                 std::unordered_map<std::uint64_t, typename Table::Hint> hints) {
  for (auto& [key, hint] : hints) {
    const auto known = people.items.find(key);
    Item* expected = known == people.items.end() ? nullptr : known->second.get();
    REQUIRE(people.table.find(people.hash(key), is_key(key), hint) == expected);
    people.table.prefetch_directory(people.hash(key));
    people.table.prefetch_element(people.hash(key), hint);
    REQUIRE(people.table.find(people.hash(key), is_key(key), hint) == expected);
  }
}

TEST_CASE_TEMPLATE("a stale hint is as good as none", Table, WideTable, NarrowTable) {
  Population<Table> people;
  std::unordered_map<std::uint64_t, typename Table::Hint> hints;
  const auto take_hints = [&] {
    for (std::uint64_t key = 0; key < 1000; ++key)
      hints[key] = people.table.locate(people.hash(key));
  };
  find_all_by(people, {{1, {}}, {2, {}}});
  take_hints();  // of an empty table
  people.add_range(0, 1000);
  find_all_by(people, hints);

  take_hints();
  people.add_range(1000, 20'000);  // splits
  find_all_by(people, hints);

  take_hints();
  people.remove_range(500, 20'000);  // merges
  find_all_by(people, hints);

  take_hints();
  Population<Table> others;
  others.add_range(300, 800);
  people.table.swap(others.table);
  people.items.swap(others.items);
  find_all_by(people, hints);

  take_hints();
  people.table.clear();
  people.items.clear();
  find_all_by(people, hints);
}

// ---- All elements ------------------------------------------------------------------------------

TEST_CASE_TEMPLATE("for_each and an undisturbed scan visit each element once", Table, WideTable,
                   NarrowTable) {
  for (const HashFunction hash : {spread, few_homes, one_corner}) {
    Population<Table> people(hash);
    people.add_range(0, 4000);
    std::unordered_set<Item*> visited;
    people.table.for_each([&](Item* item) { REQUIRE(visited.insert(item).second); });
    CHECK(visited.size() == 4000);
    visited.clear();
    std::uint64_t cursor = 0;
    do {
      REQUIRE(cursor < std::uint64_t{1} << 55);
      cursor = people.table.scan(cursor, [&](Item* item) { REQUIRE(visited.insert(item).second); });
    } while (cursor != 0);
    CHECK(visited.size() == 4000);
  }
}

TEST_CASE_TEMPLATE("for_some visits what for_each does, in its order and in bits of any size",
                   Table, WideTable, NarrowTable) {
  for (const HashFunction hash : {spread, few_homes, one_corner}) {
    for (const std::uint64_t elements : {0u, 1u, 100u, 145u, 4000u}) {
      for (const unsigned at_once : {1u, 64u, 10'000u}) {
        Population<Table> people(hash);
        people.add_range(0, elements);
        std::vector<Item*> expected;
        people.table.for_each([&](Item* item) { expected.push_back(item); });
        REQUIRE(expected.size() == elements);
        std::vector<Item*> visited;
        typename Table::Progress progress;
        bool more = true;
        while (more) {
          const std::size_t before = visited.size();
          more = people.table.for_some(progress, [&](Item* item) {
            visited.push_back(item);
            return visited.size() - before < at_once;
          });
          REQUIRE(visited.size() - before <= at_once);
          REQUIRE((elements == 0 || visited.size() > before));
        }
        CHECK(visited == expected);
      }
    }
  }
}

TEST_CASE_TEMPLATE("a child that lets go of the table sees all of it, and the parent's stays",
                   Table, WideTable, NarrowTable) {
  for (const std::size_t count : {std::size_t{5}, std::size_t{4000}}) {
    Population<Table> people(spread);
    people.add_range(0, count);
    const pid_t child = ::fork();
    if (child == 0) {
      std::unordered_set<Item*> visited;
      people.table.for_each_at_last([&](Item* item) { visited.insert(item); });
      ::_exit(visited.size() == count ? 0 : 1);
    }
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    std::unordered_set<Item*> visited;
    people.table.for_each([&](Item* item) { visited.insert(item); });
    CHECK(visited.size() == count);
  }
}

TEST_CASE_TEMPLATE("a scan returns all that stays, whatever comes and goes", Table, WideTable,
                   NarrowTable) {
  const std::uint64_t seed = fresh_seed();
  CAPTURE(seed);
  Rng rng(seed);
  std::uint64_t splits = 0;
  std::uint64_t merges = 0;
  for (const HashFunction hash : {spread, few_homes, one_corner}) {
    constexpr std::uint64_t kResidents = 500;
    Population<Table> people(hash);
    people.add_range(0, kResidents);
    std::uint64_t tide = kResidents;  // visitors are kResidents .. tide - 1
    bool rising = true;
    for (int round = 0; round < 4; ++round) {
      std::unordered_set<std::uint64_t> seen;
      std::uint64_t cursor = 0;
      for (int step = 0; step == 0 || cursor != 0; ++step) {
        cursor = people.table.scan(cursor, [&](Item* item) { seen.insert(item->key); });
        if (step < 2000 && rng() % 8 == 0) {
          const std::uint64_t count = rng() % 400;
          if (rising) {
            people.add_range(tide, tide + count);
            tide += count;
          } else {
            const std::uint64_t low = std::max(kResidents, tide - std::min(tide, count));
            people.remove_range(low, tide);
            tide = low;
          }
          if (tide == kResidents || tide > 4000) rising = tide == kResidents;
        }
      }
      for (std::uint64_t key = 0; key < kResidents; ++key) REQUIRE(seen.contains(key));
      people.table.check();
    }
    splits += people.table.stats().splits;
    merges += people.table.stats().merges;
  }
  CHECK(splits > 20);
  CHECK(merges > 20);
}

TEST_CASE_TEMPLATE("a scan may erase what it is given", Table, WideTable, NarrowTable) {
  Population<Table> people;
  people.add_range(0, 5000);
  std::uint64_t cursor = 0;
  do {
    cursor = people.table.scan(cursor, [&](Item* item) { people.remove(item->key); });
  } while (cursor != 0);
  CHECK(people.table.empty());
  people.table.check();
}

TEST_CASE_TEMPLATE("any cursor is safe and comes to an end", Table, WideTable, NarrowTable) {
  const std::uint64_t seed = fresh_seed();
  CAPTURE(seed);
  Rng rng(seed);
  Population<Table> people;
  people.add_range(0, 1500);
  std::vector<std::uint64_t> cursors = {1,
                                        63,
                                        64,
                                        127,
                                        (1ULL << 55) - 1,
                                        1ULL << 55,
                                        1ULL << 54,
                                        1ULL << 63,
                                        std::numeric_limits<std::uint64_t>::max()};
  for (int i = 0; i < 30; ++i) cursors.push_back(rng() >> (rng() % 64));
  for (std::uint64_t cursor : cursors) {
    CAPTURE(cursor);
    std::size_t steps = 0;
    do {
      cursor = people.table.scan(cursor, [](Item*) {});
    } while (cursor != 0 && ++steps < 100'000);
    REQUIRE(cursor == 0);
  }
}

// Pearson's statistic over draws of all items, in standard deviations from its mean.
template <class Table>
double unfairness(const Population<Table>& people, Rng& rng) {
  constexpr std::size_t kDrawsEach = 20;
  std::unordered_map<const Item*, double> drawn;
  for (const auto& [key, item] : people.items) drawn[item.get()] = 0;
  for (std::size_t i = 0; i < kDrawsEach * people.items.size(); ++i) {
    const Item* item = people.table.random(rng);
    REQUIRE(drawn.contains(item));
    ++drawn[item];
  }
  double chi_square = 0;
  for (const auto& [item, times] : drawn) {
    chi_square += (times - kDrawsEach) * (times - kDrawsEach) / kDrawsEach;
  }
  const auto freedom = static_cast<double>(people.items.size() - 1);
  return std::abs(chi_square - freedom) / std::sqrt(2 * freedom);
}

TEST_CASE_TEMPLATE("random is uniform over elements", Table, WideTable, NarrowTable) {
  const std::uint64_t seed = fresh_seed();
  CAPTURE(seed);
  Rng rng(seed);
  for (const std::uint64_t size : {3U, 100U, 700U, 9000U}) {
    CAPTURE(size);
    Population<Table> people;
    people.add_range(0, size);
    CHECK(unfairness(people, rng) < 7);
  }
  // Unlike densities: an eighth of the hash space holds most, and a part has been emptied.
  Population<Table> people([](std::uint64_t key) {
    return key % 5 == 0 ? spread(key) : (spread(key) >> 3) | std::uint64_t{5} << 45;
  });
  people.add_range(0, 9000);
  for (std::uint64_t key = 0; key < 9000; ++key) {
    if (people.hash(key) >> 44 == 11) people.remove(key);
  }
  CHECK(unfairness(people, rng) < 7);
}

// ---- As a whole --------------------------------------------------------------------------------

TEST_CASE_TEMPLATE("clear_step empties in slices, and the table works meanwhile", Table, WideTable,
                   NarrowTable) {
  Population<Table> people;
  people.add_range(0, 20'000);
  std::uint64_t added = 20'000;
  for (bool more = true; more;) {
    std::size_t handed = 0;
    more = people.table.clear_step(100, [&](Item* item) {
      ++handed;
      REQUIRE(people.items.erase(item->key) == 1);
    });
    REQUIRE(handed >= std::min<std::size_t>(100, handed + people.table.size()));
    REQUIRE(handed < 100 + HashSegment::kCapacity);
    REQUIRE(people.table.size() == people.items.size());
    if (more && added < 20'300) people.add(added++);  // perhaps where it has been emptied
    if (people.items.size() % 8 == 0) people.verify();
  }
  CHECK(people.items.empty());
  CHECK(people.table.memory_bytes() == sizeof(Table));
  people.add_range(0, 3000);
  people.verify();
}

TEST_CASE("erases and merges after a half-done clear leave nothing behind") {
  Population<NarrowTable> people;
  people.add_range(0, 20'000);
  people.table.clear_step(10'000, [&](Item* item) { people.items.erase(item->key); });
  people.verify();
  while (people.items.size() > 50) people.remove(people.items.begin()->first);
  people.verify();
  people.add_range(30'000, 31'000);
  while (people.table.clear_step(1, [&](Item* item) { people.items.erase(item->key); })) {
    people.table.check();
  }
  CHECK(people.table.memory_bytes() == sizeof(NarrowTable));
}

TEST_CASE("moving and swapping carry the elements over") {
  Population<WideTable> people;
  people.add_range(0, 3000);
  WideTable moved(std::move(people.table));
  CHECK(people.table.empty());
  CHECK(moved.size() == 3000);
  people.table.check();
  people.table = std::move(moved);
  people.verify();
  WideTable other;
  Item lone{7, 7};
  other.insert(7, &lone);
  other.swap(people.table);
  CHECK(people.table.size() == 1);
  other = std::move(people.table);
  CHECK(other.find(7, is_key(7)) == &lone);
}

TEST_CASE("the statistics add up") {
  Population<NarrowTable> people;
  people.add_range(0, 10'000);
  const auto stats = people.table.stats();
  std::size_t segments = 0;
  for (const std::size_t count : stats.segments_by_fill) segments += count;
  CHECK(segments == stats.segments);
  CHECK(stats.splits == stats.segments - 1);
  CHECK(stats.directories == 1);
  CHECK(people.table.memory_bytes() == sizeof(NarrowTable) + stats.segments * HashSegment::kBytes +
                                           stats.directory_entries * sizeof(void*));
  CHECK(stats.neighbour_elements + stats.stash_elements < 2000);
}

}  // namespace
}  // namespace tarn
