#include "core/keyspace/dataset_digest.h"

#include <doctest/doctest.h>

#include <string>

#include "core/base/clock.h"

using namespace tarn;

// The expected digests are Redis 7.0.15's.

TEST_CASE("the digest of a dataset") {
  FakeClock clock;
  Databases databases(clock, 16);
  CHECK(to_hex(dataset_digest(databases)) == std::string(40, '0'));
  databases[0].set_string(Key("a"), "1", Ttl::none());
  databases[0].set_string(Key("b"), "2", Ttl::none());
  CHECK(to_hex(dataset_digest(databases)) == "7dff4aa4711992a6870417c26949f355d23a7cac");
  databases.flush(0);
  CHECK(to_hex(dataset_digest(databases)) == std::string(40, '0'));
}

TEST_CASE("a database whose keys are all due is empty to the digest") {
  FakeClock clock;
  Databases databases(clock, 2);
  databases[1].set_string(Key("a"), "1", Ttl::until(clock.now_ms() + 10));
  CHECK(to_hex(dataset_digest(databases)) != std::string(40, '0'));
  clock.advance_ms(10);
  CHECK(to_hex(dataset_digest(databases)) == std::string(40, '0'));
}

TEST_CASE("the digest of a value depends on its bytes only, and on having a deadline") {
  FakeClock clock;
  Databases databases(clock, 2);
  Keyspace& keyspace = databases[0];
  keyspace.set_string(Key("a"), "1", Ttl::none());
  CHECK(to_hex(value_digest(*keyspace.peek(Key("a")))) ==
        "b4fc66738120fba0b5aa500ab5c2bf89cea1c5da");
  *keyspace.edit_string(Key("b"), 1) = '1';
  CHECK(value_digest(*keyspace.peek(Key("a"))) == value_digest(*keyspace.peek(Key("b"))));
  keyspace.set_deadline(Key("a"), clock.now_ms() + 1000);
  const Sha1::Digest with_deadline = value_digest(*keyspace.peek(Key("a")));
  CHECK(with_deadline != value_digest(*keyspace.peek(Key("b"))));
  keyspace.set_deadline(Key("a"), clock.now_ms() + 5000);
  CHECK(value_digest(*keyspace.peek(Key("a"))) == with_deadline);
}
