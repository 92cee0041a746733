#include <doctest/doctest.h>

#include "server/commands/families.h"
#include "tests/server/engine/command_fixture.h"

namespace tarn {
namespace {

struct Server : CommandFixture {
  Server() : CommandFixture({string_commands(), string_set_commands(), string_multi_commands()}) {
    put_list("l");
  }
};

}  // namespace

TEST_CASE("MGET: other types count as missing") {
  Server server;
  server.run("SET a 1");
  server.run("SET b text");
  CHECK(server.run("MGET a missing b l a") == "*5 $1 1 $-1 $4 text $-1 $1 1");
  server.session.protocol = 3;
  CHECK(server.run("MGET a missing") == "*2 $1 1 _");
}

TEST_CASE("MSET: replaces, the last value of a key counting") {
  Server server;
  server.run("SET a 1 EX 10");
  CHECK(server.run("MSET a 2 b text a 3 l x") == "+OK");
  CHECK(server.run("MGET a b l") == "*3 $1 3 $4 text $1 x");
  CHECK(server.deadline_ms("a") == 0);
  CHECK(server.run("MSET a") == "-ERR wrong number of arguments for 'mset' command");
  CHECK(server.run("MSET a 1 b") == "-ERR wrong number of arguments for 'mset' command");
}

TEST_CASE("MSETNX: all or none") {
  Server server;
  CHECK(server.run("MSETNX a 1 b 2 a 3") == ":1");
  CHECK(server.run("MGET a b") == "*2 $1 3 $1 2");
  CHECK(server.run("MSETNX c 1 a 2") == ":0");
  CHECK(server.run("MSETNX c 1 l 2") == ":0");
  CHECK(server.entry("c") == nullptr);
  CHECK(server.run("MSETNX c 1 d") == "-ERR wrong number of arguments for 'msetnx' command");
}

TEST_CASE("MSETEX: one deadline for all") {
  Server server;
  const std::int64_t now = server.clock.now_ms();
  CHECK(server.run("MSETEX 2 a 1 b 2") == ":1");
  CHECK(server.deadline_ms("a") == 0);
  CHECK(server.run("MSETEX 2 a 1 b 2 EX 10") == ":1");
  CHECK(server.deadline_ms("a") == now + 10'000);
  CHECK(server.deadline_ms("b") == now + 10'000);
  CHECK(server.run("MSETEX 1 a 5 KEEPTTL") == ":1");
  CHECK(server.run("GET a") == "$1 5");
  CHECK(server.deadline_ms("a") == now + 10'000);
  CHECK(server.run("MSETEX 2 a 1 b 2 PXAT 2000000000123") == ":1");
  CHECK(server.deadline_ms("b") == 2'000'000'000'123);
  CHECK(server.run("MSETEX 1 a 5") == ":1");
  CHECK(server.deadline_ms("a") == 0);
}

TEST_CASE("MSETEX: NX and XX are about all keys") {
  Server server;
  CHECK(server.run("MSETEX 2 a 1 b 2 XX") == ":0");
  CHECK(server.run("MSETEX 1 a 1 NX") == ":1");
  CHECK(server.run("MSETEX 2 a 2 b 2 NX") == ":0");
  CHECK(server.run("MSETEX 2 a 2 b 2 XX") == ":0");
  CHECK(server.run("MGET a b") == "*2 $1 1 $-1");
  CHECK(server.run("MSETEX 1 a 2 XX EX 10") == ":1");
  CHECK(server.run("GET a") == "$1 2");
}

TEST_CASE("MSETEX: keys may look like options") {
  Server server;
  CHECK(server.run("MSETEX 2 NX XX EX 5 PX 1000") == ":1");
  CHECK(server.run("MGET NX EX") == "*2 $2 XX $1 5");
}

TEST_CASE("MSETEX: errors") {
  Server server;
  for (const char* count : {"0", "-1", "x", "1.5", "9223372036854775807"}) {
    CAPTURE(count);
    CHECK(server.run({"MSETEX", count, "a", "1"}) == "-ERR invalid numkeys value");
  }
  CHECK(server.run("MSETEX 2 a 1 b") == "-ERR wrong number of key-value pairs");
  CHECK(server.run("MSETEX 1 a 1 b 2") == "-ERR syntax error");
  CHECK(server.run("MSETEX 1 a 1 NX XX") == "-ERR syntax error");
  CHECK(server.run("MSETEX 1 a 1 EX 1 KEEPTTL") == "-ERR syntax error");
  CHECK(server.run("MSETEX 1 a 1 EX") == "-ERR syntax error");
  CHECK(server.run("MSETEX 1 a 1 EX 0") == "-ERR invalid expire time in 'msetex' command");
  CHECK(server.entry("a") == nullptr);
}

}  // namespace tarn
