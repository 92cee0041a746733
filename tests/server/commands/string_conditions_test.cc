#include <doctest/doctest.h>

#include "server/commands/families.h"
#include "tests/server/engine/command_fixture.h"

namespace tarn {
namespace {

constexpr const char* kWrongTypeReply =
    "-WRONGTYPE Operation against a key holding the wrong kind of value";

struct Server : CommandFixture {
  Server()
      : CommandFixture({string_commands(), string_set_commands(), string_condition_commands()}) {
    put_list("l");
  }
};

}  // namespace

TEST_CASE("DIGEST") {
  Server server;
  server.run("SET k \"Hello world\"");
  server.run("SET i 12345");
  server.run("SET s 123");
  server.run("APPEND s 45");
  CHECK(server.run("DIGEST k") == "$16 b6acb9d84a38ff74");
  CHECK(server.run("DIGEST i") == server.run("DIGEST s"));
  CHECK(server.run("DIGEST i") != server.run("DIGEST k"));
  CHECK(server.run("DIGEST missing") == "$-1");
  CHECK(server.run("DIGEST l") == kWrongTypeReply);
}

TEST_CASE("DELEX: without a condition deletes any type") {
  Server server;
  server.run("SET k v");
  CHECK(server.run("DELEX k") == ":1");
  CHECK(server.run("DELEX k") == ":0");
  CHECK(server.run("DELEX l") == ":1");
}

TEST_CASE("DELEX: with one") {
  Server server;
  server.run("SET k 5");
  CHECK(server.run("DELEX k IFEQ 6") == ":0");
  CHECK(server.run("DELEX k IFNE 5") == ":0");
  CHECK(server.run("DELEX k IFEQ 5") == ":1");
  server.run("SET k 5");
  CHECK(server.run("DELEX k IFNE 6") == ":1");
  server.run("SET k \"Hello world\"");
  CHECK(server.run("DELEX k IFDNE B6acb9d84a38ff74") == ":0");
  CHECK(server.run("DELEX k IFDEQ B6acb9d84a38ff74") == ":1");
  CHECK(server.run("DELEX k IFNE 5") == ":0");
}

TEST_CASE("DELEX: errors") {
  Server server;
  const char* wrong_count = "-ERR wrong number of arguments for 'delex' command";
  CHECK(server.run("DELEX k IFEQ") == wrong_count);
  CHECK(server.run("DELEX k IFEQ a b") == wrong_count);
  const char* not_a_string = "-ERR Key should be of string type if conditions are specified";
  CHECK(server.run("DELEX l IFEQ a") == not_a_string);
  CHECK(server.run("DELEX l FOO a") == not_a_string);
  server.run("SET k v");
  CHECK(server.run("DELEX k FOO v") == "-ERR Invalid condition. Use IFEQ, IFNE, IFDEQ, or IFDNE");
  CHECK(server.run("DELEX k IFDEQ abc") == "-ERR must be exactly 16 hexadecimal characters");
  CHECK(server.run("DELEX k IFDNE abc") == "-ERR must be exactly 16 hexadecimal characters");
  CHECK(server.run("DELEX k IFEQ v") == ":1");
}

TEST_CASE("DELEX: nothing is wrong with the condition on a missing key") {
  Server server;
  CHECK(server.run("DELEX k FOO bar") == ":0");
  CHECK(server.run("DELEX k IFDEQ abc") == ":0");
  CHECK(server.run("DELEX k IFDNE abc") == ":0");
}

TEST_CASE("DELEX: of a digest only the length is checked") {
  Server server;
  server.run("SET k v");
  CHECK(server.run("DELEX k IFDEQ zzzzzzzzzzzzzzzz") == ":0");
  CHECK(server.run("DELEX k IFDNE zzzzzzzzzzzzzzzz") == ":1");
}

TEST_CASE("DELIFEQ") {
  Server server;
  server.run("SET k abc123");
  CHECK(server.run("DELIFEQ k xyz") == ":0");
  CHECK(server.run("DELIFEQ k abc123") == ":1");
  CHECK(server.run("DELIFEQ k abc123") == ":0");
  CHECK(server.run("DELIFEQ l items") == kWrongTypeReply);
}

}  // namespace tarn
