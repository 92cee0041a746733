#include <doctest/doctest.h>

#include "tests/server/commands/set_commands_fixture.h"

using namespace tarn;

namespace {

using Encoding = CollectionEncoding;

struct Server : SetServer {
  Server() {
    run("SADD a 1 2 3 x y");
    run("SADD b 2 3 4 y z");
    run("SADD c 3 y");
    events();
  }
};

}  // namespace

TEST_CASE("SINTER, SUNION and SDIFF combine sets") {
  Server server;
  CHECK(server.sorted("SINTER a b") == "2 3 y");
  CHECK(server.sorted("SINTER a b c") == "3 y");
  CHECK(server.run("SINTER a missing") == "*0");
  CHECK(server.sorted("SUNION a b c missing") == "1 2 3 4 x y z");
  CHECK(server.run("SUNION missing") == "*0");
  CHECK(server.sorted("SDIFF a b") == "1 x");
  CHECK(server.sorted("SDIFF a missing c") == "1 2 x");
  CHECK(server.run("SDIFF missing a") == "*0");
}

TEST_CASE("SINTERCARD counts up to a limit") {
  Server server;
  CHECK(server.run("SINTERCARD 2 a b") == ":3");
  CHECK(server.run("SINTERCARD 2 a b LIMIT 2") == ":2");
  CHECK(server.run("SINTERCARD 2 a b LIMIT 0") == ":3");
  CHECK(server.run("SINTERCARD 1 a LIMIT 4") == ":4");
  CHECK(server.run("SINTERCARD 2 a missing") == ":0");
  CHECK(server.run("SINTERCARD 0 a") == "-ERR numkeys should be greater than 0");
  CHECK(server.run("SINTERCARD 2 a") == "-ERR Number of keys can't be greater than number of args");
  CHECK(server.run("SINTERCARD 1 a LIMIT -1") == "-ERR LIMIT can't be negative");
  CHECK(server.run("SINTERCARD 1 a LIMIT") == "-ERR syntax error");

  server.fill("l", "m", 0, 3000);
  server.fill("m", "m", 1000, 3000);
  CHECK(server.run("SINTERCARD 2 l m") == ":2000");
  CHECK(server.run("SINTERCARD 2 l m LIMIT 100") == ":100");
  CHECK(server.run("SINTERCARD 2 l m LIMIT 5000") == ":2000");
}

TEST_CASE("results are stored in place of what a key held") {
  Server server;
  server.run("SET d x EX 100");
  server.events();
  CHECK(server.run("SINTERSTORE d a b") == ":3");
  CHECK(server.events() == "sinterstore d");
  CHECK(server.sorted("SMEMBERS d") == "2 3 y");
  CHECK(server.deadline_ms("d") == 0);
  CHECK(server.run("SUNIONSTORE d a b") == ":7");
  CHECK(server.events() == "sunionstore d");
  CHECK(server.run("SDIFFSTORE d a b") == ":2");
  CHECK(server.events() == "sdiffstore d");
  CHECK(server.sorted("SMEMBERS d") == "1 x");
}

TEST_CASE("an empty result deletes the destination") {
  Server server;
  for (const char* line :
       {"SINTERSTORE d a missing", "SUNIONSTORE d missing", "SDIFFSTORE d a a"}) {
    CAPTURE(line);
    server.run("SET d x");
    server.events();
    CHECK(server.run(line) == ":0");
    CHECK(server.events() == "del d");
    CHECK(server.run("EXISTS d") == ":0");
    CHECK(server.run(line) == ":0");
    CHECK(server.events().empty());
  }
}

TEST_CASE("the destination may be a source") {
  Server server;
  server.fill("l", "m", 0, 1000);
  server.fill("m", "m", 500, 1000);
  CHECK(server.run("SUNIONSTORE l l m") == ":1500");
  CHECK(server.run("SINTERSTORE m l m") == ":1000");
  CHECK(server.run("SDIFFSTORE l l m") == ":500");
  CHECK(server.run("SCARD l") == ":500");
  CHECK(server.run("SDIFFSTORE l l l") == ":0");
  CHECK(server.run("EXISTS l") == ":0");
}

TEST_CASE("a wrong type among the sources leaves everything as it is") {
  Server server;
  server.run("SET str x");
  server.run("SADD d 1");
  server.events();
  for (const char* line :
       {"SINTERSTORE d missing str", "SUNIONSTORE d a str", "SDIFFSTORE d missing str"}) {
    CAPTURE(line);
    CHECK(server.run(line).starts_with("-WRONGTYPE"));
  }
  CHECK(server.run("SMEMBERS d") == "*1 $1 1");
  CHECK(server.events().empty());
}

TEST_CASE("a result is stored as if its members had been added") {
  Server server;
  server.run("SADD i 1 2 3");
  server.run("SUNIONSTORE d i");
  CHECK(server.encoding("d") == Encoding::kIntSet);
  server.run("SINTERSTORE d a i");
  CHECK(server.encoding("d") == Encoding::kIntSet);
  server.run("SUNIONSTORE d a b");
  CHECK(server.encoding("d") == Encoding::kPacked);
  server.fill("l", "m", 0, 1000);
  server.run("SUNIONSTORE d l i");
  CHECK(server.encoding("d") == Encoding::kLarge);
  server.run("SADD few m1 m2");
  server.run("SINTERSTORE d l few");
  CHECK(server.encoding("d") == Encoding::kPacked);
}
