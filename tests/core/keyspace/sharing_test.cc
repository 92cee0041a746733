// What becomes of the memory while a forked child shares it.

#include <doctest/doctest.h>

#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "core/keyspace/collection_edit.h"
#include "core/keyspace/databases.h"
#include "core/memory/reclaimer.h"
#include "core/types/set.h"

using namespace tarn;

namespace {

struct Remembered {
  const char* address;
  std::string bytes;
};

// Whether the bytes are still there, though what they were of may be freed.
__attribute__((no_sanitize("address"))) bool is_still(const Remembered& remembered) {
  for (std::size_t i = 0; i < remembered.bytes.size(); ++i) {
    if (remembered.address[i] != remembered.bytes[i]) return false;
  }
  return true;
}

struct Fixture {
  FakeClock clock;
  Databases databases{clock, 2};
  std::vector<Remembered> seen_by_child;

  void fork() {
    databases.begin_sharing();
    seen_by_child.clear();
    for (std::size_t i = 0; i < databases.size(); ++i) {
      databases[i].for_each([&](const Entry& entry) {
        const auto* address = reinterpret_cast<const char*>(&entry);
        if (!ObjectHeap::in_slabs(entry.bytes())) return;
        seen_by_child.push_back({address, std::string(address, entry.bytes())});
      });
    }
  }
  // Of the entries in slabs that were there at the fork, those that are not as they were.
  std::size_t written() const {
    std::size_t count = 0;
    for (const Remembered& entry : seen_by_child) count += is_still(entry) ? 0 : 1;
    return count;
  }
  void child_ends() {
    databases.end_sharing();
    while (databases.settle_step(10)) {
    }
  }

  std::optional<std::string> get(std::string_view key, unsigned db = 0) {
    const Entry* entry = databases[db].find(Key(key));
    if (entry == nullptr) return std::nullopt;
    return std::string(StringView(*entry).bytes());
  }
  void set(std::string_view key, std::string_view value, unsigned db = 0) {
    databases[db].set_string(Key(key), value, Ttl::none());
  }
  std::size_t bytes_in_use(unsigned db = 0) const { return databases[db].slabs().bytes_in_use(); }
};

std::string key_of(std::size_t n) { return "key:" + std::to_string(n); }

}  // namespace

TEST_CASE_FIXTURE(Fixture, "no kind of write touches an entry that a child sees") {
  Keyspace& keyspace = databases[0];
  const Ttl later = Ttl::until(clock.now_ms() + 60'000);
  for (std::size_t n = 0; n < 20; ++n) {
    keyspace.set_string(Key(key_of(n)), "value-" + std::to_string(n), n % 2 ? later : Ttl::none());
  }
  keyspace.set_integer(Key("n"), 1, later);
  keyspace.set_string(Key("item"), "value", later, {.client_flags = 7, .with_cas = true});
  {
    CollectionEdit edit(keyspace, Key("set"), Type::kSet);
    edit.commit(Set(edit, {}).add(SetMember("member-1")) ? 1 : 0);
  }

  fork();
  keyspace.set_string(Key("key:0"), "other-0", Ttl::none());  // as long as it was
  keyspace.set_string(Key("key:1"), "longer than it was, by some classes of sizes", Ttl::keep());
  keyspace.edit_string(Key("key:2"), 7)[6] = '!';
  keyspace.edit_string(Key("key:3"), 20)[19] = '!';
  keyspace.set_deadline(Key("key:4"), clock.now_ms() + 5000);
  keyspace.set_deadline(Key("key:5"), clock.now_ms() + 5000);
  keyspace.clear_deadline(Key("key:7"));
  CHECK(keyspace.erase(Key("key:8")));
  keyspace.mark_edited(Key("key:9"));
  keyspace.set_cas(Key("key:10"), 99);
  keyspace.make_stale(Key("key:11"));
  keyspace.set_integer(Key("n"), 2, Ttl::keep());
  keyspace.set_cas(Key("item"), 100);
  keyspace.edit_string(Key("item"), 5)[0] = 'V';
  {
    CollectionEdit edit(keyspace, Key("set"), Type::kSet);
    edit.commit(Set(edit, {}).add(SetMember("member-2")) ? 1 : 0);
  }
  CHECK(get("key:12") == "value-12");  // a use
  clock.advance_ms(5001);
  while (databases.expire_step(100)) {
  }
  CHECK(written() == 0);

  for (int round = 0; round < 2; ++round) {
    CAPTURE(round);  // while the child lives, and afterwards
    CHECK(get("key:0") == "other-0");
    CHECK(get("key:1") == "longer than it was, by some classes of sizes");
    CHECK(keyspace.peek(Key("key:1"))->has_deadline());
    CHECK(get("key:2") == "value-!");
    CHECK(get("key:3")->back() == '!');
    CHECK(get("key:4") == std::nullopt);
    CHECK(get("key:5") == std::nullopt);
    CHECK_FALSE(keyspace.peek(Key("key:7"))->has_deadline());
    CHECK(get("key:8") == std::nullopt);
    CHECK(keyspace.peek(Key("key:9"))->string_encoding() == StringEncoding::kEdited);
    CHECK(keyspace.cas(Key("key:10")) == 99);
    CHECK(keyspace.peek(Key("key:11"))->stale());
    CHECK(get("n") == "2");
    CHECK(get("item") == "Value");
    CHECK(keyspace.peek(Key("item"))->client_flags() == 7);
    CHECK(SetView(keyspace.peek(Key("set"))->collection_view()).size() == 2);
    CHECK(get("key:12") == "value-12");
    CHECK(keyspace.size() == 20);
    child_ends();
  }
}

TEST_CASE_FIXTURE(Fixture, "values are what was written, child after child, and memory is stable") {
  constexpr std::size_t kKeys = 20'000;
  std::mt19937_64 random(1);
  std::map<std::string, std::string> model;
  const auto write = [&](std::size_t n) {
    const std::string key = key_of(n);
    const std::string value = std::to_string(random()) + std::string(80, 'x');
    set(key, value);
    model[key] = value;
  };
  for (std::size_t n = 0; n < kKeys; ++n) write(n);
  const std::size_t resident = databases[0].slabs().bytes_resident();
  for (int child = 0; child < 20; ++child) {
    fork();
    for (int i = 0; i < 2000; ++i) {
      const std::size_t n = random() % kKeys;
      if (i % 10 != 0) {
        write(n);
      } else if (model.erase(key_of(n)) == 1) {
        CHECK(databases[0].erase(Key(key_of(n))));
      }
    }
    CHECK(written() == 0);
    // Every other time the next child does not wait for what the last one has put off.
    if (child % 2 == 0) {
      child_ends();
      while (databases.evacuate_step(64).more) {
      }
    } else {
      databases.end_sharing();
      databases.settle_step(100);
    }
    for (std::size_t n = 0; n < kKeys; ++n) {
      if (model.count(key_of(n)) == 0) write(n);
    }
  }
  child_ends();
  std::size_t bytes = 0;
  databases[0].for_each(
      [&](const Entry& entry) { bytes += SlabAllocator::usable_bytes(entry.bytes()); });
  CHECK(bytes_in_use() == bytes);
  CHECK(databases[0].size() == kKeys);
  for (const auto& [key, value] : model) REQUIRE(get(key) == value);
  CHECK(databases[0].slabs().bytes_resident() < resident * 5 / 4);
}

TEST_CASE_FIXTURE(Fixture, "what is deleted while a child lives counts no more") {
  for (std::size_t n = 0; n < 5000; ++n) set(key_of(n), "value");
  fork();
  for (std::size_t n = 0; n < 5000; ++n) databases[0].erase(Key(key_of(n)));
  CHECK(bytes_in_use() == 0);
  CHECK_FALSE(databases.has_to_settle());
  CHECK_FALSE(databases.settle_step(100));
  CHECK(databases.evacuate_step(100).moved_objects == 0);
  databases.end_sharing();
  CHECK(databases.has_to_settle());
  while (databases.settle_step(100)) {
  }
  CHECK_FALSE(databases.has_to_settle());
  CHECK(databases[0].slabs().class_stats().empty());
}

TEST_CASE_FIXTURE(Fixture, "databases are flushed and swapped while a child lives") {
  for (std::size_t n = 0; n < 5000; ++n) set(key_of(n), "value", n % 2);
  {
    CollectionEdit edit(databases[1], Key("set"), Type::kSet);
    Set members(edit, {});
    for (int n = 0; n < 1000; ++n) members.add(SetMember("member-" + std::to_string(n)));
    edit.commit(1000);
  }
  fork();
  for (std::size_t n = 0; n < 1000; ++n) set(key_of(n), "VALUE", n % 2);
  databases.swap(0, 1);
  CHECK(get("key:1") == "VALUE");
  CHECK(databases.flush(0) == 2501);
  for (std::size_t n = 0; n < 100; ++n) set(key_of(n), "new");
  for (std::size_t n = 0; n < 100; n += 2) databases[1].erase(Key(key_of(n)));
  while (databases.dismantle_step(100)) {
  }
  child_ends();
  Reclaimer::drain();
  CHECK(databases.total_keys() == 2550);
  CHECK(get("key:1") == "new");
  CHECK(get("key:100", 1) == "VALUE");
  fork();
  databases.flush_all();
  child_ends();
  Reclaimer::drain();
  CHECK(databases.total_keys() == 0);
}

TEST_CASE_FIXTURE(Fixture, "elements of a large collection go, and come, while a child lives") {
  CollectionEdit edit(databases[0], Key("set"), Type::kSet);
  Set members(edit, {});
  for (int n = 0; n < 20'000; ++n) members.add(SetMember("member-" + std::to_string(n)));
  edit.commit(20'000);
  const std::size_t before = databases.collection_heap().slabs().bytes_in_use();
  fork();
  for (int n = 0; n < 5000; ++n) members.remove(SetMember("member-" + std::to_string(n)));
  for (int n = 0; n < 5000; ++n) members.add(SetMember("Member-" + std::to_string(n)));
  CHECK(databases.collection_heap().slabs().bytes_in_use() == before);
  child_ends();
  CHECK_FALSE(databases.collection_heap().slabs().has_postponed());
  edit.commit(10'000);
  const SetView left(databases[0].peek(Key("set"))->collection_view());
  CHECK(left.size() == 20'000);
  CHECK(left.contains(SetMember("Member-4999")));
  CHECK_FALSE(left.contains(SetMember("member-4999")));
}
