#include <doctest/doctest.h>

#include "tests/server/memcached/memcached_fixture.h"

using namespace tarn;

TEST_CASE("stats count under memcached's names") {
  MemcachedFixture server;
  server.send(
      "set k 0 0 1\r\n1\r\nget k missing\r\nmg k v\r\nmg missing\r\nincr k 1\r\n"
      "decr missing 1\r\ncas k 0 0 1 5\r\nx\r\ndelete missing\r\ntouch k 100\r\n");
  server.clock.advance_ms(7000);
  const std::string stats = server.send("stats\r\n");
  for (const char* line :
       {"uptime 7", "time 1700000007", "version 1.6.40", "curr_items 1", "cmd_get 4", "cmd_set 2",
        "get_hits 2", "get_misses 2", "incr_hits 1", "decr_misses 1", "cas_badval 1",
        "delete_misses 1", "touch_hits 1", "curr_connections 1", "total_items 1"}) {
    CAPTURE(line);
    CHECK(stats.find("STAT " + std::string(line) + "|") != stats.npos);
  }
  CHECK(stats.ends_with("|END|"));
  CHECK(server.send("stats reset\r\n") == "RESET|");
  CHECK(server.send("stats\r\n").find("STAT get_hits 0|") != stats.npos);
}

TEST_CASE("stats reset has all begin anew that counts, and INFO goes on") {
  MemcachedFixture server;
  server.net = {.connections_accepted = 9,
                .connections_rejected = 8,
                .bytes_received = 1000,
                .bytes_sent = 2000};
  server.databases.stats().evicted = 5;
  server.send("stats reset\r\n");
  ++server.net.connections_accepted;
  const std::string stats = server.send("stats\r\n");
  for (const char* line : {"total_connections 1", "rejected_connections 0", "bytes_read 0",
                           "bytes_written 0", "evictions 0"}) {
    CAPTURE(line);
    CHECK(stats.find("STAT " + std::string(line) + "|") != stats.npos);
  }
  CHECK(server.net.bytes_received == 1000);
  CHECK(server.databases.stats().evicted == 5);
}

TEST_CASE("what items are made, deleted and missed is counted as memcached counts it") {
  const auto counted = [](std::string_view requests, const char* line) {
    MemcachedFixture server;
    server.send("set k 0 0 1\r\n1\r\nstats reset\r\n");
    server.send(requests);
    const std::string stats = server.send("stats\r\n");
    return stats.find("STAT " + std::string(line) + "|") != stats.npos;
  };
  CHECK(counted("mg new N30\r\n", "get_hits 1"));
  CHECK(counted("mg new N30\r\n", "total_items 1"));
  CHECK(counted("mg new N30 T30\r\n", "touch_hits 1"));
  CHECK(counted("ma new N0\r\n", "total_items 1"));
  CHECK(counted("ma new N0\r\n", "incr_hits 0"));
  CHECK(counted("ma new N0\r\n", "incr_misses 0"));
  CHECK(counted("ma k MD\r\n", "decr_hits 1"));
  CHECK(counted("md k I\r\n", "delete_hits 0"));
  CHECK(counted("md k C1\r\n", "delete_misses 1"));
  CHECK(counted("md k\r\n", "delete_hits 1"));
  CHECK(counted("me k\r\n", "cmd_meta 1"));
}

TEST_CASE("verbosity is a level of the log") {
  MemcachedFixture server;
  const auto shown = [&] {
    const std::string settings = server.send("stats settings\r\n");
    const std::size_t at = settings.find("verbosity ") + 10;
    return settings.substr(at, settings.find('|', at) - at);
  };
  for (const char* level : {"0", "1", "2", "3"}) {
    CHECK(server.send("verbosity " + std::string(level) + "\r\n") == "OK|");
    CHECK(shown() == level);
  }
  CHECK(server.config.options().loglevel == LogLevel::kDebug);
  CHECK(server.send("verbosity 1 noreply\r\n") == "");
  CHECK(shown() == "1");
  CHECK(server.send("verbosity 99999999999\r\n") == "OK|");
  CHECK(shown() == "3");
  CHECK(server.send("verbosity x\r\n").starts_with("CLIENT_ERROR"));
}

TEST_CASE("stats have topics") {
  MemcachedFixture server;
  CHECK(server.send("stats items\r\n") == "END|");
  server.send("set k 0 0 1\r\n1\r\n");
  CHECK(server.send("stats items\r\n").starts_with("STAT items:1:number 1|"));
  CHECK(server.send("stats settings\r\n").find("STAT item_size_max 1048576|") != std::string::npos);
  const std::string conns = server.send("stats conns\r\n");
  CHECK(conns.find(":addr tcp:127.0.0.1:50000|") != std::string::npos);
  CHECK(conns.find(":listen_addr tcp:") != std::string::npos);
  CHECK(conns.find(":state conn_parse_cmd|") != std::string::npos);
  CHECK(server.send("stats sizes\r\n") == "STAT sizes_status disabled|END|");
  CHECK(server.send("stats slabs\r\n").ends_with("|END|"));
  CHECK(server.send("stats foo\r\n") == "ERROR|");
}
