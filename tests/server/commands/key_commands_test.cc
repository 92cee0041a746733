#include <doctest/doctest.h>

#include "server/commands/families.h"
#include "tests/server/engine/command_fixture.h"

using namespace tarn;

namespace {

struct Server : CommandFixture {
  Server()
      : CommandFixture({key_commands(), key_expiry_commands(), object_commands(),
                        database_commands(), string_commands(), string_set_commands(),
                        string_multi_commands()}) {}
};

}  // namespace

TEST_CASE("DEL, UNLINK, EXISTS and TOUCH count keys") {
  Server server;
  server.run("SET a 1");
  server.run("SET b 2");
  CHECK(server.run("EXISTS a b nothing a") == ":3");
  CHECK(server.run("TOUCH a b nothing a") == ":3");
  CHECK(server.run("DEL a nothing a") == ":1");
  CHECK(server.run("UNLINK a b") == ":1");
  CHECK(server.run("DBSIZE") == ":0");
}

TEST_CASE("EXISTS and TYPE count as lookups but not as uses; TOUCH is a use") {
  Server server;
  server.run("SET k v");
  server.clock.advance_ms(10'000);
  server.run("EXISTS k nothing");
  server.run("TYPE k");
  CHECK(server.databases.stats().hits == 2);
  CHECK(server.databases.stats().misses == 1);
  CHECK(server.run("OBJECT IDLETIME k") == ":10");
  server.run("TOUCH k");
  CHECK(server.run("OBJECT IDLETIME k") == ":0");
}

TEST_CASE("TYPE names the type") {
  Server server;
  server.run("SET k v PX 5");
  CHECK(server.run("TYPE k") == "+string");
  server.clock.advance_ms(5);
  CHECK(server.run("TYPE k") == "+none");
}

TEST_CASE("COPY takes value and deadline along, and replaces only if told to") {
  Server server;
  server.run("SET a v EX 100");
  CHECK(server.run("COPY a b") == ":1");
  CHECK(server.run("GET b") == "$1 v");
  CHECK(server.run("TTL b") == ":100");
  server.run("SET b other");
  CHECK(server.run("COPY a b") == ":0");
  CHECK(server.run("GET b") == "$5 other");
  CHECK(server.run("COPY a b REPLACE") == ":1");
  CHECK(server.run("GET b") == "$1 v");
  CHECK(server.run("COPY nothing c") == ":0");
}

TEST_CASE("COPY into another database") {
  Server server;
  server.run("SET a v");
  CHECK(server.run("COPY a a db 3 replace") == ":1");
  CHECK(server.databases[3].size() == 1);
  CHECK(server.run("COPY a a DB 3") == ":0");
  server.run("SELECT 3");
  CHECK(server.run("GET a") == "$1 v");
}

TEST_CASE("COPY's errors, the first of which counts") {
  Server server;
  CHECK(server.run("COPY a a") == "-ERR source and destination objects are the same");
  CHECK(server.run("COPY a a DB 0") == "-ERR source and destination objects are the same");
  CHECK(server.run("COPY a a FOO") == "-ERR syntax error");
  CHECK(server.run("COPY a b DB") == "-ERR syntax error");
  CHECK(server.run("COPY a b DB 16 FOO") == "-ERR DB index is out of range");
  CHECK(server.run("COPY a b FOO DB 16") == "-ERR syntax error");
  CHECK(server.run("COPY a b DB x") == "-ERR value is not an integer or out of range");
  CHECK(server.run("COPY a b DB 4294967296") ==
        "-ERR value is out of range, value must between -2147483648 and 2147483647");
}

TEST_CASE("RENAME replaces the target with its deadline") {
  Server server;
  server.run("SET a v EX 100");
  server.run("SET b w EX 500");
  CHECK(server.run("RENAME a b") == "+OK");
  CHECK(server.run("EXISTS a") == ":0");
  CHECK(server.run("GET b") == "$1 v");
  CHECK(server.run("TTL b") == ":100");
  server.run("SET c x");
  CHECK(server.run("RENAME c b") == "+OK");
  CHECK(server.run("TTL b") == ":-1");
  CHECK(server.run("RENAME b b") == "+OK");
  CHECK(server.run("RENAME nothing nothing") == "-ERR no such key");
}

TEST_CASE("RENAMENX leaves an existing target alone") {
  Server server;
  server.run("SET a v");
  server.run("SET b w");
  CHECK(server.run("RENAMENX a b") == ":0");
  CHECK(server.run("RENAMENX a a") == ":0");
  CHECK(server.run("RENAMENX a c") == ":1");
  CHECK(server.run("MGET a b c") == "*3 $-1 $1 w $1 v");
  CHECK(server.run("RENAMENX nothing d") == "-ERR no such key");
}

TEST_CASE("RENAME of values of every size") {
  Server server;
  for (const std::size_t size : std::vector<std::size_t>{0, 1, 100, 1000, 100'000}) {
    const std::string value(size, 'x');
    server.run({"SET", "a", value, "EX", "10"});
    server.run("RENAME a b");
    CHECK(server.databases[0].size() == 1);
    CHECK(server.run("STRLEN b") == ":" + std::to_string(size));
    CHECK(server.run("TTL b") == ":10");
  }
}

TEST_CASE("MOVE") {
  Server server;
  server.run("SET a v EX 100");
  server.run("SET b w");
  CHECK(server.run("MOVE a 1") == ":1");
  CHECK(server.run("MOVE a 1") == ":0");
  CHECK(server.run("MOVE b 0") == "-ERR source and destination objects are the same");
  CHECK(server.run("MOVE nothing 0") == "-ERR source and destination objects are the same");
  CHECK(server.run("MOVE b 16") == "-ERR DB index is out of range");
  CHECK(server.run("MOVE b x") == "-ERR value is not an integer or out of range");
  server.run("SELECT 1");
  CHECK(server.run("TTL a") == ":100");
  server.run("SET b z");
  CHECK(server.run("MOVE b 0") == ":0");
  CHECK(server.databases[0].size() == 1);
  CHECK(server.databases[1].size() == 2);
}

TEST_CASE("a moved or renamed key keeps its age, a copy is new") {
  Server server;
  server.run("SET a v");
  server.run("SET b v");
  server.databases.access_policy().tracks_frequency = true;
  server.databases[0].peek(Key("a"))->set_access(200);
  server.run("RENAME a c");
  CHECK((server.databases[0].peek(Key("c"))->access() & 0xff) <= 201);
  CHECK(server.run("COPY b d") == ":1");
  CHECK(server.run("OBJECT FREQ d") == ":5");
}
