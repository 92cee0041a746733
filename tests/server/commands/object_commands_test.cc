#include <doctest/doctest.h>

#include "server/commands/families.h"
#include "tests/server/engine/command_fixture.h"

using namespace tarn;

namespace {

struct Server : CommandFixture {
  Server() : CommandFixture({object_commands(), string_commands(), string_set_commands()}) {}
};

}  // namespace

TEST_CASE("OBJECT ENCODING names the encoding that Redis would have chosen") {
  Server server;
  server.run("SET k 9223372036854775807");
  CHECK(server.run("OBJECT ENCODING k") == "$3 int");
  server.run("SET k 9223372036854775808");
  CHECK(server.run("OBJECT ENCODING k") == "$6 embstr");
  server.run("SET k " + std::string(44, 'x'));
  CHECK(server.run("OBJECT ENCODING k") == "$6 embstr");
  server.run("SET k " + std::string(45, 'x'));
  CHECK(server.run("OBJECT ENCODING k") == "$3 raw");
  server.run("SET k " + std::string(100'000, 'x'));
  CHECK(server.run("OBJECT ENCODING k") == "$3 raw");
  server.run("SET k x");
  server.run("APPEND k y");
  CHECK(server.run("OBJECT ENCODING k") == "$3 raw");
}

TEST_CASE("OBJECT REFCOUNT knows the integers that Redis shares") {
  Server server;
  const auto refcount = [&](std::string_view value) {
    server.run({"SET", "k", value});
    return server.run("OBJECT REFCOUNT k");
  };
  CHECK(refcount("0") == ":2147483647");
  CHECK(refcount("9999") == ":2147483647");
  CHECK(refcount("10000") == ":1");
  CHECK(refcount("-1") == ":1");
  CHECK(refcount("text") == ":1");
  server.set_option("maxmemory", "100mb");
  CHECK(refcount("7") == ":2147483647");
  server.set_option("maxmemory-policy", "allkeys-lru");
  CHECK(refcount("7") == ":1");
  server.set_option("maxmemory-policy", "volatile-ttl");
  CHECK(refcount("7") == ":2147483647");
}

TEST_CASE("OBJECT IDLETIME and FREQ, each under its own kind of policy") {
  Server server;
  server.run("SET k v");
  server.clock.advance_ms(3'000);
  CHECK(server.run("OBJECT IDLETIME k") == ":3");
  CHECK(server.run("OBJECT IDLETIME k") == ":3");
  CHECK(server.run("OBJECT FREQ k").starts_with("-ERR An LFU maxmemory policy is not selected"));
  server.databases.access_policy().tracks_frequency = true;
  server.run("SET l v");
  CHECK(server.run("OBJECT FREQ l") == ":5");
  CHECK(server.run("OBJECT IDLETIME l").starts_with("-ERR An LFU maxmemory policy is selected"));
}

TEST_CASE("OBJECT of a missing key is null, whatever the policy") {
  Server server;
  for (const char* line :
       {"OBJECT ENCODING k", "OBJECT REFCOUNT k", "OBJECT IDLETIME k", "OBJECT FREQ k"}) {
    CHECK(server.run(line) == "$-1");
  }
}

TEST_CASE("OBJECT HELP lists what there is, OBJECT FOO says where to look") {
  Server server;
  const std::string help = server.run("OBJECT HELP");
  CHECK(help.starts_with("*11 +OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"));
  CHECK(help.find("+ENCODING key +    ") != std::string::npos);
  CHECK(server.run("OBJECT FOO k") == "-ERR unknown subcommand 'FOO'. Try OBJECT HELP.");
  CHECK(server.run("OBJECT FREQ") == "-ERR wrong number of arguments for 'object|freq' command");
}
