// Collections that are read a bit at a time while they change and end.

#include "core/keyspace/collection_heap.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <string_view>

#include "core/keyspace/collection_edit.h"
#include "core/keyspace/databases.h"
#include "core/types/large_set.h"
#include "core/types/set.h"

using namespace tarn;

namespace {

constexpr int kMembers = 1000;

// Counts the members that it has seen.
class Counter final : public CollectionReader {
 public:
  Counter(Databases& databases, Collection* set) : databases_(databases), set_(set) {
    heap().start_reading(*set_, *this);
  }

  void read_some() {
    int left = 64;
    more = set().for_some(progress_, [&](const SetMember&) {
      ++seen;
      return --left > 0;
    });
  }
  void stop() { heap().stop_reading(*set_, *this); }
  void read_rest() override {
    told = true;
    while (more) read_some();
  }

  int seen = 0;
  bool more = true;
  bool told = false;

 private:
  CollectionHeap& heap() { return *databases_.context().collections; }
  LargeSet& set() { return static_cast<LargeSet&>(*set_); }

  Databases& databases_;
  Collection* set_;
  LargeSet::Progress progress_;
};

struct Fixture {
  FakeClock clock;
  Databases databases{clock, 2};

  Keyspace& keyspace() { return databases[0]; }
  void add(std::string_view key, const std::string& member) {
    CollectionEdit edit(keyspace(), Key(key), Type::kSet);
    edit.commit(Set(edit, {}).add(SetMember(member)) ? 1 : 0);
  }
  Collection* filled(std::string_view key) {
    for (int n = 0; n < kMembers; ++n) add(key, "member" + std::to_string(n));
    return keyspace().find(Key(key))->collection();
  }
  void dismantle_all() {
    while (databases.dismantle_step(100)) {
    }
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a reader is told before the collection changes, and reads the rest") {
  Counter first(databases, filled("set"));
  Counter second(databases, keyspace().find(Key("set"))->collection());
  Counter other(databases, filled("other"));
  first.read_some();
  add("set", "one more");
  CHECK(first.told);
  CHECK(second.told);
  CHECK(first.seen == kMembers);
  CHECK(second.seen == kMembers);
  CHECK_FALSE(other.told);
  other.stop();
  add("other", "one more");
  CHECK_FALSE(other.told);
}

TEST_CASE_FIXTURE(Fixture, "a deleted collection stays for its readers, until the last has left") {
  Counter first(databases, filled("set"));
  Counter second(databases, keyspace().find(Key("set"))->collection());
  SUBCASE("one key") { keyspace().erase(Key("set")); }
  SUBCASE("all keys") { databases.flush_all(); }
  dismantle_all();
  CHECK_FALSE(databases.has_collections_to_dismantle());
  first.read_rest();
  first.stop();
  CHECK(first.seen == kMembers);
  CHECK_FALSE(databases.has_collections_to_dismantle());
  second.read_rest();
  second.stop();
  CHECK(second.seen == kMembers);
  CHECK(databases.has_collections_to_dismantle());
  dismantle_all();
  CHECK_FALSE(databases.has_collections_to_dismantle());
}

TEST_CASE_FIXTURE(Fixture, "a collection is read on under a new key, and in another database") {
  Counter counter(databases, filled("set"));
  counter.read_some();
  databases[1].put_moved(Key("moved"), keyspace(), Key("set"));
  databases.swap(0, 1);
  CHECK_FALSE(counter.told);
  add("moved", "one more");
  CHECK(counter.told);
  CHECK(counter.seen == kMembers);
}

TEST_CASE("readers that are left read the rest before their collections go") {
  FakeClock clock;
  auto databases = std::make_unique<Databases>(clock, 1);
  CollectionEdit edit((*databases)[0], Key("set"), Type::kSet);
  for (int n = 0; n < kMembers; ++n) Set(edit, {}).add(SetMember("member" + std::to_string(n)));
  edit.commit(kMembers);
  Counter alive(*databases, edit.large());
  databases.reset();
  CHECK(alive.seen == kMembers);
}
