// What entries have outside of slabs moves to other memory, and nobody notices.

#include "core/keyspace/outside_walk.h"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/keyspace/collection_edit.h"
#include "core/types/hash.h"
#include "core/types/large_list.h"
#include "core/types/list.h"

using namespace tarn;

namespace {

constexpr std::int64_t kFarMs = 4'000'000'000'000;

struct Fixture {
  FakeClock clock;
  Databases databases{clock, 2};
  Keyspace& db = databases[0];

  static std::string value_of(int n) {
    return std::to_string(n) + ":" + std::string(1000 + static_cast<std::size_t>(n) % 5000, 'v');
  }
  void set(int n, Ttl ttl = Ttl::none()) {
    db.set_string(Key("key:" + std::to_string(n)), value_of(n), ttl);
  }
  const Entry* entry(const std::string& key) {
    const Entry* found = db.peek(Key(key));
    REQUIRE(found != nullptr);
    return found;
  }
  // Moves all that is wanted, and returns what was looked at.
  template <class Wanted>
  Gathered move_all(Wanted wanted) {
    Gathered all;
    std::uint64_t cursor = 0;
    do {
      cursor = db.move_outside_step(cursor, wanted, all);
    } while (cursor != 0);
    return all;
  }
  Gathered move_all() {
    std::set<const void*> seen;  // a small table is visited as a whole, a large one by buckets
    return move_all([&seen](const void* object) { return seen.insert(object).second; });
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "large strings move, with all that belongs to them") {
  constexpr int kKeys = 3000;
  std::size_t small = 0;
  for (int n = 0; n < kKeys; ++n) {
    set(n, n % 3 == 0 ? Ttl::until(kFarMs + n) : Ttl::none());
    small += !entry("key:" + std::to_string(n))->holds_blob();
  }
  db.set_string(Key("small"), "value", Ttl::none());
  const std::size_t blobs = Blob::total_bytes();
  const std::size_t outside = db.heap().outside_bytes();

  const Gathered moved = move_all();
  CHECK(moved.moved == kKeys - small);
  CHECK(moved.left == 0);
  CHECK(Blob::total_bytes() == blobs);
  CHECK(db.heap().outside_bytes() == outside);
  for (int n = 0; n < kKeys; ++n) {
    const Entry* found = entry("key:" + std::to_string(n));
    REQUIRE((found->holds_blob() ? found->blob()->view() : found->value()) == value_of(n));
    REQUIRE(found->has_deadline() == (n % 3 == 0));
    if (n % 3 == 0) REQUIRE(found->deadline_ms() == kFarMs + n);
  }
  CHECK(entry("small")->value() == "value");
}

TEST_CASE_FIXTURE(Fixture, "what is not wanted elsewhere stays, and so does what somebody reads") {
  for (int n = 1; n <= 3; ++n) set(n * 1000);
  const Blob* first = entry("key:1000")->blob();
  const Blob* second = entry("key:2000")->blob();
  const Blob* third = entry("key:3000")->blob();
  const BlobRef reader = BlobRef::share(entry("key:3000")->blob());

  const Gathered moved = move_all([=](const void* object) { return object != second; });
  CHECK(moved.moved == 1);
  CHECK(moved.left == 2);
  CHECK(entry("key:1000")->blob() != first);
  CHECK(entry("key:2000")->blob() == second);
  CHECK(entry("key:3000")->blob() == third);
  CHECK(reader->view() == value_of(3000));
}

TEST_CASE_FIXTURE(Fixture, "entries that are too large for slabs move") {
  {
    CollectionEdit edit(db, Key("hash"), Type::kHash);
    const HashLimits limits{.max_packed_entries = 1000, .max_packed_value_bytes = 1000};
    Hash hash(edit, limits);
    for (int n = 0; n < 20; ++n) hash.set("field:" + std::to_string(n), std::string(100, 'v'));
    edit.commit(20);
  }
  const std::string long_key(3000, 'k');
  db.set_string(Key(long_key), "value", Ttl::until(kFarMs));
  const std::string packed(entry("hash")->value());
  const Entry* before = entry("hash");
  const std::size_t outside = db.heap().outside_bytes();
  REQUIRE(outside > 5000);

  CHECK(move_all().moved == 2);
  CHECK(entry("hash") != before);
  CHECK(entry("hash")->value() == packed);
  CHECK(entry(long_key)->value() == "value");
  CHECK(entry(long_key)->deadline_ms() == kFarMs);
  CHECK(db.heap().outside_bytes() == outside);
  CHECK(db.erase(Key("hash")));
  CHECK(db.erase(Key(long_key)));
  CHECK(db.heap().outside_bytes() == 0);
}

TEST_CASE_FIXTURE(Fixture, "a walk packs what is spread thinly, and ends") {
  constexpr int kKeys = 20'000;
  const auto key_of = [](int n) { return "key:" + std::to_string(n); };
  const std::string value(1100, 'v');
  for (int n = 0; n < kKeys; ++n) databases[1].set_string(Key(key_of(n)), value, Ttl::none());
  for (int n = 0; n < kKeys; ++n) {
    if (n % 10 != 0) databases[1].erase(Key(key_of(n)));
  }
  OutsideWalk walk(databases);
  const MallocSlabs::Usage before = walk.usage();
  Gathered all;
  OutsideWalk::Step step;
  do {
    step = walk.step(50);
    CHECK(step.objects.moved + step.objects.left <= 50 + 64);
    all.moved += step.objects.moved;
    all.left += step.objects.left;
  } while (step.more);
  // Where malloc does not tell, nothing is sparse.
  if (before.sparse > 0) {
    CHECK(before.sparse > before.resident / 2);
    CHECK(all.moved > kKeys / 20);
    const MallocSlabs::Usage after = MallocSlabs().count();
    CHECK(after.resident < before.resident / 4);
  }
  CHECK(walk.usage().sparse == 0);
  for (int n = 0; n < kKeys; n += 10) {
    const Entry* found = databases[1].peek(Key(key_of(n)));
    REQUIRE(found != nullptr);
    REQUIRE(found->blob()->view() == value);
  }
}

TEST_CASE_FIXTURE(Fixture, "nothing moves while a child is forked") {
  for (int n = 0; n < 5000; ++n) set(n);
  for (int n = 0; n < 5000; ++n) {
    if (n % 10 != 0) db.erase(Key("key:" + std::to_string(n)));
  }
  OutsideWalk walk(databases);
  databases.context().forked = true;
  const OutsideWalk::Step step = walk.step(1000);
  CHECK(step.objects.moved == 0);
  CHECK_FALSE(step.more);
}

namespace {

struct ListFixture : Fixture {
  static std::string key_of(int n) { return "list:" + std::to_string(n); }

  void push(unsigned database, const std::string& key, int count, const ListLimits& limits = {}) {
    CollectionEdit edit(databases[database], Key(key), Type::kList);
    List list(edit, limits);
    for (int n = 0; n < count; ++n) {
      list.push(ListEnd::kBack, PackedProbe("element:" + std::to_string(n)));
    }
    edit.commit(static_cast<std::size_t>(count));
  }
  bool holds(unsigned database, const std::string& key, int count) {
    const Entry* found = databases[database].peek(Key(key));
    if (found == nullptr) return false;
    int n = 0;
    bool same = true;
    ListView(found->collection_view()).for_each([&](const PackedElement& element) {
      same &= element.string() == "element:" + std::to_string(n++);
    });
    return same && n == count;
  }
  // A walk whose steps look at so much; between(step) happens between them.
  template <class Between>
  Gathered walk_all(OutsideWalk& walk, std::size_t max_looks, Between between) {
    Gathered all;
    int steps = 0;
    bool more = true;
    while (more) {
      const OutsideWalk::Step step = walk.step(max_looks);
      CHECK(step.objects.moved + step.objects.left <= max_looks + 64);
      all += step.objects;
      more = step.more;
      between(++steps);
    }
    return all;
  }
};

class Reader final : public CollectionReader {
 public:
  void read_rest() override {}
};

}  // namespace

TEST_CASE_FIXTURE(ListFixture, "what lists are made of is packed, in all databases") {
  constexpr int kLists = 6000;
  constexpr int kCount = 130;  // for chunks of which slabs hold several
  for (int n = 0; n < kLists; ++n) push(static_cast<unsigned>(n) % 2, key_of(n), kCount);
  for (int n = 0; n < kLists; ++n) {
    if (n % 11 != 0) databases[static_cast<unsigned>(n) % 2].erase(Key(key_of(n)));
  }
  while (databases.dismantle_step(1000)) {
  }
  OutsideWalk walk(databases);
  const MallocSlabs::Usage before = walk.usage();
  const Gathered all = walk_all(walk, 20, [](int) {});
  // Where malloc does not tell, nothing is sparse.
  if (before.sparse > 0) {
    CHECK(before.sparse > before.resident / 3);
    CHECK(all.moved > kLists / 22);
    CHECK(MallocSlabs().count().resident < (before.resident - before.sparse) * 5 / 4);
  }
  CHECK(walk.usage().sparse == 0);
  for (int n = 0; n < kLists; n += 11) {
    REQUIRE(holds(static_cast<unsigned>(n) % 2, key_of(n), kCount));
  }
}

TEST_CASE_FIXTURE(ListFixture, "lists may grow, move and go while the walk is inside of them") {
  constexpr int kCount = 60'000;
  const ListLimits limits{.max_bytes = 2048};
  // Chunks of the one between those of the other, so that they are sparse when it is gone.
  for (int turn = 0; turn < 40; ++turn) {
    for (int n = 0; n < 12; ++n) {
      const std::string key = key_of(n);
      CollectionEdit edit(databases[0], Key(key), Type::kList);
      List list(edit, limits);
      for (int i = turn * 1500; i < (turn + 1) * 1500; ++i) {
        list.push(ListEnd::kBack, PackedProbe("element:" + std::to_string(i)));
      }
      edit.commit(1500);
    }
  }
  for (int n = 3; n < 12; ++n) databases[0].erase(Key(key_of(n)));
  while (databases.dismantle_step(1000)) {
  }
  OutsideWalk walk(databases);
  const bool sparse = walk.usage().sparse > 0;
  int steps = 0;
  const Gathered all = walk_all(walk, 16, [&](int step) {
    steps = step;
    if (step == 4) databases[1].put_moved(Key("moved"), databases[0], Key(key_of(2)));
    if (step == 20) databases[0].erase(Key(key_of(1)));
    if (step == 21) push(0, "new", 1000, limits);
    if (step == 30) databases.swap(0, 1);
  });
  if (sparse) {
    CHECK(steps > 30);
    CHECK(all.moved > 0);
    CHECK(holds(0, "moved", kCount));
    CHECK(holds(1, key_of(0), kCount));
    CHECK(holds(1, "new", 1000));
  }
}

TEST_CASE_FIXTURE(ListFixture, "a list that somebody reads stays where it is") {
  constexpr int kLists = 1000;
  for (int n = 0; n < kLists; ++n) push(0, key_of(n), 130);
  for (int n = 0; n < kLists; ++n) {
    if (n % 20 != 0) databases[0].erase(Key(key_of(n)));
  }
  while (databases.dismantle_step(1000)) {
  }
  CollectionHeap& heap = *databases.context().collections;
  std::vector<Reader> readers(kLists / 20);
  std::vector<std::pair<Collection*, const char*>> read;
  for (int n = 0; n < kLists; n += 20) {
    Collection* list = entry(key_of(n))->collection();
    read.emplace_back(list, static_cast<LargeList*>(list)->elements().only_run().data());
    heap.start_reading(*list, readers[read.size() - 1]);
  }
  OutsideWalk walk(databases);
  CHECK(walk_all(walk, 50, [](int) {}).moved == 0);
  for (std::size_t i = 0; i < read.size(); ++i) {
    auto* list = static_cast<LargeList*>(read[i].first);
    CHECK(list->elements().only_run().data() == read[i].second);
    heap.stop_reading(*list, readers[i]);
  }
}

TEST_CASE_FIXTURE(ListFixture, "large collections move as objects, unless somebody reads them") {
  for (int n = 0; n < 3; ++n) push(0, key_of(n), 300);
  push(0, std::string(3000, 'k'), 300);  // the entry moves too
  Reader reader;
  CollectionHeap& heap = *databases.context().collections;
  Collection* read = entry(key_of(0))->collection();
  Collection* unread = entry(key_of(1))->collection();
  heap.start_reading(*read, reader);
  const Gathered moved = move_all();
  CHECK(moved.moved == 4);
  CHECK(moved.left == 1);
  CHECK(entry(key_of(0))->collection() == read);
  CHECK(entry(key_of(1))->collection() != unread);
  heap.stop_reading(*read, reader);
  for (int n = 0; n < 3; ++n) CHECK(holds(0, key_of(n), 300));
  CHECK(holds(0, std::string(3000, 'k'), 300));
  for (int n = 0; n < 3; ++n) CHECK(db.erase(Key(key_of(n))));
  CHECK(db.erase(Key(std::string(3000, 'k'))));
  CHECK(db.large_collections().empty());
}
