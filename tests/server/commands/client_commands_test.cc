#include <doctest/doctest.h>

#include "core/keyspace/keyspace.h"
#include "tests/server/commands/clients_fixture.h"

namespace tarn {

using namespace std::chrono_literals;

TEST_CASE("CLIENT: names and numbers") {
  ClientsFixture server;
  CHECK(server.run(server.a, "CLIENT ID") == ":11");
  CHECK(server.run(server.a, "CLIENT GETNAME") == "$-1");
  CHECK(server.run(server.a, "CLIENT SETNAME alice") == "+OK");
  CHECK(server.run(server.a, "CLIENT SETNAME \"a\\x7f\"") ==
        "-ERR Client names cannot contain spaces, newlines or special characters.");
  CHECK(server.run(server.a, "CLIENT GETNAME") == "$5 alice");
  CHECK(server.run(server.a, "CLIENT SETINFO lib-name tester") == "+OK");
  CHECK(server.run(server.a, "CLIENT SETINFO LIB-VER \"1 2\"") ==
        "-ERR LIB-VER cannot contain spaces, newlines or special characters.");
  CHECK(server.run(server.a, "CLIENT SETINFO foo x") == "-ERR Unrecognized option 'foo'");
  CHECK(server.a.session.library_name == "tester");
}

TEST_CASE("CLIENT INFO: one line") {
  ClientsFixture server;
  server.clock.advance_ms(5000);
  server.a.session.name = "alice";
  server.a.session.no_touch = true;
  const std::string line = server.run(server.a, "CLIENT INFO");
  CHECK(line.find("id=11 addr=127.0.0.1:50011 laddr=127.0.0.1:6379 fd=7 name=alice age=5 idle=5 "
                  "flags=T db=0 sub=0 psub=0 ssub=0 multi=-1 qbuf=0 ") != line.npos);
  CHECK(line.find(" obl=0 oll=0 omem=0 ") != line.npos);
  CHECK(line.ends_with(
      " events=r cmd=client|info user=default redir=-1 resp=2 lib-name= lib-ver=\n"));
}

TEST_CASE("CLIENT LIST: filters") {
  ClientsFixture server;
  const auto lines = [&](std::string_view command) {
    const std::string reply = server.run(server.a, command);
    return std::count(reply.begin(), reply.end(), '\n');
  };
  CHECK(lines("CLIENT LIST") == 2);
  CHECK(lines("CLIENT LIST TYPE Normal") == 2);
  CHECK(lines("CLIENT LIST TYPE replica") == 0);
  CHECK(lines("CLIENT LIST ID 12 99 11 12") == 3);
  CHECK(server.run(server.a, "CLIENT LIST TYPE x") == "-ERR Unknown client type 'x'");
  CHECK(server.run(server.a, "CLIENT LIST ID x") == "-ERR Invalid client ID");
  CHECK(server.run(server.a, "CLIENT LIST ID") == "-ERR syntax error");
}

TEST_CASE("CLIENT KILL: by address") {
  ClientsFixture server;
  CHECK(server.run(server.a, "CLIENT KILL 1.2.3.4:5") == "-ERR No such client");
  CHECK(server.run(server.a, "CLIENT KILL 127.0.0.1:50012") == "+OK");
  CHECK(server.b.transport.closed);
  CHECK(server.run(server.a, "CLIENT KILL 127.0.0.1:50011") == "+OK");
  CHECK(server.a.transport.closing_after_flush);
}

TEST_CASE("CLIENT KILL: by conditions") {
  ClientsFixture server;
  CHECK(server.run(server.a, "CLIENT KILL ID") == "-ERR No such client");
  CHECK(server.run(server.a, "CLIENT KILL ID 12 TYPE pubsub") == ":0");
  CHECK(server.run(server.a, "CLIENT KILL ID 11 USER default") == ":0");
  CHECK(server.run(server.a, "CLIENT KILL MAXAGE 10 TYPE normal") == ":0");
  server.clock.advance_ms(10'000);
  CHECK(server.run(server.a, "CLIENT KILL MAXAGE 11 TYPE normal") == ":0");
  CHECK(server.run(server.a, "CLIENT KILL MAXAGE 10 TYPE normal") == ":1");
  CHECK(server.b.transport.closed);
  CHECK_FALSE(server.a.session.closing);
  CHECK(server.run(server.a, "CLIENT KILL LADDR 127.0.0.1:6379 SKIPME no ID 11") == ":1");
  CHECK(server.a.transport.closing_after_flush);
}

TEST_CASE("CLIENT KILL: errors, the first one counts") {
  ClientsFixture server;
  CHECK(server.run(server.a, "CLIENT KILL ID 0 TYPE x") ==
        "-ERR client-id should be greater than 0");
  CHECK(server.run(server.a, "CLIENT KILL TYPE x ID 0") == "-ERR Unknown client type 'x'");
  CHECK(server.run(server.a, "CLIENT KILL USER x SKIPME y") == "-ERR No such user 'x'");
  CHECK(server.run(server.a, "CLIENT KILL SKIPME y USER x") == "-ERR syntax error");
  CHECK(server.run(server.a, "CLIENT KILL ID 12 TYPE") == "-ERR syntax error");
  CHECK(server.run(server.a, "CLIENT KILL MAXAGE 0 ID 12") ==
        "-ERR maxage should be greater than 0");
  CHECK_FALSE(server.b.transport.closed);
}

TEST_CASE("CLIENT REPLY") {
  ClientsFixture server;
  CHECK(server.run(server.a, "CLIENT REPLY SKIP") == "");
  CHECK(server.run(server.a, "PING") == "");
  CHECK(server.run(server.a, "PING") == "+PONG");
  CHECK(server.run(server.a, "CLIENT REPLY OFF") == "");
  CHECK(server.run(server.a, "CLIENT REPLY SKIP") == "");
  CHECK(server.run(server.a, "NOSUCH") == "");
  CHECK(server.run(server.a, "CLIENT REPLY ON") == "+OK");
  CHECK(server.run(server.a, "CLIENT REPLY x") == "-ERR syntax error");
}

TEST_CASE("CLIENT NO-TOUCH: reads leave no trace, except those of TOUCH") {
  ClientsFixture server;
  server.table.add(key_commands(), std::as_const(server.config));
  server.run(server.a, "SET k v");
  const auto access = [&] { return server.entry("k")->access(); };
  const std::uint32_t fresh = access();
  server.clock.advance_ms(60'000);
  CHECK(server.run(server.a, "CLIENT NO-TOUCH x") == "-ERR syntax error");
  CHECK(server.run(server.a, "CLIENT NO-TOUCH ON") == "+OK");
  CHECK(server.run(server.a, "GET k") == "$1 v");
  CHECK(access() == fresh);
  CHECK(server.run(server.a, "TOUCH k") == ":1");
  const std::uint32_t touched = access();
  CHECK(touched != fresh);
  server.clock.advance_ms(60'000);
  CHECK(server.run(server.a, "CLIENT NO-TOUCH OFF") == "+OK");
  CHECK(server.run(server.a, "GET k") == "$1 v");
  CHECK(access() != touched);
}

TEST_CASE("CLIENT PAUSE: holds commands, writes only or all") {
  ClientsFixture server;
  CHECK(server.run(server.a, "CLIENT PAUSE 1000 WRITE") == "+OK");
  CHECK(server.run(server.b, "GET k") == "$-1");
  CHECK(server.run(server.b, "SET k v") == "");
  CHECK(server.b.session.paused);
  CHECK(server.run(server.a, "CLIENT UNPAUSE") == "+OK");
  CHECK_FALSE(server.b.session.paused);
  CHECK(server.run(server.b, "SET k v") == "+OK");
  CHECK(server.run(server.a, "CLIENT PAUSE 1000") == "+OK");
  CHECK(server.run(server.b, "GET k") == "");
  CHECK(server.run(server.a, "CLIENT UNPAUSE") == "");
  server.timers.advance(1000ms);
  CHECK_FALSE(server.a.session.paused);
  CHECK_FALSE(server.pause.active());
  CHECK(server.run(server.b, "GET k") == "$1 v");
}

TEST_CASE("CLIENT PAUSE: the longer and the stricter count") {
  ClientsFixture server;
  server.run(server.a, "CLIENT PAUSE 1000 WRITE");
  server.run(server.a, "CLIENT PAUSE 10 ALL");
  server.timers.advance(999ms);
  CHECK(server.run(server.b, "GET k") == "");
  server.timers.advance(1ms);
  CHECK(server.run(server.b, "GET k") == "$-1");
  CHECK(server.timers.size() == 0);
}

TEST_CASE("CLIENT PAUSE: errors") {
  ClientsFixture server;
  CHECK(server.run(server.a, "CLIENT PAUSE x FOO") ==
        "-ERR CLIENT PAUSE mode must be WRITE or ALL");
  CHECK(server.run(server.a, "CLIENT PAUSE x") == "-ERR timeout is not an integer or out of range");
  CHECK(server.run(server.a, "CLIENT PAUSE -1") == "-ERR timeout is negative");
  CHECK(server.run(server.a, "CLIENT PAUSE 9223372036854775807") == "-ERR timeout is out of range");
  CHECK(server.run(server.a, "CLIENT PAUSE 1 ALL x") ==
        "-ERR unknown subcommand or wrong number of arguments for 'PAUSE'. Try CLIENT HELP.");
}

TEST_CASE("WAIT: until the time is up") {
  ClientsFixture server;
  CHECK(server.run(server.a, "WAIT 0 0") == ":0");
  CHECK(server.run(server.a, "WAIT 1 500") == "");
  CHECK(server.a.session.blocked);
  CHECK(server.blocked.size() == 1);
  server.timers.advance(499ms);
  CHECK(server.read(server.a) == "");
  server.timers.advance(1ms);
  CHECK(server.read(server.a) == ":0");
  CHECK_FALSE(server.a.session.blocked);
  CHECK(server.run(server.a, "WAIT x y") == "-ERR value is not an integer or out of range");
  CHECK(server.run(server.a, "WAIT 1 -1") == "-ERR timeout is negative");
}

TEST_CASE("CLIENT UNBLOCK") {
  ClientsFixture server;
  CHECK(server.run(server.b, "CLIENT UNBLOCK 11") == ":0");
  server.run(server.a, "WAIT 1 0");
  CHECK(server.run(server.b, "CLIENT UNBLOCK 11 x") ==
        "-ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
  CHECK(server.run(server.b, "CLIENT UNBLOCK 11") == ":1");
  CHECK(server.read(server.a) == ":0");
  server.run(server.a, "WAIT 1 0");
  CHECK(server.run(server.b, "CLIENT UNBLOCK 11 ERROR") == ":1");
  CHECK(server.read(server.a) == "-UNBLOCKED client unblocked via CLIENT UNBLOCK");
}

TEST_CASE("A blocked client that wants no reply, and one that goes") {
  ClientsFixture server;
  server.run(server.a, "CLIENT REPLY SKIP");
  server.run(server.a, "WAIT 1 100");
  server.timers.advance(100ms);
  CHECK(server.read(server.a) == "");
  CHECK(server.run(server.a, "PING") == "+PONG");
  server.run(server.a, "WAIT 1 100");
  server.blocked.forget(server.a.session);
  CHECK(server.timers.size() == 0);
}

TEST_CASE("MONITOR: shows what runs") {
  ClientsFixture server;
  CHECK(server.run(server.a, "MONITOR") == "+OK");
  server.run(server.b, "set key \"bin\\x00\\n\"");
  CHECK(server.read(server.a) ==
        "+1700000000.000000 [0 127.0.0.1:50012] \"set\" \"key\" \"bin\\x00\\n\"");
  server.b.transport.unix_socket = true;
  server.b.transport.local = "/tmp/tarn.sock:0";
  server.b.session.db = 3;
  server.clock.advance_us(12);
  server.run(server.b, "AUTH default secret");
  CHECK(server.read(server.a) ==
        "+1700000000.000012 [3 unix:/tmp/tarn.sock] \"AUTH\" \"(redacted)\" \"(redacted)\"");
  server.run(server.b, "HELLO 2 AUTH default secret SETNAME x");
  CHECK(server.read(server.a).ends_with(
      "\"HELLO\" \"2\" \"AUTH\" \"(redacted)\" \"(redacted)\" \"SETNAME\" \"x\""));
}

TEST_CASE("MONITOR: what it leaves out, and what monitors may do") {
  ClientsFixture server;
  server.run(server.a, "MONITOR");
  server.run(server.b, "CLIENT LIST");  // administrative
  server.run(server.b, "NOSUCH");
  server.run(server.b, "GET");
  CHECK(server.read(server.a) == "");
  CHECK(server.run(server.a, "GET k") == "-ERR Replica can't interact with the keyspace");
  CHECK(server.run(server.a, "PING").starts_with("+PONG +1700000000.000000 [0 "));
  server.run(server.a, "RESET");
  server.run(server.b, "PING");
  CHECK(server.read(server.a) == "");
}

TEST_CASE("Arities and subcommands") {
  ClientsFixture server;
  CHECK(server.run(server.a, "CLIENT") == "-ERR wrong number of arguments for 'client' command");
  CHECK(server.run(server.a, "CLIENT FOO") == "-ERR unknown subcommand 'FOO'. Try CLIENT HELP.");
  CHECK(server.run(server.a, "CLIENT KILL") ==
        "-ERR wrong number of arguments for 'client|kill' command");
}

}  // namespace tarn
