#include <doctest/doctest.h>

#include "tests/server/commands/list_commands_fixture.h"

namespace tarn {

TEST_CASE("LMOVE: from any end to any end") {
  ListServer server;
  server.run("RPUSH l a b c d");
  server.events();
  CHECK(server.run("LMOVE l m LEFT RIGHT") == "$1 a");
  CHECK(server.run("LMOVE l m right left") == "$1 d");
  CHECK(server.run("LMOVE l m RIGHT RIGHT") == "$1 c");
  CHECK(server.events() == "rpush m, lpop l, lpush m, rpop l, rpush m, rpop l");
  CHECK(server.run("LMOVE l m LEFT LEFT") == "$1 b");
  CHECK(server.events() == "lpush m, lpop l, del l");
  CHECK(server.all("m") == "*4 $1 b $1 d $1 a $1 c");
  CHECK(server.entry("l") == nullptr);
  CHECK(server.run("LMOVE l m LEFT LEFT") == "$-1");
}

TEST_CASE("LMOVE: a list to itself") {
  ListServer server;
  server.run("RPUSH l a b c");
  server.events();
  CHECK(server.run("LMOVE l l LEFT RIGHT") == "$1 a");
  CHECK(server.all("l") == "*3 $1 b $1 c $1 a");
  CHECK(server.run("LMOVE l l RIGHT RIGHT") == "$1 a");
  CHECK(server.run("RPOPLPUSH l l") == "$1 a");
  CHECK(server.all("l") == "*3 $1 a $1 b $1 c");
  CHECK(server.events() == "rpush l, lpop l, rpush l, rpop l, lpush l, rpop l");
  server.run("RPUSH one x");
  server.events();
  CHECK(server.run("LMOVE one one LEFT RIGHT") == "$1 x");
  CHECK(server.all("one") == "*1 $1 x");
  CHECK(server.events() == "rpush one, lpop one");
}

TEST_CASE("LMOVE: between large lists") {
  ListServer server;
  server.fill("l", 1000);
  server.fill("m", 1000);
  for (int i = 0; i < 990; ++i) server.run("LMOVE l m LEFT RIGHT");
  CHECK(server.all("l").substr(0, 12) == "*10 $3 990 $");
  CHECK(server.run("LLEN m") == ":1990");
  CHECK(server.run("LRANGE m -2 -1") == "*2 $3 988 $3 989");
  for (int i = 0; i < 3000; ++i) server.run("RPOPLPUSH m m");
  CHECK(server.run("LINDEX m 1010") == "$1 0");
}

TEST_CASE("LMOVE: nothing is popped if it cannot be pushed") {
  ListServer server;
  server.run("RPUSH l a b");
  server.events();
  CHECK(server.run("LMOVE l string LEFT RIGHT") == ListServer::kWrongType);
  CHECK(server.run("RPOPLPUSH l string") == ListServer::kWrongType);
  CHECK(server.all("l") == "*2 $1 a $1 b");
  CHECK(server.events().empty());
  CHECK(server.run("LMOVE string l LEFT RIGHT") == ListServer::kWrongType);
  CHECK(server.run("LMOVE string string LEFT RIGHT") == ListServer::kWrongType);
  CHECK(server.run("LMOVE missing string LEFT RIGHT") == "$-1");
  CHECK(server.run("LMOVE string l UP RIGHT") == ListServer::kSyntax);
  CHECK(server.run("LMOVE string l LEFT UP") == ListServer::kSyntax);
}

TEST_CASE("RPOPLPUSH") {
  ListServer server;
  server.run("RPUSH l a b");
  server.events();
  CHECK(server.run("RPOPLPUSH l m") == "$1 b");
  CHECK(server.events() == "lpush m, rpop l");
  CHECK(server.run("RPOPLPUSH missing string") == "$-1");
  server.session.protocol = 3;
  CHECK(server.run("RPOPLPUSH missing m") == "_");
}

TEST_CASE("LMPOP: pops off the first list that exists") {
  ListServer server;
  server.run("RPUSH l a b c d");
  server.run("RPUSH m x");
  server.events();
  CHECK(server.run("LMPOP 1 l LEFT") == "*2 $1 l *1 $1 a");
  CHECK(server.run("LMPOP 3 missing l m RIGHT COUNT 2") == "*2 $1 l *2 $1 d $1 c");
  CHECK(server.run("LMPOP 2 l m left count 9223372036854775807") == "*2 $1 l *1 $1 b");
  CHECK(server.run("LMPOP 2 l m LEFT") == "*2 $1 m *1 $1 x");
  CHECK(server.events() == "lpop l, rpop l, lpop l, del l, lpop m, del m");
  CHECK(server.run("LMPOP 2 l m LEFT") == "*-1");
  CHECK(server.run("LMPOP 2 l string LEFT") == ListServer::kWrongType);
  server.session.protocol = 3;
  CHECK(server.run("LMPOP 1 l LEFT") == "_");
}

TEST_CASE("LMPOP: what is wrong with the arguments comes before the keys") {
  ListServer server;
  for (const char* count : {"0", "-1", "x", "9223372036854775808"}) {
    CAPTURE(count);
    CHECK(server.run(std::string("LMPOP ") + count + " string LEFT") ==
          "-ERR numkeys should be greater than 0");
    CHECK(server.run(std::string("LMPOP 1 string LEFT COUNT ") + count) ==
          "-ERR count should be greater than 0");
  }
  for (const char* arguments :
       {"2 string LEFT", "9223372036854775807 string LEFT", "1 string UP", "1 string LEFT COUNT",
        "1 string LEFT COUNT 1 COUNT 1", "1 string LEFT FOO 1", "1 string string LEFT"}) {
    CAPTURE(arguments);
    CHECK(server.run(std::string("LMPOP ") + arguments) == ListServer::kSyntax);
  }
}

}  // namespace tarn
