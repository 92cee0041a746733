#include <doctest/doctest.h>

#include "server/commands/families.h"
#include "tests/server/engine/command_fixture.h"

using namespace tarn;

namespace {

struct Server : CommandFixture {
  Server()
      : CommandFixture({key_commands(), key_expiry_commands(), database_commands(),
                        string_commands(), string_set_commands()}) {}
};

}  // namespace

TEST_CASE("the four ways of setting a deadline and of asking for it") {
  Server server;  // at 1'700'000'000'000 ms
  server.run("SET k v");
  CHECK(server.run("TTL k") == ":-1");
  CHECK(server.run("PTTL k") == ":-1");
  CHECK(server.run("EXPIRETIME k") == ":-1");
  CHECK(server.run("PEXPIRETIME k") == ":-1");
  CHECK(server.run("EXPIRE k 10") == ":1");
  CHECK(server.run("PEXPIRETIME k") == ":1700000010000");
  CHECK(server.run("PEXPIRE k 10") == ":1");
  CHECK(server.run("PTTL k") == ":10");
  CHECK(server.run("EXPIREAT k 1700000100") == ":1");
  CHECK(server.run("TTL k") == ":100");
  CHECK(server.run("PEXPIREAT k 1700000100499") == ":1");
  CHECK(server.run("TTL k") == ":100");
  CHECK(server.run("EXPIRETIME k") == ":1700000100");
  CHECK(server.run("PEXPIREAT k 1700000100500") == ":1");
  CHECK(server.run("TTL k") == ":101");
  CHECK(server.run("EXPIRETIME k") == ":1700000101");
}

TEST_CASE("a missing key has no time and takes none") {
  Server server;
  for (const char* command : {"TTL k", "PTTL k", "EXPIRETIME k", "PEXPIRETIME k"}) {
    CHECK(server.run(command) == ":-2");
  }
  CHECK(server.run("EXPIRE k 10") == ":0");
  CHECK(server.run("EXPIRE k -1") == ":0");
  CHECK(server.run("PERSIST k") == ":0");
}

TEST_CASE("a deadline that has passed deletes at once") {
  Server server;
  for (const char* command :
       {"EXPIRE k 0", "EXPIRE k -5", "PEXPIRE k 0", "EXPIREAT k 0", "PEXPIREAT k 1700000000000"}) {
    server.run("SET k v");
    CHECK(server.run(command) == ":1");
    CHECK(server.databases[0].size() == 0);
  }
}

TEST_CASE("keys are gone at their deadline, not before") {
  Server server;
  server.run("SET k v PX 10");
  server.clock.advance_ms(9);
  CHECK(server.run("PTTL k") == ":1");
  server.clock.advance_ms(1);
  CHECK(server.run("PTTL k") == ":-2");
}

TEST_CASE("NX, XX, GT and LT") {
  Server server;
  server.run("SET k v");
  CHECK(server.run("EXPIRE k 100 XX") == ":0");
  CHECK(server.run("EXPIRE k 100 GT") == ":0");
  CHECK(server.run("EXPIRE k 100 XX LT") == ":0");
  CHECK(server.run("EXPIRE k 100 NX") == ":1");
  CHECK(server.run("EXPIRE k 200 nx") == ":0");
  CHECK(server.run("EXPIRE k 100 GT") == ":0");
  CHECK(server.run("EXPIRE k 101 gt xx") == ":1");
  CHECK(server.run("EXPIRE k 101 LT") == ":0");
  CHECK(server.run("EXPIRE k 100 LT LT") == ":1");
  CHECK(server.run("EXPIRE k 50 XX") == ":1");
  CHECK(server.run("PERSIST k") == ":1");
  CHECK(server.run("EXPIRE k 70 LT") == ":1");
  CHECK(server.run("TTL k") == ":70");
  CHECK(server.run("EXPIRE k 0 GT") == ":0");
  CHECK(server.run("EXPIRE k 0 LT") == ":1");
  CHECK(server.run("EXISTS k") == ":0");
}

TEST_CASE("EXPIRE's errors: options first, then the amount, then the key") {
  Server server;
  const std::string not_integer = "-ERR value is not an integer or out of range";
  CHECK(server.run("EXPIRE k x FOO") == "-ERR Unsupported option FOO");
  CHECK(server.run("EXPIRE k x NX XX") ==
        "-ERR NX and XX, GT or LT options at the same time are not compatible");
  CHECK(server.run("EXPIRE k x NX GT LT") ==
        "-ERR NX and XX, GT or LT options at the same time are not compatible");
  CHECK(server.run("EXPIRE k x GT LT") ==
        "-ERR GT and LT options at the same time are not compatible");
  CHECK(server.run("EXPIRE k x") == not_integer);
  CHECK(server.run("EXPIRE k 1.0") == not_integer);
  CHECK(server.run("EXPIRE k 9223372036854775808") == not_integer);
  CHECK(server.run("EXPIRE k 9223372036854775") == "-ERR invalid expire time in 'expire' command");
  CHECK(server.run("EXPIRE k -9223372036854776") == "-ERR invalid expire time in 'expire' command");
  CHECK(server.run("PEXPIRE k 9223372036854775807") ==
        "-ERR invalid expire time in 'pexpire' command");
  CHECK(server.run("EXPIREAT k 9223372036854776") ==
        "-ERR invalid expire time in 'expireat' command");
}

TEST_CASE("the farthest deadline") {
  Server server;
  server.run("SET k v");
  CHECK(server.run("PEXPIREAT k 9223372036854775807") == ":1");
  CHECK(server.run("PEXPIRETIME k") == ":9223372036854775807");
  CHECK(server.run("EXPIRETIME k") == ":9223372036854776");
  CHECK(server.run("TTL k") == ":9223370336854776");
  server.run("SET k w");
  CHECK(server.run("PEXPIREAT k -9223372036854775808") == ":1");
  CHECK(server.run("EXISTS k") == ":0");
}

TEST_CASE("PERSIST removes the deadline once") {
  Server server;
  server.run("SET k v EX 10");
  CHECK(server.run("PERSIST k") == ":1");
  CHECK(server.run("PERSIST k") == ":0");
  server.clock.advance_ms(20'000);
  CHECK(server.run("GET k") == "$1 v");
}
