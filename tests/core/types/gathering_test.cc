// Large collections move what they have outside of slabs, in steps between which they change.

#include "core/types/gathering.h"

#include <doctest/doctest.h>

#include <set>
#include <string>

#include "core/types/large_hash.h"
#include "core/types/large_list.h"
#include "core/types/large_set.h"
#include "core/types/large_sorted_set.h"

using namespace tarn;

namespace {

constexpr std::int64_t kFarMs = 4'000'000'000'000;
constexpr int kElements = 2000;
constexpr std::size_t kLooks = 16;

// One in ten is too large for slabs.
bool is_large(int n) { return n % 10 == 0; }
std::string name_of(int n) { return "element:" + std::to_string(n); }
std::string long_name_of(int n) { return name_of(n) + std::string(is_large(n) ? 2000 : 0, 'x'); }

const OutsideMover::Wanted kAll = [](const void*) { return true; };

// Has all of the collection moved in small steps, between which between(step) happens.
template <class Between>
Gathered move_all(Collection& collection, const OutsideMover::Wanted& wanted, Between between) {
  Gathered all;
  std::uint64_t cursor = 0;
  int steps = 0;
  do {
    OutsideMover mover(wanted, kLooks);
    cursor = collection.move_outside(cursor, mover);
    const Gathered& step = mover.objects();
    CHECK(step.moved + step.left <= kLooks + 64);
    all += step;
    between(++steps);
  } while (cursor != 0);
  CHECK(steps > 10);
  return all;
}
Gathered move_all(Collection& collection, const OutsideMover::Wanted& wanted = kAll) {
  return move_all(collection, wanted, [](int) {});
}

template <class Any>
void take_down(Any& collection) {
  while (collection.dismantle(1000)) {
  }
  CHECK(collection.heap().outside_bytes() == 0);
}

}  // namespace

TEST_CASE("large fields of a hash move, with their deadlines, and no others") {
  ObjectHeap heap;
  LargeHash hash(heap);
  const auto value_of = [](int n) { return "v" + std::string(is_large(n) ? 3000 : 10, 'v'); };
  for (int n = 0; n < kElements; ++n) {
    hash.set(LargeHash::Name(name_of(n)), value_of(n), n % 3 == 0 ? kFarMs + n : kNoDeadline);
  }
  const HashField* small = hash.find(LargeHash::Name(name_of(1)));
  const std::size_t bytes = hash.memory_bytes();
  const std::size_t outside = heap.outside_bytes();

  CHECK(move_all(hash, [](const void*) { return false; }).moved == 0);
  std::set<const void*> seen;
  const Gathered moved =
      move_all(hash, [&](const void* field) { return seen.insert(field).second; });
  CHECK(moved.moved == kElements / 10);
  CHECK(moved.left == 0);
  CHECK(hash.memory_bytes() == bytes);
  CHECK(heap.outside_bytes() == outside);
  hash.check();
  CHECK(hash.find(LargeHash::Name(name_of(1))) == small);
  for (int n = 0; n < kElements; ++n) {
    const HashField* field = hash.find(LargeHash::Name(name_of(n)));
    REQUIRE(field != nullptr);
    REQUIRE(field->value() == value_of(n));
    REQUIRE(field->deadline_ms() == (n % 3 == 0 ? kFarMs + n : kNoDeadline));
  }
  take_down(hash);
}

TEST_CASE("large members of a set move") {
  ObjectHeap heap;
  LargeSet set(heap);
  for (int n = 0; n < kElements; ++n) set.add(SetMember(long_name_of(n)));
  for (int n = 0; n < 100; ++n) set.add(SetMember(std::int64_t{n}));
  const std::size_t bytes = set.memory_bytes();
  const Gathered moved = move_all(set);
  CHECK(moved.moved == kElements / 10);
  CHECK(moved.left == 0);
  CHECK(set.memory_bytes() == bytes);
  CHECK(set.size() == kElements + 100);
  for (int n = 0; n < kElements; ++n) REQUIRE(set.contains(SetMember(long_name_of(n))));
  take_down(set);
}

TEST_CASE("large members of a sorted set move, and their order stays") {
  ObjectHeap heap;
  LargeSortedSet set(heap);
  for (int n = 0; n < kElements; ++n) {
    set.insert(LargeSortedSet::Sought(SetMember(long_name_of(n))), n % 7);
  }
  const std::size_t bytes = set.memory_bytes();
  CHECK(move_all(set).moved == kElements / 10);
  CHECK(set.memory_bytes() == bytes);
  set.check();
  for (int n = 0; n < kElements; ++n) {
    REQUIRE(set.find(LargeSortedSet::Sought(SetMember(long_name_of(n)))) != nullptr);
  }
  take_down(set);
}

TEST_CASE("chunks of a list move while it changes, and it may end before the next step") {
  ObjectHeap heap;
  LargeList list(heap, {.max_bytes = 256});
  const auto push = [&list](int n) {
    list.elements().push(ListEnd::kBack, PackedProbe(name_of(n)));
  };
  for (int n = 0; n < 10 * kElements; ++n) push(n);
  const std::size_t chunks = list.elements().chunk_count();
  const Gathered moved = move_all(list);
  CHECK(moved.moved == chunks + 1);
  CHECK(moved.left == 0);
  list.elements().check();

  int first = 0;
  int last = 10 * kElements;
  move_all(list, kAll, [&](int step) {
    if (step % 2 == 0) {
      push(last++);
    } else {
      list.elements().pop(ListEnd::kFront, 30);
      first += 30;
    }
    list.elements().check();
  });
  REQUIRE(list.size() == static_cast<std::size_t>(last - first));
  PackedElement element;
  auto elements = list.elements().iterate(ListEnd::kFront);
  for (int n = first; n < last; ++n) {
    REQUIRE(elements.next(element));
    REQUIRE(element.string() == name_of(n));
  }

  OutsideMover mover(kAll, kLooks);
  const std::uint64_t cursor = list.move_outside(0, mover);
  CHECK(cursor == kLooks - 1);  // and the directory
  list.elements().trim(0, 10);
  OutsideMover next(kAll, kLooks);
  CHECK(list.move_outside(cursor, next) == 0);
  CHECK(next.objects().moved == 0);
  take_down(list);
}

TEST_CASE("a collection without anything outside of slabs is not walked over") {
  ObjectHeap heap;
  LargeSet set(heap);
  for (int n = 0; n < kElements; ++n) set.add(SetMember(name_of(n)));
  OutsideMover mover(kAll, kLooks);
  CHECK(set.move_outside(0, mover) == 0);
  CHECK(mover.looks_left() == kLooks);
  take_down(set);
}

TEST_CASE("a table of few elements moves, with all that it finds") {
  ObjectHeap heap_of_hash;
  ObjectHeap heap_of_sorted;
  LargeHash hash(heap_of_hash);
  LargeSortedSet sorted(heap_of_sorted);
  for (int n = 0; n < 100; ++n) {
    hash.set(LargeHash::Name(long_name_of(n)), "value", kNoDeadline);
    sorted.insert(LargeSortedSet::Sought(SetMember(long_name_of(n))), n);
  }
  for (Collection* collection :
       {static_cast<Collection*>(&hash), static_cast<Collection*>(&sorted)}) {
    OutsideMover mover(kAll, 1000);
    CHECK(collection->move_outside(0, mover) == 0);
    CHECK(mover.objects().moved == 11);
  }
  hash.check();
  sorted.check();
  for (int n = 0; n < 100; ++n) {
    REQUIRE(hash.find(LargeHash::Name(long_name_of(n))) != nullptr);
    REQUIRE(sorted.find(LargeSortedSet::Sought(SetMember(long_name_of(n)))) != nullptr);
  }
  take_down(hash);
  take_down(sorted);
}

TEST_CASE("collections move as objects, and keep their places in a list and in visits to it") {
  ObjectHeap heap;
  auto* list = new LargeList(heap, {.max_bytes = 256});
  auto* hash = new LargeHash(heap);
  auto* set = new LargeSet(heap);
  auto* sorted = new LargeSortedSet(heap);
  for (int n = 0; n < 300; ++n) {
    list->elements().push(ListEnd::kBack, PackedProbe(name_of(n)));
    hash->set(LargeHash::Name(name_of(n)), long_name_of(n), n % 2 == 0 ? kFarMs : kNoDeadline);
    set->add(SetMember(long_name_of(n)));
    sorted->insert(LargeSortedSet::Sought(SetMember(long_name_of(n))), n);
  }
  CollectionList all;
  for (Collection* each : {static_cast<Collection*>(list), static_cast<Collection*>(hash),
                           static_cast<Collection*>(set), static_cast<Collection*>(sorted)}) {
    all.add(*each);
  }
  CollectionList::Visit& visit = all.begin_visit(CollectionVisitor::kOutsideWalk);
  CHECK(all.begin_visit(CollectionVisitor::kGathering).at == sorted);
  visit.leave();
  CHECK(visit.at == set);
  visit.cursor = 7;
  const auto move = [&all](auto*& collection) {
    const Collection* before = collection;
    const std::size_t bytes = collection->memory_bytes();
    collection = collection->move();
    CHECK(collection != before);
    CHECK(collection->memory_bytes() == bytes);
    all.moved(before, *collection);
  };
  move(list);
  move(hash);
  move(set);
  move(sorted);
  CHECK(visit.at == set);
  CHECK(visit.cursor == 7);
  CHECK(all.visit(CollectionVisitor::kGathering).at == sorted);
  visit.leave();
  CHECK(visit.at == hash);
  CHECK(visit.cursor == 0);
  all.remove(*hash);
  CHECK(visit.at == list);
  visit.leave();
  CHECK(visit.at == nullptr);
  all.remove(*sorted);
  CHECK(all.visit(CollectionVisitor::kGathering).at == set);
  CHECK(all.first() == set);
  all.remove(*set);
  all.remove(*list);
  CHECK(all.empty());

  hash->check();
  CHECK(hash->deadlines() == 150);
  sorted->check();
  list->elements().check();
  CHECK(list->size() == 300);
  for (int n = 0; n < 300; ++n) REQUIRE(set->contains(SetMember(long_name_of(n))));
  for (Collection* each : {static_cast<Collection*>(list), static_cast<Collection*>(hash),
                           static_cast<Collection*>(set), static_cast<Collection*>(sorted)}) {
    while (each->dismantle(100)) {
    }
    delete each;
  }
  CHECK(heap.outside_bytes() == 0);
}
