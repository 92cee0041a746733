// What entries have outside of slabs moves to other memory, and nobody notices.

#include "core/keyspace/outside_walk.h"

#include <doctest/doctest.h>

#include <set>
#include <string>

#include "core/keyspace/collection_edit.h"
#include "core/types/hash.h"

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
