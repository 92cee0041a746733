#include <doctest/doctest.h>

#include "tests/server/commands/list_commands_fixture.h"
#include "tests/server/engine/transactions_fixture.h"

namespace tarn {
namespace {

constexpr std::string_view kBadTimeout = "-ERR timeout is not a float or out of range";

struct Fixture : TransactionsFixture {
  Fixture() {
    for (const auto rows :
         {list_commands(), list_edit_commands(), list_move_commands(), list_blocking_commands()}) {
      table.add(rows, std::as_const(config));
    }
    run(a, "SET string value");
  }
};

using namespace std::chrono_literals;

}  // namespace

TEST_CASE("blocking list commands: what is there is served at once") {
  ListServer server;
  server.run("RPUSH l a b c d e f");
  server.events();
  CHECK(server.run("BLPOP missing l string 0") == "*2 $1 l $1 a");
  CHECK(server.run("BRPOP l 0.1") == "*2 $1 l $1 f");
  CHECK(server.run("BLMOVE l m LEFT RIGHT 0") == "$1 b");
  CHECK(server.run("BRPOPLPUSH l m 0") == "$1 e");
  CHECK(server.run("BLMPOP 0 2 missing l RIGHT COUNT 5") == "*2 $1 l *2 $1 d $1 c");
  CHECK(server.events() == "lpop l, rpop l, rpush m, lpop l, lpush m, rpop l, rpop l, del l");
  CHECK(server.all("m") == "*2 $1 e $1 b");
}

TEST_CASE("blocking list commands: where nobody can wait") {
  ListServer server;
  CHECK(server.run("BLPOP l m 0") == "*-1");
  CHECK(server.run("BRPOP l m 0") == "*-1");
  CHECK(server.run("BLMPOP 0 1 l LEFT") == "*-1");
  server.session.deny_blocking = true;
  CHECK(server.run("BLMOVE l m LEFT LEFT 0") == "$-1");
  CHECK(server.run("BRPOPLPUSH l m 0") == "$-1");
}

TEST_CASE("blocking list commands: errors, in their order") {
  ListServer server;
  CHECK(server.run("BLPOP string 0") == ListServer::kWrongType);
  CHECK(server.run("BLPOP missing string 0") == ListServer::kWrongType);
  CHECK(server.run("BLPOP string x") == kBadTimeout);
  CHECK(server.run("BRPOP string nan") == kBadTimeout);
  CHECK(server.run("BLPOP string -1") == "-ERR timeout is negative");
  CHECK(server.run("BLMOVE string l LEFT RIGHT 0") == ListServer::kWrongType);
  CHECK(server.run("BLMOVE string l LEFT RIGHT x") == kBadTimeout);
  CHECK(server.run("BLMOVE string l LEFT UP x") == ListServer::kSyntax);
  CHECK(server.run("BRPOPLPUSH string l x") == kBadTimeout);
  CHECK(server.run("BLMPOP x 1 string LEFT") == kBadTimeout);
  CHECK(server.run("BLMPOP x 1 string UP") == ListServer::kSyntax);
  CHECK(server.run("BLMPOP x 0 string UP") == "-ERR numkeys should be greater than 0");
  server.run("RPUSH l a");
  CHECK(server.run("BLMOVE l string LEFT RIGHT 0") == ListServer::kWrongType);
  CHECK(server.all("l") == "*1 $1 a");
}

TEST_CASE_FIXTURE(Fixture, "BLPOP waits for any of its keys, and for its time") {
  CHECK(run(b, "BLPOP k l 0.5").empty());
  CHECK(run(a, "SET k string") == "+OK");
  CHECK(read(b).empty());
  CHECK(run(a, "RPUSH l x y") == ":2");
  CHECK(read(b) == "*2 $1 l $1 x");
  CHECK(run(a, "LRANGE l 0 -1") == "*1 $1 y");
  CHECK(run(b, "BRPOP none 0.5").empty());
  timers.advance(499ms);
  CHECK(read(b).empty());
  timers.advance(1ms);
  CHECK(read(b) == "*-1");
}

TEST_CASE_FIXTURE(Fixture, "BLMPOP takes what a push has brought") {
  CHECK(run(b, "BLMPOP 0 2 k l RIGHT COUNT 2").empty());
  CHECK(run(a, "LPUSH l a b c") == ":3");
  CHECK(read(b) == "*2 $1 l *2 $1 a $1 b");
  CHECK(run(b, "BLMPOP 0.1 1 none LEFT").empty());
  timers.advance(100ms);
  CHECK(read(b) == "*-1");
}

TEST_CASE_FIXTURE(Fixture, "BLMOVE passes on to who waits for its target") {
  CHECK(run(a, "BLMOVE one two LEFT RIGHT 0").empty());
  CHECK(run(b, "BLPOP two 0").empty());
  FakeClient c(13, "127.0.0.1:50013");
  CHECK(run(c, "RPUSH one v") == ":1");
  CHECK(read(a) == "$1 v");
  CHECK(read(b) == "*2 $3 two $1 v");
  CHECK(run(c, "EXISTS one two") == ":0");
}

TEST_CASE_FIXTURE(Fixture, "BLMOVE whose target has become something else pops nothing") {
  CHECK(run(b, "BLMOVE source string LEFT RIGHT 0").empty());
  CHECK(run(a, "RPUSH source v") == ":1");
  CHECK(read(b) == ListServer::kWrongType);
  CHECK(run(a, "LRANGE source 0 -1") == "*1 $1 v");
}

TEST_CASE_FIXTURE(Fixture, "BRPOPLPUSH of a list to itself") {
  CHECK(run(b, "BRPOPLPUSH l l 0").empty());
  CHECK(run(a, "RPUSH l x y") == ":2");
  CHECK(read(b) == "$1 y");
  CHECK(run(a, "LRANGE l 0 -1") == "*2 $1 y $1 x");
}

TEST_CASE_FIXTURE(Fixture, "the reply of a wait that is over, and of one that is not allowed") {
  CHECK(run(b, "BLMOVE k l LEFT LEFT 0.1").empty());
  timers.advance(100ms);
  CHECK(read(b) == "*-1");
  CHECK(run(b, "BRPOPLPUSH k l 0.1").empty());
  timers.advance(100ms);
  CHECK(read(b) == "*-1");
  run(b, "MULTI");
  run(b, "BLMOVE k l LEFT LEFT 0");
  run(b, "BRPOPLPUSH k l 0");
  run(b, "BLPOP k l 0");
  run(b, "BLMPOP 0 1 k LEFT");
  CHECK(run(b, "EXEC") == "*4 $-1 $-1 *-1 *-1");
}

TEST_CASE_FIXTURE(Fixture, "what a transaction pushes is taken when it is done") {
  CHECK(run(b, "BLPOP l 0").empty());
  run(a, "MULTI");
  run(a, "LPUSH l a");
  run(a, "LPUSH l b");
  run(a, "LLEN l");
  CHECK(run(a, "EXEC") == "*3 :1 :2 :2");
  CHECK(read(b) == "*2 $1 l $1 b");
}

TEST_CASE_FIXTURE(Fixture, "LTRIM that cuts nothing off is a change to who watches the key") {
  run(a, "RPUSH l a b");
  run(b, "WATCH l");
  run(a, "LTRIM l 0 -1");
  run(b, "MULTI");
  CHECK(run(b, "EXEC") == "*-1");
  run(b, "WATCH l");
  run(a, "LREM l 0 none");
  run(a, "LPOP l 0");
  run(b, "MULTI");
  CHECK(run(b, "EXEC") == "*0");
}

}  // namespace tarn
