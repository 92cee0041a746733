#include <doctest/doctest.h>

#include "tests/server/commands/zset_commands_fixture.h"

namespace tarn {

TEST_CASE("ZADD: counts what it adds, with CH also what it changes") {
  ZsetServer server;
  CHECK(server.run("ZADD z 1 a 2 b 3 a") == ":2");
  CHECK(server.run("ZADD z CH 3 a 4 b 5 c") == ":2");
  CHECK(server.all("z") == "*6 $1 a $1 3 $1 b $1 4 $1 c $1 5");
  CHECK(server.events() == "zadd z, zadd z");
  CHECK(server.run("ZADD z 3 a") == ":0");
  CHECK(server.events().empty());
}

TEST_CASE("ZADD: conditions") {
  ZsetServer server;
  server.run("ZADD z 5 a");
  CHECK(server.run("ZADD z NX 9 a 1 b") == ":1");
  CHECK(server.run("ZADD z XX CH 6 a 1 c") == ":1");
  CHECK(server.run("ZADD z GT CH 5 a 7 b 2 d") == ":2");
  CHECK(server.run("ZADD z LT CH 5 a 9 b") == ":1");
  CHECK(server.all("z") == "*6 $1 d $1 2 $1 a $1 5 $1 b $1 7");
  CHECK(server.run("ZADD missing XX 1 a") == ":0");
  CHECK(server.run("EXISTS missing") == ":0");
}

TEST_CASE("ZADD: options that exclude each other, in the order in which that is told") {
  ZsetServer server;
  CHECK(server.run("ZADD string NX XX") == ZsetServer::kSyntax);
  CHECK(server.run("ZADD string NX XX GT x a") ==
        "-ERR XX and NX options at the same time are not compatible");
  for (const char* pair : {"NX GT", "LT NX", "GT LT"}) {
    CHECK(server.run(std::string("ZADD string ") + pair + " INCR x a y b") ==
          "-ERR GT, LT, and/or NX options at the same time are not compatible");
  }
  CHECK(server.run("ZADD string INCR x a y b") ==
        "-ERR INCR option supports a single increment-element pair");
  CHECK(server.run("ZADD string x a") == ZsetServer::kNotFloat);
  CHECK(server.run("ZADD string 1 a") == ZsetServer::kWrongType);
  CHECK(server.run("ZADD z 1 a nan b") == ZsetServer::kNotFloat);
  CHECK(server.run("EXISTS z") == ":0");
}

TEST_CASE("ZADD INCR and ZINCRBY") {
  ZsetServer server;
  CHECK(server.run("ZADD z INCR 1.5 a") == "$3 1.5");
  CHECK(server.run("ZINCRBY z 2 a") == "$3 3.5");
  CHECK(server.run("ZINCRBY z 0 a") == "$3 3.5");
  CHECK(server.run("ZADD z NX INCR 1 a") == "$-1");
  CHECK(server.run("ZADD z GT INCR -1 a") == "$-1");
  CHECK(server.run("ZADD missing XX INCR 1 a") == "$-1");
  CHECK(server.events() == "zincr z, zincr z");
  CHECK(server.run("ZINCRBY z inf a") == "$3 inf");
  CHECK(server.run("ZINCRBY z -inf a") == "-ERR resulting score is not a number (NaN)");
  CHECK(server.run("ZINCRBY z NX a") == ZsetServer::kSyntax);
  server.session.protocol = 3;
  CHECK(server.run("ZINCRBY z 1 b") == ",1");
  CHECK(server.run("ZADD z NX INCR 1 b") == "_");
}

TEST_CASE("ZSCORE, ZMSCORE, ZCARD") {
  ZsetServer server;
  server.run("ZADD z 0.1 a inf b");
  CHECK(server.run("ZSCORE z a") == "$19 0.10000000000000001");
  CHECK(server.run("ZSCORE z x") == "$-1");
  CHECK(server.run("ZSCORE missing x") == "$-1");
  CHECK(server.run("ZMSCORE z b x") == "*2 $3 inf $-1");
  CHECK(server.run("ZMSCORE missing b x") == "*2 $-1 $-1");
  CHECK(server.run("ZCARD z") == ":2");
  CHECK(server.run("ZCARD missing") == ":0");
  for (const char* line : {"ZSCORE string a", "ZMSCORE string a", "ZCARD string"}) {
    CHECK(server.run(line) == ZsetServer::kWrongType);
  }
  server.session.protocol = 3;
  CHECK(server.run("ZMSCORE z a b x") == "*3 ,0.10000000000000001 ,inf _");
}

TEST_CASE("ZMSCORE: more members than a batch takes") {
  ZsetServer server;
  server.make_large();
  std::string line = "ZADD z";
  std::string question = "ZMSCORE z";
  std::string expected = "*300";
  for (int i = 0; i < 300; ++i) {
    const std::string name = "m" + std::to_string(i);
    if (i % 3 != 0) line += " " + std::to_string(i % 10) + " " + name;
    question += " " + name;
    expected += i % 3 != 0 ? " $1 " + std::to_string(i % 10) : " $-1";
  }
  CHECK(server.run(line) == ":200");
  CHECK(server.run(question) == expected);
}

TEST_CASE("ZREM: counts what was there, and deletes what is empty") {
  for (const bool large : {false, true}) {
    ZsetServer server;
    if (large) server.make_large();
    server.run("ZADD z 1 a 2 b 3 c");
    server.events();
    CHECK(server.run("ZREM z x") == ":0");
    CHECK(server.run("ZREM z b x b") == ":1");
    CHECK(server.run("ZREM z a c a") == ":2");
    CHECK(server.run("EXISTS z") == ":0");
    CHECK(server.events() == "zrem z, zrem z, del z");
    CHECK(server.run("ZREM z a") == ":0");
    CHECK(server.run("ZREM string a") == ZsetServer::kWrongType);
  }
}

TEST_CASE("ZRANK, ZREVRANK") {
  for (const bool large : {false, true}) {
    ZsetServer server;
    if (large) server.make_large();
    server.run("ZADD z 1 a 1 b 3 c");
    CHECK(server.run("ZRANK z b") == ":1");
    CHECK(server.run("ZREVRANK z a") == ":2");
    CHECK(server.run("ZRANK z x") == "$-1");
    CHECK(server.run("ZRANK z c WITHSCORE") == "*2 :2 $1 3");
    CHECK(server.run("ZREVRANK z c withscore") == "*2 :0 $1 3");
    CHECK(server.run("ZRANK missing c WITHSCORE") == "*-1");
    CHECK(server.run("ZRANK string c x") == ZsetServer::kSyntax);
    CHECK(server.run("ZRANK string c WITHSCORE") == ZsetServer::kWrongType);
    CHECK(server.run("ZRANK z c WITHSCORE WITHSCORE") ==
          "-ERR wrong number of arguments for 'zrank' command");
  }
}

TEST_CASE("sorted sets: the options decide how one is stored") {
  ZsetServer server;
  server.set_option("zset-max-listpack-entries", "2");
  server.set_option("zset-max-ziplist-value", "3");
  server.run("ZADD z 1 a 2 abc");
  CHECK(server.packed("z"));
  server.run("ZADD z 3 b");
  CHECK(!server.packed("z"));
  server.run("ZADD y 1 abcd");
  CHECK(!server.packed("y"));
  server.run("ZRANGESTORE x z 0 1");
  CHECK(server.packed("x"));
  server.run("ZUNIONSTORE x 1 z");
  CHECK(!server.packed("x"));
}

TEST_CASE("sorted sets: a deadline survives changes, and COPY makes an own one") {
  for (const bool large : {false, true}) {
    ZsetServer server;
    if (large) server.make_large();
    server.run("ZADD z 1 a");
    server.run("EXPIREAT z 4102444800");
    server.run("ZADD z 2 b 3 c");
    server.run("ZINCRBY z 5 a");
    CHECK(server.deadline_ms("z") == 4102444800000);
    CHECK(server.run("COPY z y") == ":1");
    server.run("ZREM z b");
    CHECK(server.all("y") == "*6 $1 b $1 2 $1 c $1 3 $1 a $1 6");
    CHECK(server.all("z") == "*4 $1 c $1 3 $1 a $1 6");
  }
}

}  // namespace tarn
