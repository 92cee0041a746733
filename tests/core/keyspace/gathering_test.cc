// Elements of large collections are moved out of sparse slabs.

#include <doctest/doctest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/keyspace/collection_edit.h"
#include "core/keyspace/databases.h"
#include "core/types/large_hash.h"
#include "core/types/large_set.h"
#include "core/types/large_sorted_set.h"
#include "core/types/set.h"

using namespace tarn;

namespace {

constexpr int kElements = 60'000;
constexpr std::int64_t kFarMs = 4'000'000'000'000;

bool stays(int n) { return n % 10 == 0; }
std::string name_of(int n) { return "element:" + std::to_string(n); }

// Marks all that is sparse and has the collection moved away from it, in small steps. Returns what
// it looked at.
Gathered gather_all(Collection& collection, ObjectHeap& heap) {
  Gathered all;
  while (heap.slabs().mark_sparse(10)) {
  }
  std::uint64_t cursor = 0;
  do {
    Gathered step;
    cursor = collection.gather(cursor, 16, step);
    CHECK(step.moved + step.left <= 16 + 64);
    all.moved += step.moved;
    all.left += step.left;
  } while (cursor != 0);
  while (heap.slabs().unmark(10)) {
  }
  return all;
}

std::size_t resident(ObjectHeap& heap) {
  heap.slabs().trim();
  return heap.slabs().bytes_resident();
}

template <class Any>
void take_down(Any& collection) {
  while (collection.dismantle(1000)) {
  }
}

}  // namespace

TEST_CASE("fields of a hash are gathered, with their deadlines") {
  ObjectHeap heap;
  LargeHash hash(heap);
  for (int n = 0; n < kElements; ++n) {
    hash.set(LargeHash::Name(name_of(n)), "value " + std::to_string(n),
             n % 3 == 0 ? kFarMs + n : kNoDeadline);
  }
  const std::string large(5000, 'v');  // not in slabs
  hash.set(LargeHash::Name("large"), large, kNoDeadline);
  for (int n = 0; n < kElements; ++n) {
    if (!stays(n)) hash.erase(LargeHash::Name(name_of(n)));
  }
  const std::size_t bytes = hash.memory_bytes();
  const std::size_t before = resident(heap);
  const Gathered gathered = gather_all(hash, heap);
  CHECK(gathered.moved > kElements / 20);
  CHECK(resident(heap) < before / 3);
  CHECK(hash.memory_bytes() == bytes);
  hash.check();
  CHECK(hash.size() == kElements / 10 + 1);
  for (int n = 0; n < kElements; n += 10) {
    const HashField* field = hash.find(LargeHash::Name(name_of(n)));
    REQUIRE(field != nullptr);
    REQUIRE(field->value() == "value " + std::to_string(n));
    REQUIRE(field->deadline_ms() == (n % 3 == 0 ? kFarMs + n : kNoDeadline));
  }
  CHECK(hash.find(LargeHash::Name("large"))->value() == large);
  take_down(hash);
  CHECK(heap.slabs().bytes_in_use() == 0);
}

TEST_CASE("members of a set are gathered; those that are numbers have no memory to move") {
  ObjectHeap heap;
  LargeSet set(heap);
  for (int n = 0; n < kElements; ++n) set.add(SetMember(name_of(n)));
  for (int n = 0; n < 1000; ++n) set.add(SetMember(std::int64_t{n}));
  for (int n = 0; n < kElements; ++n) {
    if (!stays(n)) set.remove(SetMember(name_of(n)));
  }
  const std::size_t before = resident(heap);
  const Gathered gathered = gather_all(set, heap);
  CHECK(gathered.moved > kElements / 20);
  CHECK(gathered.moved <= kElements / 10);
  CHECK(gathered.left >= 1000);
  CHECK(resident(heap) < before / 3);
  CHECK(set.size() == kElements / 10 + 1000);
  for (int n = 0; n < kElements; n += 10) REQUIRE(set.contains(SetMember(name_of(n))));
  for (int n = 0; n < 1000; ++n) REQUIRE(set.contains(SetMember(std::int64_t{n})));
  take_down(set);
  CHECK(heap.slabs().bytes_in_use() == 0);
}

TEST_CASE("members of a sorted set are gathered, and their order stays") {
  ObjectHeap heap;
  LargeSortedSet set(heap);
  // Many scores tie, so that the members' bytes decide.
  for (int n = 0; n < kElements; ++n) {
    set.insert(LargeSortedSet::Sought(SetMember(name_of(n))), n % 100);
  }
  std::set<std::pair<double, std::string>> expected;
  for (int n = 0; n < kElements; ++n) {
    if (stays(n)) {
      expected.emplace(n % 100, name_of(n));
    } else {
      set.erase(LargeSortedSet::Sought(SetMember(name_of(n))));
    }
  }
  CHECK(gather_all(set, heap).moved > kElements / 20);
  ObjectHeap fresh;
  LargeSortedSet same(fresh);
  for (const auto& [score, member] : expected) {
    same.insert(LargeSortedSet::Sought(SetMember(member)), score);
  }
  CHECK(resident(heap) < resident(fresh) * 3 / 2);
  take_down(same);
  set.check();
  REQUIRE(set.size() == expected.size());
  auto position = set.order().begin();
  for (const auto& [score, member] : expected) {
    SetMember::Scratch scratch;
    REQUIRE(position->score() == score);
    REQUIRE(position->member().text(scratch) == member);
    position.next();
  }
  take_down(set);
  CHECK(heap.slabs().bytes_in_use() == 0);
}

namespace {

struct Fixture {
  FakeClock clock;
  Databases databases{clock, 3};

  void add(unsigned db, const std::string& key, int count) {
    CollectionEdit edit(databases[db], Key(key), Type::kSet);
    Set set(edit, {});
    for (int n = 0; n < count; ++n) set.add(SetMember(name_of(n)));
    edit.commit(static_cast<std::size_t>(count));
  }
  void thin_out(unsigned db, const std::string& key, int count) {
    CollectionEdit edit(databases[db], Key(key), Type::kSet);
    Set set(edit, {});
    for (int n = 0; n < count; ++n) {
      if (!stays(n)) set.remove(SetMember(name_of(n)));
    }
    edit.commit(static_cast<std::size_t>(count));
  }
  std::size_t members(unsigned db, const std::string& key, int count) {
    const Entry* entry = databases[db].peek(Key(key));
    REQUIRE(entry != nullptr);
    const SetView set(entry->collection_view());
    std::size_t found = 0;
    for (int n = 0; n < count; ++n) found += set.contains(SetMember(name_of(n)));
    return found;
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "the collections of all databases are gathered") {
  CHECK_FALSE(databases.gather_step(10).more);
  for (unsigned db = 0; db < 3; ++db) {
    add(db, "large", 20'000);
    add(db, "small", 1000);
  }
  CHECK_FALSE(databases.gather_step(10).more);
  for (unsigned db = 0; db < 3; ++db) thin_out(db, "large", 20'000);
  const std::size_t before = databases.collection_heap().slabs().bytes_resident();
  REQUIRE(databases.slab_usage().sparse > before / 3);
  std::size_t touched = 0;
  for (bool more = true; more;) {
    const auto step = databases.gather_step(50);
    touched += step.collections_moved + step.collections_left;
    more = step.more;
  }
  CHECK(touched > 0);
  CHECK(databases.collection_heap().slabs().bytes_resident() < before / 2);
  CHECK_FALSE(databases.gather_step(50).more);
  for (unsigned db = 0; db < 3; ++db) {
    CHECK(members(db, "large", 20'000) == 2000);
    CHECK(members(db, "small", 1000) == 1000);
  }
}

TEST_CASE_FIXTURE(Fixture, "what becomes sparse during a gathering is gathered next") {
  add(0, "first", 20'000);
  add(0, "second", 60'000);
  thin_out(0, "first", 20'000);
  const std::size_t full = databases.collection_heap().slabs().bytes_resident();
  REQUIRE(databases.gather_step(50).more);
  thin_out(0, "second", 60'000);
  while (databases.gather_step(50).more) {
  }
  CHECK(databases.collection_heap().slabs().bytes_resident() < full / 3);
  CHECK(members(0, "first", 20'000) == 2000);
  CHECK(members(0, "second", 60'000) == 6000);
}

TEST_CASE_FIXTURE(Fixture, "collections may change, move and go between the steps of a gathering") {
  for (int key = 0; key < 20; ++key) add(0, std::to_string(key), 4000);
  for (int key = 0; key < 20; ++key) thin_out(0, std::to_string(key), 4000);
  REQUIRE(databases.gather_step(50).more);
  int turn = 0;
  for (bool more = true; more; ++turn) {
    more = databases.gather_step(50).more;
    const std::string key = std::to_string(turn % 17);
    if (turn % 5 == 0) databases[0].erase(Key(key));
    if (turn % 5 == 1) add(0, "new:" + key, 600);
    if (turn % 5 == 2 && databases[0].contains(Key(key))) {
      databases[1].put_moved(Key("moved:" + key), databases[0], Key(key));
    }
    if (turn % 5 == 3) add(0, key, 300);
    if (turn == 40) databases.swap(0, 2);
    if (turn == 60) databases.flush(0);
  }
  CHECK(turn > 60);
  const unsigned db = 2;
  for (int key = 17; key < 20; ++key) CHECK(members(db, std::to_string(key), 4000) == 400);
  databases.flush_all();
  while (databases.dismantle_step(1000)) {
  }
  CHECK_FALSE(databases.gather_step(50).more);
}
