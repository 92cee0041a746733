// What memcached's protocol keeps beside a string: client flags, CAS, marks.

#include <doctest/doctest.h>

#include <string>

#include "core/keyspace/databases.h"

using namespace tarn;

namespace {

struct Fixture {
  FakeClock clock;
  Databases databases{clock, 2};
  Keyspace& keyspace = databases[0];

  const Entry& at(std::string_view key) { return *keyspace.peek(Key(key)); }
  std::string get(std::string_view key) {
    return std::string(StringView(*keyspace.peek(Key(key))).bytes());
  }
};

const std::string kValues[] = {"", "12345", "text", std::string(500, 't'), std::string(5000, 'b')};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "every combination of deadline, client flags and CAS keeps its place") {
  constexpr std::uint32_t kFlags = 0xfedcba98;
  for (const std::string& value : kValues) {
    for (unsigned with = 0; with < 8; ++with) {
      const Key key("key");
      const Ttl ttl = (with & 1) != 0 ? Ttl::until(clock.now_ms() + 5000) : Ttl::none();
      const std::uint32_t flags = (with & 2) != 0 ? kFlags : 0;
      keyspace.set_string(key, value, ttl, {.client_flags = flags, .with_cas = (with & 4) != 0});
      CHECK(get("key") == value);
      CHECK(at("key").client_flags() == flags);
      CHECK(at("key").has_cas() == ((with & 4) != 0));
      const std::uint64_t cas = keyspace.cas(key);
      CHECK(cas != 0);
      keyspace.set_deadline(key, clock.now_ms() + 7000);
      CHECK(at("key").deadline_ms() == clock.now_ms() + 7000);
      CHECK(at("key").client_flags() == flags);
      CHECK(keyspace.cas(key) == cas);
      CHECK(keyspace.clear_deadline(key));
      CHECK(at("key").client_flags() == flags);
      CHECK(keyspace.cas(key) == cas);
      CHECK(get("key") == value);
    }
  }
}

TEST_CASE_FIXTURE(Fixture, "an item without flags and without questions for its CAS pays nothing") {
  keyspace.set_string(Key("plain"), "value", Ttl::none());
  keyspace.set_string(Key("asked"), "value", Ttl::none());
  keyspace.cas(Key("asked"));
  CHECK(at("asked").bytes() == at("plain").bytes() + 8);
  keyspace.set_string(Key("asked"), "other", Ttl::none());
  CHECK(at("asked").bytes() == at("plain").bytes());
}

TEST_CASE_FIXTURE(Fixture, "every write makes a version with a CAS of its own") {
  const Key key("key");
  for (const std::string& value : kValues) {
    keyspace.set_string(key, value, Ttl::none());
    const std::uint64_t set = keyspace.cas(key);
    CHECK(keyspace.cas(key) == set);
    keyspace.set_string(key, value, Ttl::none());
    const std::uint64_t set_again = keyspace.cas(key);
    CHECK(set_again != set);
    keyspace.edit_string(key, value.size());
    const std::uint64_t edited = keyspace.cas(key);
    CHECK(edited != set_again);
    keyspace.edit_string(key, value.size() + 10);
    CHECK(keyspace.cas(key) != edited);
  }
  const std::uint64_t before = keyspace.cas(key);
  keyspace.erase(key);
  keyspace.set_string(key, "anew", Ttl::none());
  CHECK(keyspace.cas(key) != before);
}

TEST_CASE_FIXTURE(Fixture, "a later server hands out no number again") {
  keyspace.set_string(Key("key"), "value", Ttl::none());
  std::uint64_t last = 0;
  for (int i = 0; i < 1000; ++i) {
    keyspace.edit_string(Key("key"), 5);
    last = keyspace.cas(Key("key"));
  }
  clock.advance_ms(2);
  Databases later(clock, 1);
  later[0].set_string(Key("key"), "value", Ttl::none());
  CHECK(later[0].cas(Key("key")) > last);
}

TEST_CASE_FIXTURE(Fixture, "editing keeps client flags, setting does not") {
  for (const std::string& value : kValues) {
    keyspace.set_string(Key("key"), value, Ttl::none(), {.client_flags = 7});
    keyspace.edit_string(Key("key"), value.size() + 1);
    CHECK(at("key").client_flags() == 7);
    keyspace.set_string(Key("key"), value, Ttl::keep());
    CHECK(at("key").client_flags() == 0);
  }
}

TEST_CASE_FIXTURE(Fixture,
                  "a value that became stale is another version, of which observers hear") {
  const Key key("key");
  keyspace.set_string(key, "value", Ttl::until(clock.now_ms() + 1000), {.client_flags = 9});
  const std::uint64_t cas = keyspace.cas(key);
  const std::uint64_t changes = databases.stats().changes;
  keyspace.make_stale(key);
  CHECK(databases.stats().changes == changes + 1);
  CHECK(keyspace.cas(key) != cas);
  CHECK(at("key").stale());
  CHECK(at("key").value() == "value");
  CHECK(at("key").client_flags() == 9);
  CHECK(at("key").deadline_ms() == clock.now_ms() + 1000);
  keyspace.peek(key)->mark_won();
  keyspace.make_stale(key);
  CHECK_FALSE(at("key").won());
}

TEST_CASE_FIXTURE(Fixture, "marks end with the version, and copies stay stale") {
  const Key key("key");
  keyspace.set_string(key, "value", Ttl::none(), {.client_flags = 9});
  Entry* entry = keyspace.peek(key);
  entry->mark_fetched();
  entry->mark_won();
  entry->mark_stale();
  CHECK(entry->stale());
  CHECK_FALSE(entry->won());
  keyspace.set_deadline(key, clock.now_ms() + 1000);
  CHECK(at("key").stale());
  CHECK(at("key").fetched());

  keyspace.put_copy(Key("copy"), at("key"));
  CHECK(at("copy").stale());
  CHECK(at("copy").client_flags() == 9);
  keyspace.put_moved(Key("moved"), keyspace, Key("copy"));
  CHECK(at("moved").stale());
  CHECK(at("moved").client_flags() == 9);

  keyspace.edit_string(key, 5);
  CHECK_FALSE(at("key").stale());
  CHECK_FALSE(at("key").fetched());
  keyspace.set_string(Key("moved"), "anew", Ttl::none());
  CHECK_FALSE(at("moved").stale());
}
