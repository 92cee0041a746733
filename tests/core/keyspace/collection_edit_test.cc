#include "core/keyspace/collection_edit.h"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

#include "core/keyspace/databases.h"
#include "core/memory/reclaimer.h"
#include "core/types/detached_cell.h"
#include "core/types/set.h"

using namespace tarn;

namespace {

struct Recorder final : KeyObserver {
  void key_modified(Keyspace& keyspace, std::string_view key) override {
    told.push_back("modified " + std::to_string(keyspace.index()) + ' ' + std::string(key));
  }
  void key_created(Keyspace&, std::string_view key) override {
    told.push_back("created " + std::string(key));
  }
  void key_expired(Keyspace&, std::string_view key) override {
    told.push_back("expired " + std::string(key));
  }

  std::vector<std::string> take() { return std::exchange(told, {}); }
  std::vector<std::string> told;
};

using Told = std::vector<std::string>;
using Outcome = CollectionEdit::Outcome;

struct Fixture {
  Fixture() { databases.context().observer = &recorder; }

  Recorder recorder;
  FakeClock clock;
  Databases databases{clock, 4};

  Outcome add(std::string_view key, const std::vector<std::string>& members, unsigned db = 0) {
    CollectionEdit edit(databases[db], Key(key), Type::kSet);
    Set set(edit, {});
    std::size_t added = 0;
    for (const std::string& member : members) added += set.add(SetMember(member));
    return edit.commit(added);
  }
  void add_many(std::string_view key, std::size_t count, unsigned db = 0) {
    std::vector<std::string> members;
    for (std::size_t i = 0; i < count; ++i) members.push_back("member-" + std::to_string(i));
    add(key, members, db);
  }
  std::set<std::string> members(std::string_view key, unsigned db = 0) {
    std::set<std::string> found;
    const Entry* entry = databases[db].peek(Key(key));
    if (entry == nullptr) return found;
    SetMember::Scratch scratch;
    SetView(entry->collection_view()).for_each([&](const SetMember& member) {
      found.emplace(member.text(scratch));
    });
    return found;
  }
  std::size_t elements_in_use() { return databases.collection_heap().slabs().bytes_in_use(); }
  void dismantle_all() {
    while (databases.dismantle_step(100)) {
    }
    Reclaimer::drain();
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "an edit creates, changes and deletes its key, and says so") {
  CHECK(add("s", {}) == Outcome::kUnchanged);
  CHECK(recorder.take().empty());
  CHECK(databases[0].empty());

  CHECK(add("s", {"a", "b"}) == Outcome::kChanged);
  CHECK(recorder.take() == Told{"created s", "modified 0 s"});
  CHECK(add("s", {"a"}) == Outcome::kUnchanged);
  CHECK(add("s", {"c"}) == Outcome::kChanged);
  CHECK(recorder.take() == Told{"modified 0 s"});
  CHECK(members("s") == std::set<std::string>{"a", "b", "c"});

  CollectionEdit edit(databases[0], Key("s"), Type::kSet);
  Set set(edit, {});
  for (const char* member : {"a", "b", "c"}) set.remove(SetMember(member));
  CHECK(edit.vacant());
  CHECK(recorder.take().empty());
  CHECK(edit.commit(3) == Outcome::kDeleted);
  CHECK(recorder.take() == Told{"modified 0 s"});
  CHECK(databases[0].empty());
}

TEST_CASE_FIXTURE(Fixture, "an edit sees another type, and leaves it alone") {
  databases[0].set_string(Key("k"), "text", Ttl::none());
  CollectionEdit edit(databases[0], Key("k"), Type::kSet);
  CHECK(edit.wrong_type());
  CHECK(StringView(*databases[0].peek(Key("k"))).bytes() == "text");
}

TEST_CASE_FIXTURE(Fixture, "deadline and access survive every change of encoding") {
  add("s", {"1", "2"});
  databases[0].set_deadline(Key("s"), clock.now_ms() + 1000);
  for (std::size_t count : {3U, 20U, 100U, 3000U}) {
    add_many("s", count);
    REQUIRE(databases[0].peek(Key("s"))->has_deadline());
    CHECK(databases[0].peek(Key("s"))->deadline_ms() == clock.now_ms() + 1000);
  }
  CHECK(databases[0].peek(Key("s"))->holds_large_collection());
  CHECK(members("s").size() == 3002);
  clock.advance_ms(1000);
  while (databases.expire_step(100)) {
  }
  CHECK(databases[0].empty());
  CHECK(recorder.take().back() == "expired s");
}

TEST_CASE_FIXTURE(Fixture, "two edits of one keyspace do not disturb each other") {
  add("first", {"a"});
  CollectionEdit first(databases[0], Key("first"), Type::kSet);
  Set into(first, {});
  // Enough keys for the table to split under the open edit.
  for (int i = 0; i < 5000; ++i) {
    const std::string key = "other:" + std::to_string(i);
    CollectionEdit other(databases[0], Key(key), Type::kSet);
    Set(other, {}).add(SetMember("m"));
    other.commit(1);
    if (i % 50 == 0) into.add(SetMember(std::string_view(key)));
  }
  first.commit(100);
  CHECK(members("first").size() == 101);
  CHECK(databases[0].size() == 5001);
}

TEST_CASE_FIXTURE(Fixture, "a large collection moves by its reference, and is copied by a copy") {
  add_many("s", 2000);
  const Collection* large = databases[0].peek(Key("s"))->collection();
  databases[0].set_deadline(Key("s"), clock.now_ms() + 5000);

  databases[0].put_moved(Key("renamed"), databases[0], Key("s"));
  CHECK(databases[0].peek(Key("s")) == nullptr);
  CHECK(databases[0].peek(Key("renamed"))->collection() == large);
  CHECK(databases[0].peek(Key("renamed"))->deadline_ms() == clock.now_ms() + 5000);

  databases[2].put_moved(Key("moved"), databases[0], Key("renamed"));
  CHECK(databases[0].empty());
  CHECK(databases[2].peek(Key("moved"))->collection() == large);

  databases[1].put_copy(Key("copy"), *databases[2].peek(Key("moved")));
  CHECK(databases[1].peek(Key("copy"))->collection() != large);
  add("copy", {"more"}, 1);
  CHECK(members("copy", 1).size() == 2001);
  CHECK(members("moved", 2).size() == 2000);
}

TEST_CASE_FIXTURE(Fixture, "a value that was made aside replaces what was there") {
  databases[0].set_string(Key("k"), "text", Ttl::until(clock.now_ms() + 1000));
  for (const std::size_t count : {1U, 100U, 1000U}) {
    DetachedCell cell(databases.context().collections->objects());
    Set set(cell, {});
    for (std::size_t i = 0; i < count; ++i) set.add(SetMember(static_cast<std::int64_t>(i)));
    databases[0].put(Key("k"), Type::kSet, cell, Ttl::none());
    CHECK(cell.vacant());
    CHECK(members("k").size() == count);
    CHECK_FALSE(databases[0].peek(Key("k"))->has_deadline());
  }
}

TEST_CASE_FIXTURE(Fixture, "deleted collections give back all they held, a slice at a time") {
  add_many("stays", 1000);
  const std::size_t before = elements_in_use();
  for (int i = 0; i < 3; ++i) add_many("s" + std::to_string(i), 20'000);
  const std::size_t with_all = elements_in_use();
  for (int i = 0; i < 3; ++i) CHECK(databases[0].erase(Key("s" + std::to_string(i))));
  CHECK(databases[0].size() == 1);
  CHECK(elements_in_use() == with_all);

  std::size_t slices = 0;
  while (databases.dismantle_step(100)) ++slices;
  CHECK(slices > 50);
  CHECK(elements_in_use() == before);
  CHECK(members("stays").size() == 1000);
}

TEST_CASE_FIXTURE(Fixture, "a flush takes the collections along, and spares other databases'") {
  add_many("kept", 1000, 1);
  const std::size_t before = elements_in_use();
  add_many("s", 20'000);
  CHECK(databases.flush(0) == 1);
  CHECK(databases.has_collections_to_dismantle());
  dismantle_all();
  CHECK(elements_in_use() == before);
  CHECK(members("kept", 1).size() == 1000);

  databases.flush_all();
  dismantle_all();
  CHECK(elements_in_use() == 0);
  // The heap is a new one now; life goes on.
  add_many("again", 1000);
  CHECK(members("again").size() == 1000);
}

TEST_CASE_FIXTURE(Fixture, "long packed values stay in place as long as their memory fits") {
  CollectionEdit edit(databases[0], Key("k"), Type::kList);
  std::string model("\0\0", 2);
  edit.put_bytes(CollectionEncoding::kPacked, model);
  std::uint64_t state = 88172645463325252ULL;
  const auto random = [&state](std::size_t bound) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return static_cast<std::size_t>(state % bound);
  };
  for (int i = 0; i < 4000; ++i) {
    const std::size_t offset = random(model.size() + 1);
    const std::size_t removed = random(std::min<std::size_t>(model.size() - offset, 200) + 1);
    const std::size_t inserted = random(model.size() > 6000 ? 100 : 220);
    const std::string text(inserted, static_cast<char>('a' + i % 26));
    char* gap = edit.splice(offset, removed, inserted);
    text.copy(gap, inserted);
    model.replace(offset, removed, text);
    REQUIRE(edit.bytes() == model);
  }
  edit.commit(1);
  CHECK(databases[0].peek(Key("k"))->value() == model);
}
