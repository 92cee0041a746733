#include <doctest/doctest.h>

#include "server/commands/families.h"
#include "tests/server/engine/command_fixture.h"

using namespace tarn;

namespace {

struct Server : CommandFixture {
  Server() : CommandFixture({database_commands(), string_commands(), string_set_commands()}) {}
};

}  // namespace

TEST_CASE("SELECT chooses a database") {
  Server server;
  server.run("SET k zero");
  CHECK(server.run("SELECT 15") == "+OK");
  CHECK(server.run("GET k") == "$-1");
  CHECK(server.run("SELECT 16") == "-ERR DB index is out of range");
  CHECK(server.run("SELECT -1") == "-ERR DB index is out of range");
  CHECK(server.run("SELECT x") == "-ERR value is not an integer or out of range");
  CHECK(server.run("SELECT 2147483648") ==
        "-ERR value is out of range, value must between -2147483648 and 2147483647");
  CHECK(server.session.db == 15);
}

TEST_CASE("FLUSHDB empties one database, FLUSHALL all") {
  Server server;
  server.run("SET k zero");
  server.run("SELECT 1");
  server.run("SET k one");
  CHECK(server.run("FLUSHDB") == "+OK");
  CHECK(server.run("DBSIZE") == ":0");
  server.run("SELECT 0");
  CHECK(server.run("DBSIZE") == ":1");
  CHECK(server.run("FLUSHDB SYNC ASYNC") == "-ERR syntax error");
  CHECK(server.run("FLUSHALL FOO") == "-ERR syntax error");
  CHECK(server.run("DBSIZE") == ":1");
  CHECK(server.run("FLUSHALL async") == "+OK");
  CHECK(server.run("DBSIZE") == ":0");
  CHECK(server.run("FLUSHALL SYNC") == "+OK");
}

TEST_CASE("SWAPDB exchanges databases under those who selected them") {
  Server server;
  server.run("SET k zero");
  CHECK(server.run("SWAPDB 0 3") == "+OK");
  CHECK(server.run("GET k") == "$-1");
  CHECK(server.databases[3].size() == 1);
  CHECK(server.databases[3].index() == 3);
  CHECK(server.run("SWAPDB 3 0") == "+OK");
  CHECK(server.run("GET k") == "$4 zero");
  CHECK(server.run("SWAPDB 0 0") == "+OK");
  CHECK(server.run("GET k") == "$4 zero");
}

TEST_CASE("SWAPDB's errors") {
  Server server;
  CHECK(server.run("SWAPDB x y") == "-ERR invalid first DB index");
  CHECK(server.run("SWAPDB 4294967296 y") == "-ERR invalid first DB index");
  CHECK(server.run("SWAPDB 99 y") == "-ERR invalid second DB index");
  CHECK(server.run("SWAPDB 99 0") == "-ERR DB index is out of range");
  CHECK(server.run("SWAPDB 0 -1") == "-ERR DB index is out of range");
}
