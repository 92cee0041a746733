#include "server/memcached/memcached_client.h"

#include <doctest/doctest.h>

#include "tests/server/memcached/memcached_fixture.h"

using namespace tarn;

TEST_CASE("requests are answered in order, however they arrive") {
  const std::string requests =
      "set a 0 0 3\r\nabc\r\nget a\r\nfoo\r\nset b 0 0 1 noreply\r\nx\r\nset c 0 0 2\r\nxyz\r\n"
      "gets nothing\r\ndelete b\r\nmn\r\n";
  const std::string replies =
      "STORED|VALUE a 0 3|abc|END|ERROR|CLIENT_ERROR bad data chunk|ERROR|END|DELETED|MN|";
  MemcachedFixture server;
  CHECK(server.send(requests) == replies);
  for (std::size_t cut = 1; cut < requests.size(); ++cut) {
    const std::string first = server.send(requests.substr(0, cut));
    CHECK(first + server.send(requests.substr(cut)) == replies);
  }
}

TEST_CASE("more requests than a batch holds") {
  MemcachedFixture server;
  std::string requests;
  std::string replies;
  for (int i = 0; i < 1000; ++i) {
    const std::string key = "key:" + std::to_string(i);
    requests.append("set ").append(key).append(" 0 0 1\r\nx\r\nget ").append(key).append("\r\n");
    replies.append("STORED|VALUE ").append(key).append(" 0 1|x|END|");
  }
  CHECK(server.send(requests) == replies);
}

TEST_CASE("one request can get thousands of keys") {
  MemcachedFixture server;
  std::string request = "get";
  std::string reply;
  for (int i = 0; i < 3000; ++i) {
    const std::string key = "key:" + std::to_string(i);
    if (i % 3 == 0) {
      server.send("set " + key + " 1 0 2\r\nhi\r\n");
      reply += "VALUE " + key + " 1 2|hi|";
    }
    request += " " + key;
  }
  CHECK(server.send(request + "\r\n") == reply + "END|");
}

TEST_CASE("large values are received, kept and sent whole") {
  MemcachedFixture server;
  const std::string value(500'000, 'v');
  CHECK(server.send("set big 1 0 500000\r\n" + value + "\r\nget big\r\n") ==
        "STORED|VALUE big 1 500000|" + value + "|END|");
  CHECK(server.db().peek(Key("big"))->holds_blob());
  // As much of it as comes with the line, then the rest.
  server.send("ms big 500000 c\r\n" + value.substr(0, 70'000));
  CHECK(server.send(value.substr(70'000) + "\r").empty());
  CHECK(server.send("\nmg big s\r\n").ends_with("|HD s500000|"));
}

TEST_CASE("what is too large is skipped, and what it was to replace is gone") {
  MemcachedFixture server;
  server.set_option("memcached-max-item-size", "2048");
  const std::string value(3000, 'v');
  const std::string refused = "SERVER_ERROR object too large for cache|";
  server.send("set a 0 0 1\r\nx\r\nset b 0 0 1\r\nx\r\nset c 0 0 1\r\nx\r\n");
  CHECK(server.send("set a 0 0 3000\r\n" + value + "\r\nget a\r\n") == refused + "END|");
  CHECK(server.send("append b 0 0 3000\r\n" + value + "\r\nget b\r\n") ==
        refused + "VALUE b 0 1|x|END|");
  CHECK(server.send("ms c 3000 q\r\n" + value + "\r\nmg c\r\n") == refused + "EN|");
  CHECK(server.send("set b 0 0 3000 noreply\r\n" + value + "\r\nget b\r\n") == "END|");
}

TEST_CASE("an item is not extended beyond what an item may have") {
  MemcachedFixture server;
  server.set_option("memcached-max-item-size", "2048");
  const std::string most = std::string(2047, 'v') + "\r\n";
  server.send("set k 0 0 1\r\nx\r\n");
  CHECK(server.send("append k 0 0 2047\r\n" + most) == "STORED|");
  for (const std::string verb : {"append", "prepend"}) {
    CHECK(server.send(verb + " k 0 0 1\r\nx\r\nmg k s\r\n") == "NOT_STORED|HD s2048|");
    CHECK(server.send(verb + " k 0 0 1 noreply\r\nx\r\nmg k s\r\n") == "HD s2048|");
  }
  CHECK(server.send("ms k 1 MA\r\nx\r\nms k 1 MP k q\r\nx\r\nmg k s\r\n") == "NS|NS kk|HD s2048|");
}

TEST_CASE("a line without an end closes the connection") {
  MemcachedFixture server;
  CHECK(server.send("get a\r\n" + std::string(3000, 'x')) == "END|");
  CHECK(server.transport->closing_after_flush);
}

TEST_CASE("quit closes the connection behind the replies so far") {
  MemcachedFixture server;
  CHECK(server.send("get a\r\nquit\r\nget a\r\n") == "END|");
  CHECK(server.transport->closing_after_flush);
}

TEST_CASE("where a password is set, its owner sends it first") {
  MemcachedFixture server;
  server.set_option("requirepass", "secret");
  server.connect();
  CHECK(server.send("get a\r\nversion\r\n") ==
        "CLIENT_ERROR unauthenticated|CLIENT_ERROR unauthenticated|");
  CHECK(server.send("set auth 0 0 13\r\ndefault wrong\r\n") ==
        "CLIENT_ERROR authentication failure|");
  CHECK(server.send("set auth 0 0 6\r\nsecret\r\n") ==
        "CLIENT_ERROR bad authentication token format|");
  for (const std::string token : {"default ", " secret", "default\tsecret", " "}) {
    const std::string login = "set auth 0 0 " + std::to_string(token.size()) + "\r\n" + token;
    CHECK(server.send(login + "\r\n") == "CLIENT_ERROR bad authentication token format|");
  }
  CHECK(server.send("set auth 0 0 14\r\ndefault secretXX") ==
        "CLIENT_ERROR bad command line termination|");
  CHECK(server.send("get a\r\n") == "CLIENT_ERROR unauthenticated|");
  CHECK(server.send("set auth 0 0 14\r\ndefault secret\r\nset a 0 0 1\r\nx\r\nget a\r\n") ==
        "STORED|STORED|VALUE a 0 1|x|END|");
  CHECK_FALSE(server.db().contains(Key("auth")));
}

TEST_CASE("a name and a password are two words, whatever else there is") {
  for (const std::string token :
       {"default  secret", " default secret", "default secret ", "default secret and more"}) {
    MemcachedFixture server;
    server.set_option("requirepass", "secret");
    server.connect();
    const std::string login = "set auth 0 0 " + std::to_string(token.size()) + "\r\n" + token;
    CHECK(server.send(login + "\r\nmn\r\n") == "STORED|MN|");
  }
  MemcachedFixture server;
  server.set_option("requirepass", "two words");
  server.connect();
  CHECK(server.send("set auth 0 0 17\r\ndefault two words\r\nmn\r\n") == "STORED|MN|");
}

TEST_CASE("what gates refuse is a SERVER_ERROR, and held requests run later") {
  MemcachedFixture server;
  server.dispatcher.refuse_writes("test", "MISCONF the disk is full");
  CHECK(server.send("set a 0 0 1\r\nx\r\nget a\r\nset a 0 0 1 noreply\r\nx\r\n") ==
        "SERVER_ERROR MISCONF the disk is full|END|");
  server.dispatcher.allow_writes("test");

  server.dispatcher.pause() = {.until_ms = server.clock.now_ms() + 1000};
  server.dispatcher.raise(kPauseGate);
  CHECK(server.send("set a 0 0 1 noreply\r\nx\r\nget a\r\n") == "");
  CHECK(server.transport->paused);
  server.dispatcher.lower(kPauseGate);
  server.client->session().paused = false;
  CHECK(server.go_on() == "VALUE a 0 1|x|END|");
}

TEST_CASE("without room, changes get memcached's errors") {
  MemcachedFixture server;
  server.send("set n 0 0 1\r\n1\r\n");
  server.dispatcher.make_room = [] { return false; };
  server.dispatcher.raise(kMemoryGate);
  const std::string no_room = "SERVER_ERROR out of memory storing object|";
  for (const std::string verb : {"add", "replace", "append", "prepend"}) {
    CHECK(server.send(verb + " n 0 0 1\r\n2\r\n") == no_room);
    CHECK(server.send(verb + " n 0 0 1 noreply\r\n2\r\n") == "");
  }
  CHECK(server.send("cas n 0 0 1 1\r\n2\r\n") == no_room);
  // What is there is changed in its place, and nothing is made.
  CHECK(server.send("incr n 3\r\ndecr n 1\r\nma n v\r\nma n N0 MD v\r\n") == "4|3|VA 1|4|VA 1|3|");
  CHECK(server.send("mg n N30 v\r\nmg n T90 t\r\n") == "VA 1|3|HD t90|");
  CHECK(server.send("incr m 1\r\nma m\r\nmg m N30\r\nmg m N30 q k\r\nmn\r\n") ==
        "NOT_FOUND|NF|EN|MN|");
  CHECK(server.send("ma m N0\r\n") == "SERVER_ERROR Out of memory allocating new item|");
  CHECK_FALSE(server.db().contains(Key("m")));
  CHECK(server.send("get n\r\ntouch n 100\r\ndelete n\r\n") ==
        "VALUE n 0 1|3|END|TOUCHED|DELETED|");
  // What these cannot replace goes.
  for (const std::string verb : {"set n 0 0 1", "set n 0 0 1 noreply", "ms n 1", "ms n 1 ME q"}) {
    server.dispatcher.lower(kMemoryGate);
    server.send("set n 0 0 1\r\n1\r\n");
    server.dispatcher.raise(kMemoryGate);
    const bool silent = verb.ends_with("noreply");
    CHECK(server.send(verb + "\r\n2\r\n") == (silent ? "" : no_room));
    CHECK(server.send("get n\r\n") == "END|");
  }
  const auto& errors = server.dispatcher.errors().by_code();
  CHECK(errors.size() == 1);
  CHECK(errors.at("OOM") > 0);
  CHECK(server.send("ma m N0 MX\r\n").starts_with("CLIENT_ERROR"));
}

TEST_CASE("data that is too large is passed over, though its request had to wait") {
  MemcachedFixture server;
  server.set_option("memcached-max-item-size", "1kb");
  std::string data = "set injected 0 0 1\r\nx\r\n";
  data.resize(2000, ' ');
  server.dispatcher.pause() = {.until_ms = server.clock.now_ms() + 1000};
  server.dispatcher.raise(kPauseGate);
  CHECK(server.send("set a 0 0 2000\r\n" + data + "\r\nget injected\r\n") == "");
  server.dispatcher.lower(kPauseGate);
  server.client->session().paused = false;
  CHECK(server.go_on() == "SERVER_ERROR object too large for cache|END|");
}

TEST_CASE("commands are counted under names of their own") {
  MemcachedFixture server;
  server.send("get a\r\nget b\r\nget\r\nincr a x\r\n");
  const Command* get = server.table.find("get");
  CHECK(get->full_name == "memcached|get");
  CHECK(get->stats.calls == 2);
  CHECK(server.table.find("incr")->stats.failed == 1);
  CHECK(server.dispatcher.errors().by_code().at("ERROR") == 1);
  CHECK(server.dispatcher.errors().by_code().at("CLIENT_ERROR") == 1);
}
