#include <doctest/doctest.h>

#include "tests/server/commands/zset_commands_fixture.h"

namespace tarn {
namespace {

struct Letters : ZsetServer {
  explicit Letters(bool large) {
    if (large) make_large();
    run("ZADD z 1 a 2 b 3 c 4 d");
    run("ZADD l 0 a 0 b 0 c 0 d");
    events();
  }
};

}  // namespace

TEST_CASE("ZRANGE: by rank, score and name, upward and downward") {
  for (const bool large : {false, true}) {
    Letters server(large);
    CHECK(server.run("ZRANGE z 1 -2") == "*2 $1 b $1 c");
    CHECK(server.run("ZRANGE z 0 1 REV WITHSCORES") == "*4 $1 d $1 4 $1 c $1 3");
    CHECK(server.run("ZRANGE z 9 9") == "*0");
    CHECK(server.run("ZRANGE z (1 3 BYSCORE") == "*2 $1 b $1 c");
    CHECK(server.run("ZRANGE z +inf -inf BYSCORE REV LIMIT 1 2") == "*2 $1 c $1 b");
    CHECK(server.run("ZRANGE z -inf inf BYSCORE LIMIT 1 -1") == "*3 $1 b $1 c $1 d");
    CHECK(server.run("ZRANGE l [b + BYLEX") == "*3 $1 b $1 c $1 d");
    CHECK(server.run("ZRANGE l (d - BYLEX REV LIMIT 0 2") == "*2 $1 c $1 b");
    CHECK(server.run("ZRANGE missing 0 -1") == "*0");
    server.session.protocol = 3;
    CHECK(server.run("ZRANGE z 0 1 WITHSCORES") == "*2 *2 $1 a ,1 *2 $1 b ,2");
    CHECK(server.run("ZRANGE z 0 1") == "*2 $1 a $1 b");
  }
}

TEST_CASE("ZRANGE: what is wrong is told before the key is looked at") {
  ZsetServer server;
  CHECK(server.run("ZRANGE string a 1 FOO") == ZsetServer::kSyntax);
  CHECK(server.run("ZRANGE string a 1 BYSCORE BYLEX") == ZsetServer::kSyntax);
  CHECK(server.run("ZRANGE string a 1 LIMIT 1") == ZsetServer::kSyntax);
  CHECK(server.run("ZRANGE string a 1 LIMIT x 1") == ZsetServer::kNotInteger);
  CHECK(server.run("ZRANGE string a 1 LIMIT 0 1") ==
        "-ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX");
  CHECK(server.run("ZRANGE string a 1 BYLEX WITHSCORES") ==
        "-ERR syntax error, WITHSCORES not supported in combination with BYLEX");
  CHECK(server.run("ZRANGE string a 1") == ZsetServer::kNotInteger);
  CHECK(server.run("ZRANGE string a 1 BYSCORE") == "-ERR min or max is not a float");
  CHECK(server.run("ZRANGE string a 1 BYLEX") == "-ERR min or max not valid string range item");
  CHECK(server.run("ZRANGE string 0 1") == ZsetServer::kWrongType);
}

TEST_CASE("the older ranges") {
  for (const bool large : {false, true}) {
    Letters server(large);
    CHECK(server.run("ZREVRANGE z 0 1 WITHSCORES") == "*4 $1 d $1 4 $1 c $1 3");
    CHECK(server.run("ZRANGEBYSCORE z (1 (4 LIMIT 1 9") == "*1 $1 c");
    CHECK(server.run("ZREVRANGEBYSCORE z 3 2 WITHSCORES") == "*4 $1 c $1 3 $1 b $1 2");
    CHECK(server.run("ZRANGEBYLEX l - (c") == "*2 $1 a $1 b");
    CHECK(server.run("ZREVRANGEBYLEX l + (b") == "*2 $1 d $1 c");
    CHECK(server.run("ZREVRANGE z 0 1 REV") == ZsetServer::kSyntax);
    CHECK(server.run("ZRANGEBYSCORE z 0 1 BYLEX") == ZsetServer::kSyntax);
  }
}

TEST_CASE("ZRANGESTORE: replaces the destination, or deletes it") {
  for (const bool large : {false, true}) {
    Letters server(large);
    CHECK(server.run("ZRANGESTORE string z 0 1 REV") == ":2");
    CHECK(server.all("string") == "*4 $1 c $1 3 $1 d $1 4");
    CHECK(server.run("ZRANGESTORE z z 2 3 BYSCORE") == ":2");
    CHECK(server.all("z") == "*4 $1 b $1 2 $1 c $1 3");
    CHECK(server.run("ZRANGESTORE z missing 0 -1") == ":0");
    CHECK(server.run("ZRANGESTORE z missing 0 -1") == ":0");
    CHECK(server.events() == "zrangestore string, zrangestore z, del z");
    CHECK(server.run("ZRANGESTORE d l 0 1 WITHSCORES") == ZsetServer::kSyntax);
  }
}

TEST_CASE("ZRANGESTORE: a large part of a large set") {
  ZsetServer server;
  std::string line = "ZADD z";
  for (int i = 0; i < 2000; ++i) line += " " + std::to_string(i / 3) + " m" + std::to_string(i);
  server.run(line);
  CHECK(server.run("ZRANGESTORE d z 500 1799") == ":1300");
  CHECK(server.run("ZRANGE d 0 0") == server.run("ZRANGE z 500 500"));
  CHECK(server.run("ZRANGE d 0 -1") == server.run("ZRANGE z 500 1799"));
}

TEST_CASE("ZCOUNT, ZLEXCOUNT") {
  for (const bool large : {false, true}) {
    Letters server(large);
    CHECK(server.run("ZCOUNT z (1 +inf") == ":3");
    CHECK(server.run("ZCOUNT z 3 2") == ":0");
    CHECK(server.run("ZLEXCOUNT l [b (d") == ":2");
    CHECK(server.run("ZLEXCOUNT l + -") == ":0");
    CHECK(server.run("ZCOUNT missing 1 2") == ":0");
    CHECK(server.run("ZCOUNT string x 2") == "-ERR min or max is not a float");
    CHECK(server.run("ZLEXCOUNT string x -") == "-ERR min or max not valid string range item");
    CHECK(server.run("ZCOUNT string 1 2") == ZsetServer::kWrongType);
  }
}

TEST_CASE("ZREMRANGEBY*") {
  for (const bool large : {false, true}) {
    Letters server(large);
    CHECK(server.run("ZREMRANGEBYRANK z 1 1") == ":1");
    CHECK(server.run("ZREMRANGEBYSCORE z (1 3") == ":1");
    CHECK(server.run("ZREMRANGEBYSCORE z 8 9") == ":0");
    CHECK(server.all("z") == "*4 $1 a $1 1 $1 d $1 4");
    CHECK(server.run("ZREMRANGEBYRANK z 0 -1") == ":2");
    CHECK(server.run("ZREMRANGEBYLEX l (a +") == ":3");
    CHECK(server.events() ==
          "zremrangebyrank z, zremrangebyscore z, zremrangebyrank z, del z, zremrangebylex l");
    CHECK(server.run("ZREMRANGEBYRANK string x 1") == ZsetServer::kNotInteger);
    CHECK(server.run("ZREMRANGEBYRANK string 0 1") == ZsetServer::kWrongType);
  }
}

}  // namespace tarn
