#include <doctest/doctest.h>

#include "tests/server/commands/clients_fixture.h"

using namespace tarn;

TEST_CASE("SUBSCRIBE: one answer a name, with how many subscriptions there are") {
  ClientsFixture server;
  CHECK(server.run(server.a, "SUBSCRIBE x y x") ==
        "*3 $9 subscribe $1 x :1 *3 $9 subscribe $1 y :2 *3 $9 subscribe $1 x :2");
  CHECK(server.run(server.a, "PSUBSCRIBE x*") == "*3 $10 psubscribe $2 x* :3");
  CHECK(server.run(server.a, "SSUBSCRIBE s") == "*3 $10 ssubscribe $1 s :1");
  CHECK(server.run(server.a, "UNSUBSCRIBE x none") ==
        "*3 $11 unsubscribe $1 x :2 *3 $11 unsubscribe $4 none :2");
  CHECK(server.run(server.a, "UNSUBSCRIBE") == "*3 $11 unsubscribe $1 y :1");
  CHECK(server.run(server.a, "UNSUBSCRIBE") == "*3 $11 unsubscribe $-1 :1");
  CHECK(server.run(server.a, "PUNSUBSCRIBE") == "*3 $12 punsubscribe $2 x* :0");
  CHECK(server.run(server.a, "SUNSUBSCRIBE") == "*3 $12 sunsubscribe $1 s :0");
  CHECK(server.run(server.a, "SUNSUBSCRIBE") == "*3 $12 sunsubscribe $-1 :0");
  CHECK(server.run(server.a, "PING") == "+PONG");
}

TEST_CASE("PUBLISH: counts receivers, and each has its message") {
  ClientsFixture server;
  server.b.session.protocol = 3;
  server.run(server.a, "SUBSCRIBE news");
  server.run(server.b, "PSUBSCRIBE n*");
  CHECK(server.CommandFixture::run("PUBLISH news hello") == ":2");
  CHECK(server.read(server.a) == "*3 $7 message $4 news $5 hello");
  CHECK(server.read(server.b) == ">4 $8 pmessage $2 n* $4 news $5 hello");
  CHECK(server.CommandFixture::run("SPUBLISH news hello") == ":0");
}

TEST_CASE("In RESP2 a subscriber can do little else") {
  ClientsFixture server;
  server.run(server.a, "SUBSCRIBE x");
  const std::string refused =
      "only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context";
  CHECK(server.run(server.a, "GET k") == "-ERR Can't execute 'get': " + refused);
  CHECK(server.run(server.a, "CLIENT ID") == "-ERR Can't execute 'client|id': " + refused);
  CHECK(server.run(server.a, "PING") == "*2 $4 pong $0 ");
  CHECK(server.run(server.a, "PING hi") == "*2 $4 pong $2 hi");
  CHECK(server.run(server.a, "RESET") == "+RESET");
  CHECK(server.run(server.a, "GET k") == "$-1");
  CHECK(server.pubsub.silent());
}

TEST_CASE("In RESP3 a subscriber can do everything; what it sends itself follows the reply") {
  ClientsFixture server;
  server.a.session.protocol = 3;
  CHECK(server.run(server.a, "SUBSCRIBE x") == ">3 $9 subscribe $1 x :1");
  CHECK(server.run(server.a, "PING") == "+PONG");
  CHECK(server.run(server.a, "PUBLISH x 1") == ":1 >3 $7 message $1 x $1 1");
}

TEST_CASE("Who wants no replies still gets messages") {
  ClientsFixture server;
  server.a.session.protocol = 3;
  CHECK(server.run(server.a, "CLIENT REPLY OFF").empty());
  CHECK(server.run(server.a, "SUBSCRIBE x") == ">3 $9 subscribe $1 x :1");
  CHECK(server.run(server.a, "PUBLISH x 1") == ">3 $7 message $1 x $1 1");
  CHECK(server.run(server.b, "PUBLISH x 2") == ":1");
  CHECK(server.read(server.a) == ">3 $7 message $1 x $1 2");
  CHECK(server.run(server.a, "SUBSCRIBE").empty());
  CHECK(server.run(server.a, "CLIENT REPLY ON") == "+OK");
  CHECK(server.run(server.a, "CLIENT REPLY SKIP").empty());
  CHECK(server.run(server.a, "UNSUBSCRIBE x") == ">3 $11 unsubscribe $1 x :0");
  CHECK(server.run(server.a, "PING") == "+PONG");
}

TEST_CASE("PUBSUB: who subscribes to what") {
  ClientsFixture server;
  server.run(server.a, "SUBSCRIBE one two");
  server.run(server.a, "SSUBSCRIBE shard");
  server.run(server.b, "SUBSCRIBE two");
  server.run(server.b, "PSUBSCRIBE p*");
  CHECK(server.CommandFixture::run("PUBSUB CHANNELS o*") == "*1 $3 one");
  CHECK(server.CommandFixture::run("PUBSUB NUMSUB two none") == "*4 $3 two :2 $4 none :0");
  CHECK(server.CommandFixture::run("PUBSUB NUMPAT") == ":1");
  CHECK(server.CommandFixture::run("PUBSUB SHARDCHANNELS") == "*1 $5 shard");
  CHECK(server.CommandFixture::run("PUBSUB SHARDNUMSUB shard") == "*2 $5 shard :1");
  CHECK(server.CommandFixture::run("PUBSUB CHANNELS a b") ==
        "-ERR unknown subcommand or wrong number of arguments for 'CHANNELS'. Try PUBSUB HELP.");
  CHECK(server.CommandFixture::run("CLIENT LIST TYPE pubsub")
            .find("flags=P db=0 sub=2 psub=0 "
                  "ssub=1") != std::string::npos);
}
