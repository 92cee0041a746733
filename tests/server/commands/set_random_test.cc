#include <doctest/doctest.h>

#include "tests/server/commands/set_commands_fixture.h"

using namespace tarn;

namespace {

using Encoding = CollectionEncoding;

}  // namespace

TEST_CASE("SPOP removes what it returns") {
  SetServer server;
  server.run("SADD s a b c");
  server.events();
  std::string popped;
  for (int i = 0; i < 3; ++i) popped += server.sorted("SPOP s");
  std::sort(popped.begin(), popped.end());
  CHECK(popped == "abc");
  CHECK(server.events() == "spop s, spop s, spop s, del s");
  CHECK(server.run("SPOP s") == "$-1");
  CHECK(server.run("SPOP s 2") == "*0");
  CHECK(server.events().empty());
}

TEST_CASE("SPOP with a count returns so many, or all") {
  for (const int size : {10, 100, 1000}) {
    for (const int count : {1, 2, size / 4, size / 2, size - 1}) {
      SetServer server;
      server.fill("s", "m", 0, size);
      std::istringstream popped(server.sorted("SPOP s " + std::to_string(count)));
      int seen = 0;
      for (std::string member; popped >> member; ++seen) {
        CHECK(server.run("SISMEMBER s " + member) == ":0");
      }
      CHECK(seen == count);
      CHECK(server.run("SCARD s") == ":" + std::to_string(size - count));
    }
  }
  SetServer server;
  server.run("SADD s 1 2 3");
  server.events();
  CHECK(server.run("SPOP s 0") == "*0");
  CHECK(server.events().empty());
  CHECK(server.run("SPOP s 100") == "*3 $1 1 $1 2 $1 3");
  CHECK(server.events() == "spop s, del s");
}

TEST_CASE("what SPOP leaves of a large set may be small again") {
  SetServer server;
  server.fill("s", "m", 0, 1000);
  server.run("SPOP s 500");
  CHECK(server.encoding("s") == Encoding::kLarge);
  server.run("SPOP s 490");
  CHECK(server.encoding("s") == Encoding::kPacked);
  CHECK(server.run("SCARD s") == ":10");
}

TEST_CASE("SRANDMEMBER removes nothing") {
  SetServer server;
  CHECK(server.run("SRANDMEMBER s") == "$-1");
  CHECK(server.run("SRANDMEMBER s 3") == "*0");
  CHECK(server.run("SRANDMEMBER s -3") == "*0");
  for (const int size : {10, 100, 1000}) {
    server.fill("s", "m", 0, size);
    CHECK(server.sorted("SRANDMEMBER s " + std::to_string(size + 5)) ==
          server.sorted("SMEMBERS s"));
    CHECK(server.run("SRANDMEMBER s 7").starts_with("*7 "));
    CHECK(server.run("SRANDMEMBER s -" + std::to_string(3 * size))
              .starts_with("*" + std::to_string(3 * size) + " "));
    CHECK(server.run("SRANDMEMBER s 0") == "*0");
    CHECK(server.run("SCARD s") == ":" + std::to_string(size));
  }
}

TEST_CASE("counts are checked before the key is looked at") {
  SetServer server;
  server.run("SET str x");
  for (const char* line : {"SPOP str -1", "SPOP str x", "SPOP missing 9223372036854775808"}) {
    CAPTURE(line);
    CHECK(server.run(line) == "-ERR value is out of range, must be positive");
  }
  CHECK(server.run("SPOP str 1 2") == "-ERR syntax error");
  CHECK(server.run("SRANDMEMBER str x") == "-ERR value is not an integer or out of range");
  CHECK(server.run("SRANDMEMBER str -9223372036854775808") ==
        "-ERR value is out of range, value must between -9223372036854775807 and "
        "9223372036854775807");
  CHECK(server.run("SRANDMEMBER str 1 2") == "-ERR syntax error");
}
