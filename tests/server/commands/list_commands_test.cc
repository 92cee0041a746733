#include <doctest/doctest.h>

#include <vector>

#include "server/commands/list_access.h"
#include "tests/server/commands/list_commands_fixture.h"

namespace tarn {
namespace {

using Encoding = CollectionEncoding;
constexpr std::string_view kNotPositive = "-ERR value is out of range, must be positive";

}  // namespace

TEST_CASE("LPUSH and RPUSH: the last one is the outermost") {
  ListServer server;
  CHECK(server.run("RPUSH l a b c") == ":3");
  CHECK(server.run("LPUSH l 1 2") == ":5");
  CHECK(server.all("l") == "*5 $1 2 $1 1 $1 a $1 b $1 c");
  CHECK(server.run("LLEN l") == ":5");
  CHECK(server.events() == "rpush l, lpush l");
  CHECK(server.run("LPUSH string a") == ListServer::kWrongType);
  CHECK(server.run("RPUSH string a") == ListServer::kWrongType);
}

TEST_CASE("LPUSHX and RPUSHX: only where there is a list") {
  ListServer server;
  CHECK(server.run("LPUSHX l a") == ":0");
  CHECK(server.run("RPUSHX l a b") == ":0");
  CHECK(server.entry("l") == nullptr);
  CHECK(server.events().empty());
  server.run("RPUSH l a");
  CHECK(server.run("LPUSHX l x") == ":2");
  CHECK(server.run("RPUSHX l y z") == ":4");
  CHECK(server.all("l") == "*4 $1 x $1 a $1 y $1 z");
  CHECK(server.events() == "rpush l, lpush l, rpush l");
  CHECK(server.run("LPUSHX string x") == ListServer::kWrongType);
}

TEST_CASE("elements are any bytes") {
  ListServer server;
  const std::string odd("\0\r\n \xff", 5);
  const std::string longest(100'000, 'x');
  server.run({"RPUSH", "l", "", odd, longest, "-0", "007", "9223372036854775808"});
  CHECK(server.run("LINDEX l 0") == "$0 ");
  CHECK(server.run_raw({"LINDEX", "l", "1"}) == "$5\r\n" + odd + "\r\n");
  CHECK(server.run("LINDEX l 2") == "$100000 " + longest);
  CHECK(server.run("LRANGE l 3 5") == "*3 $2 -0 $3 007 $19 9223372036854775808");
}

TEST_CASE("elements that are too long are refused before anything is looked at") {
  ListServer server;
  // Only its length is looked at.
  const std::string_view text("x", List::kMaxElementBytes + 1);
  for (const std::vector<std::string_view>& args :
       std::vector<std::vector<std::string_view>>{{"lpush", "string", "a", text},
                                                  {"rpushx", "l", text},
                                                  {"lset", "string", "x", text},
                                                  {"linsert", "string", "before", "p", text}}) {
    server.dispatcher.execute(server.session,
                              {.command = server.table.find(args[0]), .args = args, .blobs = {}});
    CHECK(server.run("EXISTS l") == "-ERR Element too large :0");
  }
}

TEST_CASE("LPOP and RPOP") {
  ListServer server;
  server.run("RPUSH l a 1 c");
  server.events();
  CHECK(server.run("LPOP l") == "$1 a");
  CHECK(server.run("RPOP l") == "$1 c");
  CHECK(server.events() == "lpop l, rpop l");
  CHECK(server.run("RPOP l") == "$1 1");
  CHECK(server.events() == "rpop l, del l");
  CHECK(server.entry("l") == nullptr);
  CHECK(server.run("LPOP l") == "$-1");
  CHECK(server.run("LPOP string") == ListServer::kWrongType);
  server.session.protocol = 3;
  CHECK(server.run("RPOP l") == "_");
}

TEST_CASE("LPOP and RPOP: several") {
  ListServer server;
  server.fill("l", 8);
  CHECK(server.run("LPOP l 2") == "*2 $1 0 $1 1");
  CHECK(server.run("RPOP l 2") == "*2 $1 7 $1 6");
  CHECK(server.run("RPOP l 1") == "*1 $1 5");
  CHECK(server.events() == "lpop l, rpop l, rpop l");
  CHECK(server.run("LPOP l 0") == "*0");
  CHECK(server.events().empty());
  CHECK(server.run("RPOP l 9223372036854775807") == "*3 $1 4 $1 3 $1 2");
  CHECK(server.events() == "rpop l, del l");
  CHECK(server.run("LPOP l 3") == "*-1");
  CHECK(server.run("LPOP l 0") == "*-1");
  server.session.protocol = 3;
  CHECK(server.run("RPOP l 3") == "_");
}

TEST_CASE("LPOP and RPOP: several of a large list") {
  ListServer server;
  server.fill("l", 2000);
  CHECK(server.encoding("l") == Encoding::kLarge);
  CHECK(server.run("RPOP l 2") == "*2 $4 1999 $4 1998");
  const std::string popped = server.run("RPOP l 500");
  CHECK(popped.substr(0, 24) == "*500 $4 1997 $4 1996 $4 ");
  CHECK(server.run("LPOP l 1490").substr(0, 20) == "*1490 $1 0 $1 1 $1 2");
  CHECK(server.encoding("l") == Encoding::kPacked);
  CHECK(server.all("l").substr(0, 11) == "*8 $4 1490 ");
}

TEST_CASE("LPOP and RPOP: what is wrong with the arguments comes before the key") {
  ListServer server;
  for (const char* count : {"-1", "x", "9223372036854775808", "1.0", ""}) {
    CAPTURE(count);
    CHECK(server.run({"LPOP", "string", count}) == kNotPositive);
  }
  CHECK(server.run("RPOP string 1 1") == "-ERR wrong number of arguments for 'rpop' command");
  CHECK(server.run("RPOP string 0") == ListServer::kWrongType);
}

TEST_CASE("LLEN") {
  ListServer server;
  CHECK(server.run("LLEN l") == ":0");
  CHECK(server.run("LLEN string") == ListServer::kWrongType);
}

TEST_CASE("LRANGE: indexes from either end, and parts that do not exist") {
  ListServer server;
  for (const int size : {5, 1000}) {
    CAPTURE(size);
    server.run("DEL l");
    server.fill("l", size);
    CHECK(server.run("LRANGE l 1 3") == "*3 $1 1 $1 2 $1 3");
    CHECK(server.run("LRANGE l 3 1") == "*0");
    CHECK(server.run("LRANGE l 5000 6000") == "*0");
    CHECK(server.run("LRANGE l -9223372036854775808 1") == "*2 $1 0 $1 1");
    CHECK(server.run("LRANGE l 0 -9223372036854775808") == "*0");
    CHECK(server.run("LRANGE l -2 9223372036854775807") ==
          (size == 5 ? "*2 $1 3 $1 4" : "*2 $3 998 $3 999"));
    CHECK(server.run("LRANGE l 9223372036854775807 9223372036854775807") == "*0");
  }
  CHECK(server.run("LRANGE missing 0 -1") == "*0");
  CHECK(server.run("LRANGE string 0 -1") == ListServer::kWrongType);
  CHECK(server.run("LRANGE string 0 x") == ListServer::kNotInteger);
  CHECK(server.run("LRANGE string 1.5 1") == ListServer::kNotInteger);
}

TEST_CASE("LINDEX") {
  ListServer server;
  server.run("RPUSH l a 2 c");
  CHECK(server.run("LINDEX l 0") == "$1 a");
  CHECK(server.run("LINDEX l 1") == "$1 2");
  CHECK(server.run("LINDEX l -1") == "$1 c");
  CHECK(server.run("LINDEX l -3") == "$1 a");
  CHECK(server.run("LINDEX l 3") == "$-1");
  CHECK(server.run("LINDEX l -4") == "$-1");
  CHECK(server.run("LINDEX l -9223372036854775808") == "$-1");
  CHECK(server.run("LINDEX l x") == ListServer::kNotInteger);
  CHECK(server.run("LINDEX missing x") == "$-1");
  CHECK(server.run("LINDEX string x") == ListServer::kWrongType);
}

TEST_CASE("lists: the options decide how they are stored") {
  ListServer server;
  server.set_option("list-max-listpack-size", "4");
  server.set_option("list-compress-depth", "1");
  server.run("RPUSH l 1 2 3 4");
  CHECK(server.encoding("l") == Encoding::kPacked);
  server.run("RPUSH l 5");
  CHECK(server.encoding("l") == Encoding::kLarge);
  const std::string text(20, 'x');
  for (int i = 0; i < 40; ++i) server.run("RPUSH l " + text);
  const auto& large = static_cast<const LargeList&>(*server.entry("l")->collection());
  CHECK(large.elements().limits().max_elements == 4);
  CHECK(large.elements().compressed_chunk_count() > 0);
  server.set_option("list-compress-depth", "0");
  server.set_option("list-max-listpack-size", "-1");
  server.run("LPUSH l 0");
  CHECK(large.elements().limits() == ListLimits{.max_bytes = 4096});
  CHECK(server.run("LINDEX l -1") == "$20 " + text);
}

TEST_CASE("lists: reading counts as use of the key, writing as a change") {
  ListServer server;
  const KeyspaceStats& stats = server.databases.context().stats;
  server.run("RPUSH l a b");
  CHECK(stats.changes == 3);
  server.run("LRANGE l 0 -1");
  server.run("LLEN missing");
  CHECK(stats.hits == 1);
  CHECK(stats.misses == 1);
  server.run("LPOP missing");
  CHECK(stats.misses == 1);
  server.run("RPOP l 2");
  CHECK(stats.changes == 5);
}

}  // namespace tarn
