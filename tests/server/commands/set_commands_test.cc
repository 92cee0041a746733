#include <doctest/doctest.h>

#include <set>

#include "tests/server/commands/set_commands_fixture.h"

using namespace tarn;

namespace {

using Encoding = CollectionEncoding;
constexpr std::string_view kWrongTypeReply =
    "-WRONGTYPE Operation against a key holding the wrong kind of value";

}  // namespace

TEST_CASE("SADD and SREM count what they change") {
  SetServer server;
  CHECK(server.run("SADD s a b a") == ":2");
  CHECK(server.run("SADD s a c") == ":1");
  CHECK(server.run("SCARD s") == ":3");
  CHECK(server.run("SREM s a z a") == ":1");
  CHECK(server.sorted("SMEMBERS s") == "b c");
  CHECK(server.run("SREM s b c d") == ":2");
  CHECK(server.run("EXISTS s") == ":0");
  CHECK(server.run("SREM s b") == ":0");
  CHECK(server.run("SCARD s") == ":0");
  CHECK(server.run("SMEMBERS s") == "*0");
}

TEST_CASE("membership is told for one value or many") {
  SetServer server;
  server.fill("s", "m", 0, 300);
  CHECK(server.run("SISMEMBER s m7") == ":1");
  CHECK(server.run("SISMEMBER s m300") == ":0");
  CHECK(server.run("SMISMEMBER s m7 x m299 m7") == "*4 :1 :0 :1 :1");
  CHECK(server.run("SMISMEMBER missing a b") == "*2 :0 :0");
  std::string line = "SMISMEMBER s";
  std::string expected = "*200";
  for (int i = 0; i < 200; ++i) {
    line += " m" + std::to_string(i * 2);
    expected += i < 150 ? " :1" : " :0";
  }
  CHECK(server.run(line) == expected);
}

TEST_CASE("the options decide how a set is stored") {
  SetServer server;
  server.run("SADD i 1 2 3");
  CHECK(server.encoding("i") == Encoding::kIntSet);
  server.run("SADD i a");
  CHECK(server.encoding("i") == Encoding::kPacked);
  server.fill("i", "m", 0, 125);
  CHECK(server.encoding("i") == Encoding::kLarge);
  server.set_option("set-max-intset-entries", "3");
  server.set_option("set-max-listpack-entries", "2");
  server.set_option("set-max-listpack-value", "2");
  server.run("SADD j 1 2 3");
  CHECK(server.encoding("j") == Encoding::kIntSet);
  server.run("SADD j 4");
  CHECK(server.encoding("j") == Encoding::kLarge);
  server.run("SADD p ab cd");
  CHECK(server.encoding("p") == Encoding::kPacked);
  server.run("SADD q abc");
  CHECK(server.encoding("q") == Encoding::kLarge);
}

TEST_CASE("SMOVE takes a member from one set to the other") {
  SetServer server;
  server.run("SADD s a b");
  server.events();
  CHECK(server.run("SMOVE s t a") == ":1");
  CHECK(server.events() == "srem s, sadd t");
  CHECK(server.run("SMOVE s t a") == ":0");
  server.run("SADD t b");
  server.events();
  CHECK(server.run("SMOVE s t b") == ":1");
  CHECK(server.events() == "srem s, del s");
  CHECK(server.sorted("SMEMBERS t") == "a b");
  CHECK(server.run("SMOVE t t a") == ":1");
  CHECK(server.run("SMOVE t t z") == ":0");
  CHECK(server.run("SMOVE missing t z") == ":0");
  CHECK(server.events().empty());
}

TEST_CASE("SMOVE looks at types only where there is something to move") {
  SetServer server;
  server.run("SET str x");
  server.run("SADD s a");
  CHECK(server.run("SMOVE missing str a") == ":0");
  CHECK(server.run("SMOVE s str a") == kWrongTypeReply);
  CHECK(server.run("SMOVE str s a") == kWrongTypeReply);
  CHECK(server.run("SMOVE str missing a") == kWrongTypeReply);
  CHECK(server.run("SMEMBERS s") == "*1 $1 a");
}

TEST_CASE("subscribers hear of what changed") {
  SetServer server;
  server.run("SADD s a b");
  CHECK(server.events() == "sadd s");
  server.run("SADD s a");
  server.run("SREM s x");
  CHECK(server.events().empty());
  server.run("SREM s a");
  CHECK(server.events() == "srem s");
  server.run("SREM s b");
  CHECK(server.events() == "srem s, del s");
}

TEST_CASE("a set keeps its deadline") {
  SetServer server;
  server.run("SADD s a");
  server.run("PEXPIREAT s 9000000000000");
  for (const char* line : {"SADD s b", "SREM s a", "SADD s c d e f g h i j k l m n o p"}) {
    server.run(line);
    CHECK(server.deadline_ms("s") == 9'000'000'000'000);
  }
  server.fill("s", "m", 0, 200);
  CHECK(server.encoding("s") == Encoding::kLarge);
  CHECK(server.deadline_ms("s") == 9'000'000'000'000);
}

TEST_CASE("other types are refused") {
  SetServer server;
  server.run("SET str x");
  for (const char* line :
       {"SADD str a", "SREM str a", "SCARD str", "SISMEMBER str a", "SMISMEMBER str a b",
        "SMEMBERS str", "SPOP str", "SPOP str 0", "SRANDMEMBER str", "SRANDMEMBER str 0",
        "SSCAN str 0", "SINTER str", "SUNION missing str", "SDIFF missing str",
        "SINTERCARD 2 missing str", "SINTERSTORE d str", "SUNIONSTORE d str", "SDIFFSTORE d str"}) {
    CAPTURE(line);
    CHECK(server.run(line) == kWrongTypeReply);
  }
}

TEST_CASE("members are replied as a set in RESP3") {
  SetServer server;
  server.session.protocol = 3;
  CHECK(server.run("SMEMBERS s") == "~0");
  server.run("SADD s 2 1");
  CHECK(server.run("SMEMBERS s") == "~2 $1 1 $1 2");
  CHECK(server.run("SINTER s") == "~2 $1 1 $1 2");
  CHECK(server.run("SRANDMEMBER s 2") == "*2 $1 1 $1 2");
  CHECK(server.run("SPOP s 2") == "~2 $1 1 $1 2");
}

TEST_CASE("SSCAN goes through all members") {
  SetServer server;
  server.fill("s", "member:", 0, 1000);
  std::set<std::string> seen;
  std::string cursor = "0";
  int calls = 0;
  do {
    std::istringstream reply(server.run("SSCAN s " + cursor + " COUNT 50 MATCH member:*5"));
    std::string word;
    reply >> word >> word >> cursor >> word;
    while (reply >> word) {
      if (word[0] != '$') seen.insert(word);
    }
    ++calls;
  } while (cursor != "0");
  CHECK(seen.size() == 100);
  CHECK(calls > 5);
  CHECK(calls < 30);
}

TEST_CASE("SSCAN shows a small set at once") {
  SetServer server;
  server.run("SADD i 3 1 2");
  CHECK(server.run("SSCAN i 0 COUNT 1") == "*2 $1 0 *3 $1 1 $1 2 $1 3");
  CHECK(server.run("SSCAN i 7 MATCH [13]") == "*2 $1 0 *2 $1 1 $1 3");
  CHECK(server.run("SSCAN i 0 FOO") == "-ERR syntax error");
  CHECK(server.run("SSCAN i x FOO") == "-ERR invalid cursor");
  CHECK(server.run("SSCAN missing 0 FOO") == "*2 $1 0 *0");
}
