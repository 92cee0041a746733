#include <doctest/doctest.h>

#include "tests/server/commands/zset_commands_fixture.h"

namespace tarn {
namespace {

struct Inputs : ZsetServer {
  explicit Inputs(bool large = false) {
    if (large) make_large();
    run("ZADD a 1 x 2 y 3 z");
    run("ZADD b 10 y 20 z 30 w");
    run("SADD s y w 7");
    events();
  }
};

}  // namespace

TEST_CASE("ZUNION, ZINTER, ZDIFF") {
  for (const bool large : {false, true}) {
    Inputs server(large);
    CHECK(server.run("ZUNION 2 a b WITHSCORES") == "*8 $1 x $1 1 $1 y $2 12 $1 z $2 23 $1 w $2 30");
    CHECK(server.run("ZUNION 2 a s") == "*5 $1 7 $1 w $1 x $1 y $1 z");
    CHECK(server.run("ZUNION 2 a b WEIGHTS 2 0.5 AGGREGATE MAX WITHSCORES") ==
          "*8 $1 x $1 2 $1 y $1 5 $1 z $2 10 $1 w $2 15");
    CHECK(server.run("ZINTER 3 a b s WITHSCORES") == "*2 $1 y $2 13");
    CHECK(server.run("ZINTER 2 a b AGGREGATE MIN") == "*2 $1 y $1 z");
    CHECK(server.run("ZDIFF 2 a s WITHSCORES") == "*4 $1 x $1 1 $1 z $1 3");
    CHECK(server.run("ZDIFF 2 s a WITHSCORES") == "*4 $1 7 $1 1 $1 w $1 1");
    CHECK(server.run("ZINTERCARD 2 a b") == ":2");
    CHECK(server.run("ZINTERCARD 2 a b LIMIT 1") == ":1");
    CHECK(server.run("ZINTERCARD 2 a missing") == ":0");
    CHECK(server.run("ZUNION 2 missing none") == "*0");
    server.session.protocol = 3;
    CHECK(server.run("ZINTER 2 a b WITHSCORES") == "*2 *2 $1 y ,12 *2 $1 z ,23");
  }
}

TEST_CASE("ZUNIONSTORE, ZINTERSTORE, ZDIFFSTORE: replace the destination, or delete it") {
  for (const bool large : {false, true}) {
    Inputs server(large);
    CHECK(server.run("ZUNIONSTORE string 2 a b") == ":4");
    CHECK(server.run("ZINTERSTORE d 2 a b WEIGHTS 1 -1") == ":2");
    CHECK(server.all("d") == "*4 $1 z $3 -17 $1 y $2 -8");
    CHECK(server.run("ZDIFFSTORE a 2 a s") == ":2");
    CHECK(server.all("a") == "*4 $1 x $1 1 $1 z $1 3");
    CHECK(server.run("ZINTERSTORE d 2 a missing") == ":0");
    CHECK(server.run("ZINTERSTORE d 2 a missing") == ":0");
    CHECK(server.run("ZUNIONSTORE s 1 s") == ":3");
    CHECK(server.all("s") == "*6 $1 7 $1 1 $1 w $1 1 $1 y $1 1");
    CHECK(server.events() ==
          "zunionstore string, zinterstore d, zdiffstore a, del d, zunionstore s");
  }
}

TEST_CASE("ZUNIONSTORE: of thousands") {
  ZsetServer server;
  for (const char* key : {"a", "b"}) {
    std::string line = std::string("ZADD ") + key;
    const int first = *key == 'a' ? 0 : 1000;
    for (int i = first; i < first + 3000; ++i)
      line += " " + std::to_string(i) + " " + std::to_string(i);
    server.run(line);
  }
  CHECK(server.run("ZUNIONSTORE u 2 a b") == ":4000");
  CHECK(server.run("ZINTERSTORE i 2 a b AGGREGATE MIN") == ":2000");
  CHECK(server.run("ZDIFFSTORE d 2 a b") == ":1000");
  CHECK(server.run("ZINTERCARD 2 a b LIMIT 1500") == ":1500");
  CHECK(server.run("ZRANGE i 0 -1") == server.run("ZRANGE a 1000 -1"));
  CHECK(server.run("ZRANGE d 0 -1 WITHSCORES") == server.run("ZRANGE a 0 999 WITHSCORES"));
  CHECK(server.run("ZSCORE u 2999") == "$4 5998");
  CHECK(server.run("ZRANGE u -1 -1 WITHSCORES") == "*2 $4 2999 $4 5998");
}

TEST_CASE("ZUNION and its like: what is wrong, in order") {
  Inputs server;
  CHECK(server.run("ZUNION x string") == ZsetServer::kNotInteger);
  CHECK(server.run("ZUNION 0 string") ==
        "-ERR at least 1 input key is needed for 'zunion' command");
  CHECK(server.run("ZINTERSTORE d -1 string") ==
        "-ERR at least 1 input key is needed for 'zinterstore' command");
  CHECK(server.run("ZUNION 2 string") == ZsetServer::kSyntax);
  CHECK(server.run("ZUNION 1 string FOO") == ZsetServer::kWrongType);
  CHECK(server.run("ZUNION 1 a FOO") == ZsetServer::kSyntax);
  CHECK(server.run("ZUNION 2 a b WEIGHTS 1") == ZsetServer::kSyntax);
  CHECK(server.run("ZUNION 2 a b WEIGHTS 1 x") == "-ERR weight value is not a float");
  CHECK(server.run("ZUNION 2 a b AGGREGATE AVG") == ZsetServer::kSyntax);
  CHECK(server.run("ZUNIONSTORE d 1 a WITHSCORES") == ZsetServer::kSyntax);
  CHECK(server.run("ZDIFF 1 a WEIGHTS 1") == ZsetServer::kSyntax);
  CHECK(server.run("ZINTERCARD 1 a LIMIT -1") == "-ERR LIMIT can't be negative");
  CHECK(server.run("ZINTERCARD 1 a LIMIT x") == "-ERR LIMIT can't be negative");
}

}  // namespace tarn
