#include <doctest/doctest.h>

#include "tests/server/commands/zset_commands_fixture.h"
#include "tests/server/engine/transactions_fixture.h"

namespace tarn {
namespace {

using namespace std::chrono_literals;

struct Waiting : TransactionsFixture {
  Waiting() {
    for (const auto rows :
         {zset_commands(), zset_range_commands(), zset_pop_commands(), zset_algebra_commands()}) {
      table.add(rows, std::as_const(config));
    }
    run(a, "SET string value");
  }
};

}  // namespace

TEST_CASE("ZPOPMIN, ZPOPMAX") {
  for (const bool large : {false, true}) {
    ZsetServer server;
    if (large) server.make_large();
    server.run("ZADD z 1 a 2 b 3 c 4 d 5 e");
    server.events();
    CHECK(server.run("ZPOPMIN z") == "*2 $1 a $1 1");
    CHECK(server.run("ZPOPMAX z 2") == "*4 $1 e $1 5 $1 d $1 4");
    CHECK(server.run("ZPOPMIN z 0") == "*0");
    server.session.protocol = 3;
    CHECK(server.run("ZPOPMAX z") == "*2 $1 c ,3");
    CHECK(server.run("ZPOPMIN z 7") == "*1 *2 $1 b ,2");
    CHECK(server.run("ZPOPMIN z 7") == "*0");
    CHECK(server.events() == "zpopmin z, zpopmax z, zpopmax z, zpopmin z, del z");
  }
}

TEST_CASE("ZPOPMIN: what is wrong") {
  ZsetServer server;
  CHECK(server.run("ZPOPMIN string") == ZsetServer::kWrongType);
  CHECK(server.run("ZPOPMIN string 0") == ZsetServer::kWrongType);
  for (const char* count : {"-1", "x", "9223372036854775808"}) {
    CHECK(server.run(std::string("ZPOPMAX string ") + count) ==
          "-ERR value is out of range, must be positive");
  }
  CHECK(server.run("ZPOPMIN string x y") == ZsetServer::kSyntax);
}

TEST_CASE("ZMPOP: the first key that exists") {
  ZsetServer server;
  server.run("ZADD z 1 a 2 b 3 c");
  server.events();
  CHECK(server.run("ZMPOP 2 missing z MIN") == "*2 $1 z *1 *2 $1 a $1 1");
  CHECK(server.run("ZMPOP 1 z max COUNT 9") == "*2 $1 z *2 *2 $1 c $1 3 *2 $1 b $1 2");
  CHECK(server.run("ZMPOP 1 z MIN") == "*-1");
  CHECK(server.run("ZMPOP 2 missing string MIN") == ZsetServer::kWrongType);
  CHECK(server.events() == "zpopmin z, zpopmax z, del z");
  for (const char* keys : {"0", "-1", "x", "9223372036854775808"}) {
    CHECK(server.run(std::string("ZMPOP ") + keys + " z FOO") ==
          "-ERR numkeys should be greater than 0");
  }
  for (const char* rest : {"1 z FOO", "1 z", "2 z MIN", "9223372036854775807 z MIN",
                           "1 z MIN COUNT", "1 z MIN COUNT 1 COUNT 1", "1 z MIN MAX"}) {
    CHECK(server.run(std::string("ZMPOP ") + rest) ==
          (std::string_view(rest) == "1 z"
               ? std::string_view("-ERR wrong number of arguments for 'zmpop' command")
               : ZsetServer::kSyntax));
  }
  CHECK(server.run("ZMPOP 1 z MIN COUNT 0") == "-ERR count should be greater than 0");
}

TEST_CASE("BZPOPMIN, BZPOPMAX, BZMPOP: what is there is served at once") {
  ZsetServer server;
  server.run("ZADD z 1 a 2 b 3 c 4 d");
  server.events();
  CHECK(server.run("BZPOPMIN missing z string 0") == "*3 $1 z $1 a $1 1");
  CHECK(server.run("BZPOPMAX z 0.1") == "*3 $1 z $1 d $1 4");
  server.session.protocol = 3;
  CHECK(server.run("BZPOPMIN z 0") == "*3 $1 z $1 b ,2");
  CHECK(server.run("BZMPOP 0 2 missing z MAX COUNT 5") == "*2 $1 z *1 *2 $1 c ,3");
  CHECK(server.events() == "zpopmin z, zpopmax z, zpopmin z, zpopmax z, del z");
}

TEST_CASE("BZPOPMIN, BZMPOP: errors in their order, and where nobody can wait") {
  ZsetServer server;
  CHECK(server.run("BZPOPMIN z 0") == "*-1");
  CHECK(server.run("BZMPOP 0 1 z MIN") == "*-1");
  CHECK(server.run("BZPOPMIN string x") == "-ERR timeout is not a float or out of range");
  CHECK(server.run("BZPOPMIN string -1") == "-ERR timeout is negative");
  CHECK(server.run("BZPOPMAX missing string 0") == ZsetServer::kWrongType);
  CHECK(server.run("BZMPOP x 0 string FOO") == "-ERR numkeys should be greater than 0");
  CHECK(server.run("BZMPOP x 1 string FOO") == ZsetServer::kSyntax);
  CHECK(server.run("BZMPOP x 1 string MIN") == "-ERR timeout is not a float or out of range");
  CHECK(server.run("BZMPOP 0 1 string MIN") == ZsetServer::kWrongType);
}

TEST_CASE_FIXTURE(Waiting, "BZPOPMIN waits for any of its keys, and for its time") {
  CHECK(run(b, "BZPOPMIN k z 0.5").empty());
  CHECK(run(a, "SET k string") == "+OK");
  CHECK(read(b).empty());
  CHECK(run(a, "ZADD z 2 x 1 y") == ":2");
  CHECK(read(b) == "*3 $1 z $1 y $1 1");
  CHECK(run(b, "BZPOPMAX none 0.5").empty());
  timers.advance(500ms);
  CHECK(read(b) == "*-1");
}

TEST_CASE_FIXTURE(Waiting, "BZMPOP takes what another command has stored") {
  CHECK(run(b, "BZMPOP 0 2 k z MAX COUNT 2").empty());
  CHECK(run(a, "ZADD y 1 a 2 b 3 c") == ":3");
  CHECK(run(a, "ZUNIONSTORE z 1 y") == ":3");
  CHECK(read(b) == "*2 $1 z *2 *2 $1 c $1 3 *2 $1 b $1 2");
  CHECK(run(a, "ZCARD z") == ":1");
}

}  // namespace tarn
