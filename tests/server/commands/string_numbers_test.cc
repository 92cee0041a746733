#include <doctest/doctest.h>

#include "server/commands/families.h"
#include "tests/server/engine/command_fixture.h"

namespace tarn {
namespace {

constexpr const char* kWrongTypeReply =
    "-WRONGTYPE Operation against a key holding the wrong kind of value";
constexpr const char* kNotIntegerReply = "-ERR value is not an integer or out of range";
constexpr const char* kOverflowReply = "-ERR increment or decrement would overflow";
constexpr const char* kNotFloatReply = "-ERR value is not a valid float";

struct Server : CommandFixture {
  Server() : CommandFixture({string_commands(), string_set_commands(), string_number_commands()}) {
    put_list("l");
  }
};

}  // namespace

TEST_CASE("INCR and its relatives count from 0") {
  Server server;
  CHECK(server.run("INCR a") == ":1");
  CHECK(server.run("INCR a") == ":2");
  CHECK(server.run("DECR b") == ":-1");
  CHECK(server.run("INCRBY a 40") == ":42");
  CHECK(server.run("DECRBY a 50") == ":-8");
  CHECK(server.run("DECRBY a -8") == ":0");
  CHECK(server.entry("a")->string_encoding() == StringEncoding::kInteger);
}

TEST_CASE("INCR: changes an integer where it is and keeps its deadline") {
  Server server;
  server.run("SET n 5 EX 10");
  const Entry* before = server.entry("n");
  const std::int64_t deadline = server.deadline_ms("n");
  CHECK(server.run("INCR n") == ":6");
  CHECK(server.entry("n") == before);
  CHECK(server.deadline_ms("n") == deadline);
}

TEST_CASE("INCR: bytes that spell an integer become one") {
  Server server;
  server.run("SET n 12");
  server.run("APPEND n 3");
  CHECK(server.run("INCR n") == ":124");
  CHECK(server.entry("n")->string_encoding() == StringEncoding::kInteger);
}

TEST_CASE("INCR: errors") {
  Server server;
  for (const char* value : {"abc", "1.5", "5 ", "012", "", "9223372036854775808"}) {
    CAPTURE(value);
    server.run({"SET", "k", value});
    CHECK(server.run("INCR k") == kNotIntegerReply);
  }
  CHECK(server.run("INCR l") == kWrongTypeReply);
  CHECK(server.run("INCRBY l x") == kNotIntegerReply);
  CHECK(server.run("INCRBY l 1") == kWrongTypeReply);
}

TEST_CASE("INCR: ends where 64 bits end") {
  Server server;
  server.run("SET n 9223372036854775806");
  CHECK(server.run("INCR n") == ":9223372036854775807");
  CHECK(server.run("INCR n") == kOverflowReply);
  CHECK(server.run("GET n") == "$19 9223372036854775807");
  server.run("SET n -9223372036854775807");
  CHECK(server.run("DECR n") == ":-9223372036854775808");
  CHECK(server.run("DECR n") == kOverflowReply);
  CHECK(server.run("INCRBY n -9223372036854775808") == kOverflowReply);
  CHECK(server.run("DECRBY n -9223372036854775808") == "-ERR decrement would overflow");
}

TEST_CASE("INCRBYFLOAT") {
  Server server;
  CHECK(server.run("INCRBYFLOAT n 10.50") == "$4 10.5");
  CHECK(server.run("INCRBYFLOAT n 0.1") == "$4 10.6");
  CHECK(server.run("INCRBYFLOAT n -5.6") == "$1 5");
  CHECK(server.run("GET n") == "$1 5");
  CHECK(server.run("INCRBYFLOAT n 5.0e3") == "$4 5005");
  server.run("SET n 3.0e3");
  CHECK(server.run("INCRBYFLOAT n 200") == "$4 3200");
}

TEST_CASE("INCRBYFLOAT: the result is text, even where it spells an integer") {
  Server server;
  server.run("SET n 10 EX 100");
  const std::int64_t deadline = server.deadline_ms("n");
  CHECK(server.run("INCRBYFLOAT n 2") == "$2 12");
  CHECK(server.entry("n")->string_encoding() == StringEncoding::kEmbedded);
  CHECK(server.deadline_ms("n") == deadline);
  CHECK(server.run("INCRBYFLOAT new 3") == "$1 3");
  CHECK(server.entry("new")->string_encoding() == StringEncoding::kEmbedded);
}

TEST_CASE("INCRBYFLOAT: errors") {
  Server server;
  server.run("SET text abc");
  server.run("SET n 1");
  CHECK(server.run("INCRBYFLOAT text 1") == kNotFloatReply);
  CHECK(server.run("INCRBYFLOAT n abc") == kNotFloatReply);
  CHECK(server.run("INCRBYFLOAT n nan") == kNotFloatReply);
  CHECK(server.run("INCRBYFLOAT n inf") == "-ERR increment would produce NaN or Infinity");
  CHECK(server.run("INCRBYFLOAT l abc") == kWrongTypeReply);
  CHECK(server.run("INCRBYFLOAT missing abc") == kNotFloatReply);
  CHECK(server.entry("missing") == nullptr);
}

}  // namespace tarn
