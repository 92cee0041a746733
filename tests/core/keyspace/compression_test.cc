#include "core/keyspace/compression.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>

#include "core/keyspace/collection_edit.h"
#include "core/keyspace/compressed_value.h"
#include "core/keyspace/dataset_digest.h"
#include "core/types/hash.h"
#include "core/types/set.h"

using namespace tarn;

namespace {

// Bytes that get much smaller: words over and over, which tell one value from another.
std::string compressible(std::size_t size, int seed = 0) {
  std::string text;
  while (text.size() < size) text += "{\"name\": \"value " + std::to_string(seed) + "\"}, ";
  text.resize(size);
  return text;
}

std::string incompressible(std::size_t size, unsigned seed = 1) {
  Rng rng(seed);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(rng());
  return bytes;
}

struct Fixture {
  FakeClock clock;
  Databases databases{clock, 4};
  Keyspace& keyspace = databases[0];
  CompressionWalk walk{databases};

  std::size_t tried = 0;    // values of the last walk
  std::size_t resting = 0;  // what it passed over

  // A whole walk; returns how many values were compressed in it.
  std::size_t compress_all(std::size_t min_bytes = 64) {
    std::size_t compressed = 0;
    tried = resting = 0;
    for (;;) {
      const CompressionWalk::Step step = walk.step(min_bytes);
      compressed += step.compressed;
      tried += step.tried;
      resting += step.resting;
      if (!step.more) return compressed;
    }
  }
  void set(const std::string& key, const std::string& value, Ttl ttl = Ttl::none()) {
    keyspace.set_string(Key(key), value, ttl);
  }
  std::string get(const std::string& key) {
    const Entry* entry = keyspace.find(Key(key));
    REQUIRE(entry != nullptr);
    return std::string(StringView(*entry).bytes());
  }
  std::size_t values() const { return databases.compressed().values; }

  void add_member(const std::string& key, const std::string& member) {
    CollectionEdit edit(keyspace, Key(key), Type::kSet);
    Set set(edit, SetLimits{});
    edit.commit(set.add(SetMember(std::string_view(member))));
  }
  std::size_t members(const std::string& key) {
    return SetView(keyspace.find(Key(key))->collection_view()).size();
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a compressed string reads as it was set, and takes less memory") {
  for (const std::size_t size : {64u, 100u, 300u, 1000u, 5000u, 70'000u, 1'000'000u}) {
    CAPTURE(size);
    const std::string value = compressible(size);
    set("key", value);
    const std::size_t before = keyspace.memory_bytes(*keyspace.peek(Key("key")));
    CHECK(compress_all() == 1);
    CHECK(get("key") == value);
    CHECK(keyspace.memory_bytes(*keyspace.peek(Key("key"))) * 4 <= before * 3 + 64);
    CHECK(databases.compressed().plain_bytes == size);
    CHECK(databases.compressed().stored_bytes <= size - size / 4);
    CHECK(compress_all() == 0);
  }
}

TEST_CASE_FIXTURE(Fixture, "what is small, too large, random or a number is left as it is") {
  set("small", compressible(99));
  set("large", compressible((1 << 20) + 1));
  set("random", incompressible(1000));
  set("number", "1234567890123456789");
  CHECK(compress_all(100) == 0);
  CHECK(values() == 0);
  CHECK(get("random") == incompressible(1000));

  SUBCASE("what did not get smaller is tried again once it is changed") {
    CHECK(compress_all(100) == 0);
    CHECK(tried == 0);
    const std::string text = compressible(1000);
    text.copy(keyspace.edit_string(Key("random"), text.size()), text.size());
    CHECK(compress_all(100) == 1);
    CHECK(get("random") == text);
  }
}

TEST_CASE_FIXTURE(Fixture, "an edit finds the plain bytes") {
  for (const std::size_t size : {500u, 3000u}) {
    CAPTURE(size);
    std::string value = compressible(size);
    set("key", value, Ttl::until(clock.now_ms() + 5000));
    REQUIRE(compress_all() == 1);
    char* bytes = keyspace.edit_string(Key("key"), size + 3);
    std::string("end").copy(bytes + size, 3);
    CHECK(get("key") == value + "end");
    CHECK(values() == 0);
    CHECK(databases.compressed().plain_bytes == 0);
    CHECK(databases.compressed().stored_bytes == 0);
    CHECK(keyspace.find(Key("key"))->deadline_ms() == clock.now_ms() + 5000);
  }
}

TEST_CASE_FIXTURE(Fixture, "deadline, client flags, CAS, marks and access stay") {
  ItemAttributes attributes;
  attributes.client_flags = 77;
  keyspace.set_string(Key("key"), compressible(800), Ttl::until(clock.now_ms() + 5000), attributes);
  const std::uint64_t cas = keyspace.cas(Key("key"));
  keyspace.peek(Key("key"))->mark_fetched();
  const std::uint32_t access = keyspace.peek(Key("key"))->access();
  clock.advance_ms(3000);
  const std::uint64_t changes = databases.stats().changes;
  REQUIRE(compress_all() == 1);
  const Entry* entry = keyspace.peek(Key("key"));
  CHECK(entry->client_flags() == 77);
  CHECK(entry->cas() == cas);
  CHECK(entry->fetched());
  CHECK(entry->access() == access);
  CHECK(databases.stats().changes == changes);
  keyspace.set_deadline(Key("key"), clock.now_ms() + 9000);
  CHECK(get("key") == compressible(800));
  clock.advance_ms(9000);
  CHECK(keyspace.find(Key("key")) == nullptr);
  CHECK(values() == 0);
}

TEST_CASE_FIXTURE(Fixture, "copies, moves, overwrites and deletes keep the count") {
  for (const std::size_t size : {700u, 9000u}) {
    CAPTURE(size);
    set("a", compressible(size));
    REQUIRE(compress_all() == 1);
    keyspace.put_copy(Key("b"), *keyspace.peek(Key("a")));
    CHECK(values() == 2);
    databases[1].put_copy(Key("b"), *keyspace.peek(Key("a")));
    keyspace.put_moved(Key("c"), keyspace, Key("a"));
    CHECK(values() == 3);
    CHECK(get("b") == compressible(size));
    CHECK(get("c") == compressible(size));
    set("b", compressible(size, 2));
    CHECK(values() == 2);
    CHECK(get("b") == compressible(size, 2));
    keyspace.erase(Key("b"));
    keyspace.erase(Key("c"));
    databases[1].erase(Key("b"));
    CHECK(values() == 0);
    CHECK(databases.compressed().stored_bytes == 0);
  }
  set("a", compressible(700));
  set("b", compressible(7000));
  REQUIRE(compress_all() == 2);
  databases.delete_all();
  CHECK(values() == 0);
}

TEST_CASE_FIXTURE(Fixture, "a packed collection is compressed when it has rested") {
  for (int i = 0; i < 40; ++i) add_member("set", "member number " + std::to_string(i));
  CHECK(compress_all() == 0);
  CHECK(resting == 1);
  clock.advance_ms(walk.rest_ms());
  CHECK(compress_all() == 1);
  CHECK(resting == 0);

  SUBCASE("a look makes it plain") {
    CHECK(members("set") == 40);
    CHECK(values() == 0);
    CHECK(databases.stats().expanded == 1);
    CHECK(databases.compressed().collections == 0);
    clock.advance_ms(10'000);
    CHECK(compress_all() == 1);
  }
  SUBCASE("an edit finds it plain") {
    add_member("set", "another");
    CHECK(members("set") == 41);
    CHECK(SetView(keyspace.find(Key("set"))->collection_view())
              .contains(SetMember(std::string_view("member number 7"))));
  }
  SUBCASE("it can be deleted, and replaced by a string, as it is") {
    set("set", "a string");
    CHECK(get("set") == "a string");
    CHECK(values() == 0);
    CHECK(databases.compressed().plain_bytes == 0);
  }
  SUBCASE("a visit to all keys shows what is in it, and leaves it") {
    std::size_t seen = 0;
    keyspace.for_each(
        [&](const Entry& entry) { seen = SetView(PlainEntry(entry)->collection_view()).size(); });
    CHECK(seen == 40);
    CHECK(values() == 1);
  }
}

TEST_CASE_FIXTURE(Fixture, "integers of a set, and hashes without deadlines, are compressed too") {
  for (int i = 0; i < 200; ++i) add_member("ints", std::to_string(10'000'000'000 + i));
  const auto set_field = [&](const std::string& key, const std::string& field) {
    CollectionEdit edit(keyspace, Key(key), Type::kHash);
    const HashLimits limits;
    Hash hash(edit, limits);
    hash.set(field, "the same value");
    edit.commit(1);
  };
  for (int i = 0; i < 30; ++i) set_field("hash", "field " + std::to_string(i));
  clock.advance_ms(10'000);
  CHECK(compress_all() == 2);
  CHECK(SetView(keyspace.find(Key("ints"))->collection_view()).contains(SetMember(10'000'000'137)));
  CHECK(keyspace.find(Key("ints"))->collection_encoding() == CollectionEncoding::kIntSet);
  CHECK(HashView(keyspace.find(Key("hash"))->collection_view()).size() == 30);
}

TEST_CASE_FIXTURE(Fixture, "the digest of a dataset does not depend on what is compressed") {
  for (int i = 0; i < 50; ++i) {
    const std::size_t bytes = 100 + 90 * static_cast<std::size_t>(i);
    set("string " + std::to_string(i), compressible(bytes, i));
  }
  for (int i = 0; i < 500; ++i) {
    add_member("set " + std::to_string(i % 9), "member number " + std::to_string(i));
  }
  const Sha1::Digest plain = dataset_digest(databases);
  clock.advance_ms(20'000);
  CHECK(compress_all() > 40);
  CHECK(dataset_digest(databases) == plain);
  CHECK(databases.compressed().collections > 0);
}

TEST_CASE_FIXTURE(Fixture, "random writes, deletes and walks agree with a model") {
  Rng rng(7);
  std::map<std::string, std::string> model;
  for (int i = 0; i < 20'000; ++i) {
    const std::string key = "key " + std::to_string(rng() % 60);
    const std::size_t size = 1 + rng() % (rng() % 10 == 0 ? 20'000 : 1500);
    switch (rng() % 6) {
      case 0:
        model[key] = rng() % 4 == 0 ? incompressible(size, static_cast<unsigned>(i) + 1)
                                    : compressible(size, i);
        set(key, model[key]);
        break;
      case 1: {
        std::string& value = model[key];
        const std::size_t before = value.size();
        value.resize(size);
        char* bytes = keyspace.edit_string(Key(key), size);
        if (size > before) std::fill(bytes + before, bytes + size, 'x');
        if (size > before)
          std::fill(value.begin() + static_cast<std::ptrdiff_t>(before), value.end(), 'x');
        break;
      }
      case 2: CHECK(keyspace.erase(Key(key)) == (model.erase(key) == 1)); break;
      case 3:
        for (int step = 0; step < 100; ++step) walk.step(64);
        break;
      case 4: keyspace.evacuate_step(16); break;
      default: {
        const Entry* entry = keyspace.find(Key(key));
        REQUIRE((entry != nullptr) == model.contains(key));
        if (entry != nullptr) CHECK((StringView(*entry).bytes() == model[key]));
      }
    }
  }
  CHECK(values() > 0);
  for (const auto& [key, value] : model) CHECK((get(key) == value));
  for (const auto& [key, value] : model) keyspace.erase(Key(key));
  CHECK(databases.compressed().plain_bytes == 0);
  CHECK(databases.compressed().stored_bytes == 0);
}
