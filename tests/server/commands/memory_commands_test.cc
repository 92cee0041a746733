#include <doctest/doctest.h>

#include "core/base/numbers.h"
#include "server/commands/families.h"
#include "server/metrics/memory_meter.h"
#include "tests/server/engine/command_fixture.h"

namespace tarn {
namespace {

struct Server : CommandFixture {
  Server() : CommandFixture({string_set_commands()}) { table.add(memory_commands(), meter); }

  std::int64_t usage(std::string_view key) {
    std::int64_t bytes = -1;
    const std::string reply = run({"MEMORY", "USAGE", key});
    CHECK(parse_int64(reply.substr(1), bytes));
    return bytes;
  }

  ClientRegistry clients;
  MemoryMeter meter{databases, clients};
};

}  // namespace

TEST_CASE("MEMORY USAGE: grows with the value, and knows large ones") {
  Server server;
  server.run("SET small v");
  server.run({"SET", "medium", std::string(500, 'x')});
  server.run({"SET", "large", std::string(100'000, 'x')});
  CHECK(server.usage("small") > 5);
  CHECK(server.usage("medium") > 500);
  CHECK(server.usage("medium") < 5'000);
  CHECK(server.usage("large") > 100'000);
  CHECK(server.run("MEMORY USAGE none") == "$-1");
}

TEST_CASE("MEMORY USAGE: options") {
  Server server;
  server.run("SET k v");
  CHECK(server.run("MEMORY USAGE k SAMPLES 0").starts_with(":"));
  CHECK(server.run("MEMORY USAGE k samples 5").starts_with(":"));
  CHECK(server.run("MEMORY USAGE k SAMPLES -1") == "-ERR syntax error");
  CHECK(server.run("MEMORY USAGE k SAMPLES x") == "-ERR value is not an integer or out of range");
  CHECK(server.run("MEMORY USAGE k SAMPLES") == "-ERR syntax error");
  CHECK(server.run("MEMORY USAGE k other 5") == "-ERR syntax error");
}

TEST_CASE("MEMORY STATS: a map with a map for each database and each slab class") {
  Server server;
  server.run("SET k v");
  server.session.protocol = 3;
  const std::string reply = server.run("MEMORY STATS");
  CHECK(reply.starts_with("%"));
  for (const auto field : {"$15 total.allocated :", "$10 keys.count :1", "$4 db.0 %3 ",
                           "$13 fragmentation ,", " %4 $5 slabs :1 $7 objects :1 "}) {
    CHECK_MESSAGE(reply.find(field) != std::string::npos, field);
  }
}

TEST_CASE("MEMORY DOCTOR, PURGE and MALLOC-STATS") {
  Server server;
  server.run("SET k v");
  CHECK(server.run("MEMORY DOCTOR").starts_with("$"));
  CHECK(server.run("MEMORY PURGE") == "+OK");
  CHECK(server.run("MEMORY MALLOC-STATS").find("object bytes") != std::string::npos);
}

}  // namespace tarn
