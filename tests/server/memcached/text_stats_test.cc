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

TEST_CASE("stats have topics") {
  MemcachedFixture server;
  CHECK(server.send("stats items\r\n") == "END|");
  server.send("set k 0 0 1\r\n1\r\n");
  CHECK(server.send("stats items\r\n").starts_with("STAT items:1:number 1|"));
  CHECK(server.send("stats settings\r\n").find("STAT item_size_max 1048576|") != std::string::npos);
  CHECK(server.send("stats conns\r\n").find(":addr tcp:127.0.0.1:50000|") != std::string::npos);
  CHECK(server.send("stats sizes\r\n") == "STAT sizes_status disabled|END|");
  CHECK(server.send("stats slabs\r\n").ends_with("|END|"));
  CHECK(server.send("stats foo\r\n") == "ERROR|");
}
