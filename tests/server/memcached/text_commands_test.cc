#include <doctest/doctest.h>

#include "tests/server/memcached/memcached_fixture.h"

using namespace tarn;

namespace {

constexpr std::int64_t kNow = 1'700'000'000;  // the fixture's clock, in seconds
const std::string kLongKey(251, 'k');

}  // namespace

TEST_CASE("storage commands keep their conditions") {
  MemcachedFixture server;
  CHECK(server.send("get k\r\n") == "END|");
  CHECK(server.send("replace k 0 0 1\r\nx\r\n") == "NOT_STORED|");
  CHECK(server.send("append k 0 0 1\r\nx\r\n") == "NOT_STORED|");
  CHECK(server.send("add k 7 0 1\r\nb\r\n") == "STORED|");
  CHECK(server.send("add k 7 0 1\r\nc\r\n") == "NOT_STORED|");
  CHECK(server.send("append k 1 0 1\r\nc\r\n") == "STORED|");
  CHECK(server.send("prepend k 1 0 1\r\na\r\n") == "STORED|");
  CHECK(server.send("get k\r\n") == "VALUE k 7 3|abc|END|");
  CHECK(server.send("replace k 4294967295 0 0\r\n\r\n") == "STORED|");
  CHECK(server.send("get k missing k\r\n") == "VALUE k 4294967295 0||VALUE k 4294967295 0||END|");
}

TEST_CASE("cas stores what nobody else has changed") {
  MemcachedFixture server;
  CHECK(server.send("cas k 0 0 1 5\r\nx\r\n") == "NOT_FOUND|");
  server.send("set k 0 0 1\r\nx\r\n");
  const std::string reply = server.send("gets k\r\n");
  REQUIRE(reply.starts_with("VALUE k 0 1 "));
  const std::string unique = reply.substr(12, reply.find('|') - 12);
  CHECK(server.send("gets k\r\n") == reply);
  CHECK(server.send("cas k 0 0 1 5\r\ny\r\n") == "EXISTS|");
  CHECK(server.send("cas k 0 0 1 " + unique + "\r\nz\r\n") == "STORED|");
  CHECK(server.send("cas k 0 0 1 " + unique + "\r\nw\r\n") == "EXISTS|");
  CHECK(server.send("get k\r\n") == "VALUE k 0 1|z|END|");
}

TEST_CASE("an exptime is relative up to 30 days, then a moment, and in the past at once") {
  MemcachedFixture server;
  server.send("set forever 0 0 1\r\nx\r\n");
  server.send("set month 0 2592000 1\r\nx\r\n");
  server.send("set moment 0 " + std::to_string(kNow + 100) + " 1\r\nx\r\n");
  server.send("set after2038 0 2200000000 1\r\nx\r\n");
  CHECK(server.send("set past 0 " + std::to_string(kNow - 1) + " 1\r\nx\r\n") == "STORED|");
  CHECK(server.send("set negative 0 -1 1\r\nx\r\n") == "STORED|");
  CHECK(server.send("mg forever t\r\nmg month t\r\nmg moment t\r\nmg after2038 t\r\n") ==
        "HD t-1|HD t2592000|HD t100|HD t500000000|");
  CHECK(server.send("get past negative\r\n") == "END|");
  server.clock.advance_ms(100'000);
  CHECK(server.send("get moment\r\n") == "END|");

  SUBCASE("a passed one takes away what was there") {
    server.send("set forever 0 -1 1\r\ny\r\n");
    CHECK(server.send("get forever\r\n") == "END|");
  }
}

TEST_CASE("touch and gat change the exptime") {
  MemcachedFixture server;
  CHECK(server.send("touch k 10\r\ngat 10 k\r\n") == "NOT_FOUND|END|");
  server.send("set k 3 0 1\r\nx\r\n");
  CHECK(server.send("touch k 10\r\nmg k t\r\n") == "TOUCHED|HD t10|");
  CHECK(server.send("gat 20 k other\r\nmg k t\r\n") == "VALUE k 3 1|x|END|HD t20|");
  CHECK(server.send("gats 0 k\r\nmg k t\r\n").ends_with("|x|END|HD t-1|"));
  CHECK(server.send("gat -1 k\r\nget k\r\n") == "VALUE k 3 1|x|END|END|");
  CHECK(server.send("gat x k\r\ntouch k x\r\n") ==
        "CLIENT_ERROR invalid exptime argument|CLIENT_ERROR invalid exptime argument|");
  CHECK(server.send("gat 0\r\n") == "END|");
}

TEST_CASE("touch counts as a read") {
  MemcachedFixture server;
  server.send("set k 0 0 1\r\nx\r\ntouch k 100\r\n");
  CHECK(server.send("mg k h\r\n") == "HD h1|");
}

TEST_CASE("numbers wrap upward, stop at zero, and keep their length") {
  MemcachedFixture server;
  CHECK(server.send("incr n 1\r\n") == "NOT_FOUND|");
  server.send("set n 5 100 2\r\n10\r\n");
  CHECK(server.send("incr n 5\r\ndecr n 6\r\nget n\r\n") == "15|9|VALUE n 5 2|9 |END|");
  CHECK(server.send("mg n t\r\n") == "HD t100|");
  CHECK(server.send("decr n 100\r\nget n\r\n") == "0|VALUE n 5 2|0 |END|");
  CHECK(server.send("incr n 18446744073709551615\r\nincr n 2\r\n") == "18446744073709551615|1|");
  CHECK(server.send("get n\r\n") == "VALUE n 5 20|1" + std::string(19, ' ') + "|END|");
  CHECK(server.send("incr n x\r\nincr n -1\r\nincr n 18446744073709551616\r\n") ==
        "CLIENT_ERROR invalid numeric delta argument|CLIENT_ERROR invalid numeric delta argument|"
        "CLIENT_ERROR invalid numeric delta argument|");
  const std::string not_a_number = "CLIENT_ERROR cannot increment or decrement non-numeric value|";
  for (const char* text : {"abc", "", "-5", "18446744073709551616", "1x"}) {
    CAPTURE(text);
    const std::string value = text;
    server.send("set n 0 0 " + std::to_string(value.size()) + "\r\n" + value + "\r\n");
    CHECK(server.send("incr n 1\r\n") == not_a_number);
  }
  for (const char* text : {"5", " 5", "+5", "5 x", "05"}) {
    CAPTURE(text);
    const std::string value = text;
    server.send("set n 0 0 " + std::to_string(value.size()) + "\r\n" + value + "\r\n");
    CHECK(server.send("incr n 1\r\n") == "6|");
  }
}

TEST_CASE("delete takes the words that old clients send") {
  MemcachedFixture server;
  server.send("set k 0 0 1\r\nx\r\n");
  const std::string usage = "CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]|";
  CHECK(server.send("delete k 5\r\ndelete k 0 0\r\n") == usage + usage);
  CHECK(server.send("delete k 0\r\ndelete k\r\n") == "DELETED|NOT_FOUND|");
  server.send("set k 0 0 1\r\nx\r\ndelete k noreply\r\n");
  CHECK(server.send("get k\r\n") == "END|");
}

TEST_CASE("noreply silences replies and errors alike") {
  MemcachedFixture server;
  CHECK(server.send("set k 0 0 1 noreply\r\n5\r\nincr k 1 noreply\r\ntouch k 0 noreply\r\n"
                    "incr k abc noreply\r\nincr missing 1 noreply\r\nadd k 0 0 1 noreply\r\nx\r\n"
                    "verbosity 1 noreply\r\n") == "");
  CHECK(server.send("get k\r\n") == "VALUE k 0 1|6|END|");
  CHECK(server.send("flush_all noreply\r\nget k\r\n") == "END|");
}

TEST_CASE("noreply does not silence what is no command") {
  MemcachedFixture server;
  CHECK(server.send("nonsense k noreply\r\nDECR k 1 noreply\r\nflush_all 0 x noreply\r\n"
                    "delete k 0 noreply noreply\r\n") == "ERROR|ERROR|ERROR|ERROR|");
}

TEST_CASE("keys of other types are no items, and stay") {
  MemcachedFixture server;
  server.put_list("l");
  CHECK(server.send("get l\r\ngets l\r\ngat 10 l\r\nmg l v\r\nme l\r\n") == "END|END|END|EN|EN|");
  const std::string refused = "SERVER_ERROR the key holds another type than a string|";
  for (const char* request :
       {"set l 0 0 1\r\nx\r\n", "add l 0 0 1\r\nx\r\n", "append l 0 0 1\r\nx\r\n",
        "cas l 0 0 1 5\r\nx\r\n", "incr l 1\r\n", "touch l 1\r\n", "delete l\r\n",
        "ms l 1\r\nx\r\n", "mg l N30\r\n", "ma l N30\r\n", "md l\r\n", "md l I\r\n", "ma l\r\n"}) {
    CAPTURE(request);
    CHECK(server.send(request) == refused);
  }
  CHECK(server.db().peek(Key("l"))->type() == Type::kList);
}

TEST_CASE("flush_all empties the database, now or later") {
  MemcachedFixture server;
  server.db(1).set_string(Key("other"), "x", Ttl::none());
  server.send("set k 0 0 1\r\nx\r\n");
  CHECK(server.send("flush_all\r\nget k\r\n") == "OK|END|");
  CHECK(server.db(1).size() == 1);
  server.send("set k 0 0 1\r\nx\r\n");
  CHECK(server.send("flush_all 1\r\nget k\r\n") == "OK|END|");
  server.send("set k 0 0 1\r\nx\r\n");
  CHECK(server.send("flush_all 10\r\nget k\r\n") == "OK|VALUE k 0 1|x|END|");
  server.timers.advance(std::chrono::milliseconds(8999));
  CHECK(server.send("get k\r\n") == "VALUE k 0 1|x|END|");
  server.timers.advance(std::chrono::milliseconds(1));
  CHECK(server.send("get k\r\n") == "END|");
  server.send("set k 0 0 1\r\nx\r\nflush_all 10\r\nflush_all 20\r\n");
  server.timers.advance(std::chrono::seconds(10));
  CHECK(server.send("get k\r\n") == "VALUE k 0 1|x|END|");
  CHECK(server.send("flush_all abc\r\nflush_all 1 2 3\r\n") ==
        "CLIENT_ERROR invalid exptime argument|ERROR|");
}

TEST_CASE("what memcached does not know, or with other words, is an error") {
  MemcachedFixture server;
  for (const char* request :
       {"foo\r\n", "GET k\r\n", "get\r\n", "gets\r\n", "gat\r\n", "\r\n", "incr k\r\n",
        "incr k 1 2 3\r\n", "touch k\r\n", "delete\r\n", "verbosity\r\n", "verbosity 1 2 3\r\n",
        "mg\r\n", "mgx k\r\n", "set credentials\r\n"}) {
    CAPTURE(request);
    CHECK(server.send(request) == "ERROR|");
  }
  CHECK(server.send("version\r\nverbosity 1\r\n") == "VERSION 1.6.40|OK|");
  CHECK(server.send("get " + kLongKey + "\r\nget a " + kLongKey + "\r\nincr " + kLongKey +
                    " 1\r\n") ==
        "CLIENT_ERROR bad command line format|CLIENT_ERROR bad command line format|"
        "CLIENT_ERROR bad command line format|");
}

TEST_CASE("effects are told as commands of RESP") {
  MemcachedFixture server;
  server.propagation.set_sink(&server.log);
  const auto effects = [&](std::string_view request) {
    server.send(request);
    return server.log.take();
  };
  const std::string in_ten = std::to_string((kNow + 10) * 1000);
  CHECK(effects("set k 0 0 1\r\nx\r\n") == "0: SET k x");
  CHECK(effects("set k 9 10 1\r\nx\r\n") == "0: SET k x PXAT " + in_ten + " FLAGS 9");
  CHECK(effects("append k 0 0 1\r\ny\r\n") == "0: APPEND k y");
  CHECK(effects("prepend k 0 0 1\r\nz\r\n") == "0: SET k zxy PXAT " + in_ten + " FLAGS 9");
  CHECK(effects("touch k 0\r\n") == "0: PERSIST k");
  CHECK(effects("touch k 0\r\n") == "");
  CHECK(effects("gat 10 k\r\n") == "0: PEXPIREAT k " + in_ten);
  CHECK(effects("get k\r\ngets k\r\nmg k v c\r\n") == "");
  CHECK(effects("add k 0 0 1\r\nx\r\n") == "");
  CHECK(effects("set k 0 -1 1\r\nx\r\n") == "0: DEL k");
  CHECK(effects("set k 0 -1 1\r\nx\r\n") == "");
  CHECK(effects("set n 3 0 2\r\n10\r\n") == "0: SET n 10 FLAGS 3");
  CHECK(effects("decr n 1\r\n") == "0: SET n 9  FLAGS 3");
  CHECK(effects("delete n\r\n") == "0: DEL n");
  CHECK(effects("delete n\r\n") == "");
  CHECK(effects("set n 0 0 1\r\n1\r\n") == "0: SET n 1");
  CHECK(effects("flush_all\r\n") == "0: FLUSHDB");
  CHECK(effects("flush_all\r\n") == "");
}
