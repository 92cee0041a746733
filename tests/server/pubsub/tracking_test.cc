#include "server/pubsub/tracking.h"

#include <doctest/doctest.h>

#include "tests/server/commands/clients_fixture.h"

using namespace tarn;

namespace {

// `a` tracks in RESP3; b and the fixture's own client change keys.
struct Server : ClientsFixture {
  Server() {
    for (const auto rows : {key_commands(), database_commands(), string_multi_commands()}) {
      table.add(rows, std::as_const(config));
    }
    a.session.protocol = 3;
  }

  // What `a` is told of once b has run a command.
  std::string told(std::string_view line) {
    run(b, line);
    tracking.broadcast();
    return read(a);
  }
};

constexpr std::string_view kTold = ">2 $10 invalidate *1 $1 k";

}  // namespace

TEST_CASE("what a client has read is told once when it changes") {
  Server server;
  CHECK(server.run(server.a, "CLIENT TRACKING ON") == "+OK");
  CHECK(server.told("SET k 1") == "");
  server.run(server.a, "GET k");
  CHECK(server.tracking.keys() == 1);
  CHECK(server.told("SET other 1") == "");
  CHECK(server.told("SET k 2") == kTold);
  CHECK(server.told("SET k 3") == "");
  server.run(server.a, "MGET k other");
  CHECK(server.told("DEL k other") == ">2 $10 invalidate *1 $1 k >2 $10 invalidate *1 $5 other");
  CHECK(server.run(server.a, "CLIENT TRACKING OFF") == "+OK");
  CHECK(server.databases.context().observer == nullptr);
}

TEST_CASE("its own change is told behind the reply, or with NOLOOP not at all") {
  Server server;
  server.run(server.a, "CLIENT TRACKING ON");
  server.run(server.a, "GET k");
  CHECK(server.run(server.a, "SET k 1") == "+OK " + std::string(kTold));
  server.run(server.a, "CLIENT TRACKING ON NOLOOP");
  server.run(server.a, "GET k");
  CHECK(server.run(server.a, "SET k 1") == "+OK");
}

TEST_CASE("a database that is emptied is told of once, whatever was in it") {
  Server server;
  server.run(server.a, "CLIENT TRACKING ON");
  server.run(server.a, "GET k");
  server.databases[3].set_string(Key("x"), "1", Ttl::none());
  server.databases[4].set_string(Key("x"), "1", Ttl::none());
  CHECK(server.told("FLUSHALL") == ">2 $10 invalidate _");
  CHECK(server.told("FLUSHDB") == ">2 $10 invalidate _");
  CHECK(server.tracking.keys() == 0);
}

TEST_CASE("OPTIN and OPTOUT: what CLIENT CACHING says is said of one command") {
  Server server;
  server.run(server.a, "CLIENT TRACKING ON OPTIN");
  server.run(server.a, "GET k");
  CHECK(server.told("SET k 1") == "");
  server.run(server.a, "CLIENT CACHING YES");
  CHECK(server.run(server.a, "CLIENT TRACKINGINFO") ==
        "%3 $5 flags ~3 $2 on $5 optin $11 caching-yes $8 redirect :0 $8 prefixes *0");
  server.run(server.a, "GET k");
  CHECK(server.told("SET k 1") == kTold);
  server.run(server.a, "CLIENT CACHING YES");
  server.run(server.a, "NOSUCHCOMMAND");
  server.run(server.a, "GET k");
  CHECK(server.told("SET k 1") == "");

  server.run(server.a, "CLIENT TRACKING OFF");
  server.run(server.a, "CLIENT TRACKING ON OPTOUT");
  server.run(server.a, "CLIENT CACHING NO");
  server.run(server.a, "GET k");
  CHECK(server.told("SET k 1") == "");
  server.run(server.a, "GET k");
  CHECK(server.told("SET k 1") == kTold);
}

TEST_CASE("BCAST: the changed keys of each prefix, together, in order") {
  Server server;
  CHECK(server.run(server.a, "CLIENT TRACKING ON BCAST PREFIX p PREFIX q") == "+OK");
  CHECK(server.tracking.prefixes() == 2);
  CHECK(server.told("MSET q1 1 p2 1 p1 1 r 1 p2 2") ==
        ">2 $10 invalidate *2 $2 p1 $2 p2 >2 $10 invalidate *1 $2 q1");
  CHECK(server.run(server.a, "CLIENT TRACKING ON BCAST PREFIX pp") ==
        "-ERR Prefix 'pp' overlaps with an existing prefix 'p'. Prefixes for a single client must "
        "not overlap.");
  CHECK(server.run(server.a, "CLIENT TRACKING ON BCAST PREFIX a PREFIX ab") ==
        "-ERR Prefix 'a' overlaps with another provided prefix 'ab'. Prefixes for a single client "
        "must not overlap.");
  server.run(server.a, "CLIENT TRACKING OFF");
  CHECK(server.tracking.prefixes() == 0);

  server.run(server.a, "CLIENT TRACKING ON BCAST NOLOOP");
  server.run(server.b, "SET theirs 1");
  server.run(server.a, "SET own 1");
  server.tracking.broadcast();
  CHECK(server.read(server.a) == ">2 $10 invalidate *1 $6 theirs");
}

TEST_CASE("BCAST: a prefix may go while changes wait for it") {
  Server server;
  server.run(server.a, "CLIENT TRACKING ON BCAST PREFIX p");
  server.run(server.b, "SET p1 1");
  server.tracking.disable(server.a.session);
  server.tracking.broadcast();
  CHECK(server.read(server.a).empty());
}

TEST_CASE("REDIRECT: another client is told; in RESP2 as a message") {
  Server server;
  server.a.session.protocol = 2;
  CHECK(server.run(server.a, "CLIENT TRACKING ON REDIRECT 99") ==
        "-ERR The client ID you want redirect to does not exist");
  CHECK(server.run(server.a, "CLIENT TRACKING ON REDIRECT 12") == "+OK");
  CHECK(server.run(server.a, "CLIENT GETREDIR") == ":12");
  server.run(server.a, "GET k");
  server.CommandFixture::run("SET k 1");
  CHECK(server.read(server.b).empty());
  server.run(server.b, "SUBSCRIBE __redis__:invalidate");
  server.run(server.a, "GET k");
  server.CommandFixture::run("SET k 1");
  CHECK(server.read(server.b) == "*3 $7 message $20 __redis__:invalidate *1 $1 k");
  CHECK(server.read(server.a).empty());
}

TEST_CASE("REDIRECT: the client hears that its receiver has gone") {
  Server server;
  server.run(server.a, "CLIENT TRACKING ON REDIRECT 12");
  server.run(server.a, "GET k");
  server.clients.remove(server.b.session);
  server.CommandFixture::run("SET k 1");
  CHECK(server.read(server.a) == ">2 $21 tracking-redir-broken :12");
  CHECK(server.run(server.a, "CLIENT TRACKINGINFO") ==
        "%3 $5 flags ~2 $2 on $15 broken_redirect $8 redirect :12 $8 prefixes *0");
}

TEST_CASE("the table has a limit, beyond which keys count as changed") {
  Server server;
  server.tracking.set_max_keys(10);
  server.run(server.a, "CLIENT TRACKING ON");
  std::size_t told = 0;
  for (int i = 0; i < 100; ++i) {
    const std::string reply = server.run(server.a, "GET key:" + std::to_string(i));
    told += reply.find("invalidate") != std::string::npos ? 1 : 0;
    CHECK(server.tracking.keys() <= 10);
  }
  CHECK(told == 90);
}

TEST_CASE("wishes that contradict themselves or each other") {
  Server server;
  const auto on = [&](std::string_view rest) {
    return server.run(server.a, "CLIENT TRACKING ON " + std::string(rest));
  };
  CHECK(on("PREFIX a") == "-ERR PREFIX option requires BCAST mode to be enabled");
  CHECK(on("BCAST OPTIN") == "-ERR OPTIN and OPTOUT are not compatible with BCAST");
  CHECK(on("OPTIN OPTOUT") == "-ERR You can't specify both OPTIN mode and OPTOUT mode");
  CHECK(server.run(server.a, "CLIENT CACHING YES") ==
        "-ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or "
        "OPTOUT mode enabled");
  CHECK(on("OPTIN") == "+OK");
  CHECK(on("OPTOUT").starts_with("-ERR You can't switch OPTIN/OPTOUT mode"));
  CHECK(on("BCAST").starts_with("-ERR You can't switch BCAST mode on/off"));
  CHECK(server.run(server.a, "CLIENT CACHING NO") ==
        "-ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.");
}
