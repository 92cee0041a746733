#include "server/protocol/memcached_text_parser.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "tests/server/protocol/memcached_feed.h"

using namespace tarn;

namespace {

using Feed = MemcachedFeed<MemcachedTextParser>;
using LargeBlocks = Feed::LargeBlocks;

std::string parse(std::string_view bytes, MemcachedTextParser::Limits limits = {}) {
  Feed feed(LargeBlocks::kDecline, limits);
  feed.receive(bytes);
  return feed.seen();
}

const std::string kLongKey(251, 'k');

}  // namespace

TEST_CASE("requests are words and, for storage commands, a data block") {
  CHECK(parse("get a\r\n") == "get|a|\n");
  CHECK(parse("get a\n") == "get|a|\n");
  CHECK(parse("  gets  a   b  \r\n") == "gets|a|b|\n");
  CHECK(parse("set k 1 2 3\r\nabc\r\nget k\r\n") == "set|k|1|2|3|abc|\nget|k|\n");
  CHECK(parse("set k 1 2 2\r\n\r\n\r\n") == "set|k|1|2|2|\r\n|\n");
  CHECK(parse("add k 0 0 0\r\n\r\n") == "add|k|0|0|0||\n");
  CHECK(parse("cas k 0 0 1 77\r\nx\r\n") == "cas|k|0|0|1|77|x|\n");
  CHECK(parse("ms k 2 T0 c\r\nxy\r\nmg k v\r\n") == "ms|k|2|T0|c|xy|\nmg|k|v|\n");
  CHECK(parse("set k +1 -1 01\r\nx\r\n") == "set|k|+1|-1|01|x|\n");
}

TEST_CASE("a NUL ends a line, other control characters belong to words") {
  CHECK(parse(std::string_view("get a\0b\r\n", 9)) == "get|a|\n");
  CHECK(parse("get a\tb\r\n") == "get|a\tb|\n");
}

TEST_CASE("noreply is told where memcached knows it") {
  CHECK(parse("set k 0 0 1 noreply\r\nx\r\n") == "set|k|0|0|1|noreply|x|quiet\n");
  CHECK(parse("set k 0 0 1 whatever\r\nx\r\n") == "set|k|0|0|1|whatever|x|\n");
  CHECK(parse("cas k 0 0 1 5 noreply\r\nx\r\n") == "cas|k|0|0|1|5|noreply|x|quiet\n");
  CHECK(parse("delete k noreply\r\n") == "delete|k|noreply|quiet\n");
  CHECK(parse("flush_all noreply\r\n") == "flush_all|noreply|quiet\n");
  CHECK(parse("delete noreply\r\n") == "delete|noreply|\n");
  CHECK(parse("delete k 0 noreply\r\n") == "delete|k|0|noreply|quiet\n");
  CHECK(parse("delete k 0 noreply noreply\r\n") == "delete|k|0|noreply|noreply|\n");
  CHECK(parse("flush_all 0 x noreply\r\n") == "flush_all|0|x|noreply|\n");
  CHECK(parse("nonsense k noreply\r\nDECR n 1 noreply\r\n") ==
        "nonsense|k|noreply|\nDECR|n|1|noreply|\n");
  CHECK(parse("get a noreply\r\n") == "get|a|noreply|\n");
  CHECK(parse("mg a noreply\r\n") == "mg|a|noreply|\n");
}

TEST_CASE("after a wrong header, its data counts as requests") {
  CHECK(parse("\r\n\n \r\n") == "\r|\n!ERROR\n!ERROR\n");
  CHECK(parse("set a 0 0\r\n") == "!ERROR\n");
  CHECK(parse("set a 0 0 1 foo bar\r\n") == "!ERROR\n");
  CHECK(parse("cas a 0 0 1\r\n") == "!ERROR\n");
  CHECK(parse("ms\r\n") == "!ERROR\n");
  for (const char* header :
       {"set a -1 0 1", "set a 1x 0 1", "set a x 0 1", "set a 0 x 1", "set a 0 0 -1",
        "set a 0 0 0x1", "set a 0 0 2147483646", "cas a 0 0 1 abc", "cas a 0 0 1 -1", "ms a",
        "ms a x", "ms a -1", "ms a S1"}) {
    CAPTURE(header);
    CHECK(parse(std::string(header) + "\r\nx\r\n") ==
          "!CLIENT_ERROR bad command line format\nx|\n");
  }
  CHECK(parse("set " + kLongKey + " 0 0 1\r\nx\r\n") ==
        "!CLIENT_ERROR bad command line format\nx|\n");
  CHECK(parse("ms " + kLongKey + " 1\r\nx\r\n") == "!CLIENT_ERROR bad command line format\nx|\n");
  CHECK(parse("set a abc 0 1 noreply\r\nx\r\n") == "!\nx|\n");
}

TEST_CASE("a block without its line end is an error, and the rest goes on behind it") {
  CHECK(parse("set a 0 0 1\r\nxyz\r\nget a\r\n") == "!CLIENT_ERROR bad data chunk\n\r|\nget|a|\n");
  CHECK(parse("set a 0 0 3\r\nx\r\nget a\r\n") == "!CLIENT_ERROR bad data chunk\nt|a|\n");
  CHECK(parse("set a 0 0 1 noreply\r\nxyz\r\nget a\r\n") == "!\n\r|\nget|a|\n");
}

TEST_CASE("a meta request with a bad block is handed over, for it may have other faults") {
  CHECK(parse("ms a 1 c\r\nxyz\r\nget a\r\n") == "bad block:ms|a|1|c|\n\r|\nget|a|\n");
}

TEST_CASE("data over the limit is skipped") {
  const MemcachedTextParser::Limits limits{.max_item_bytes = 3};
  CHECK(parse("set a 0 0 4\r\nabcd\r\nget a\r\n", limits) == "too large:set|a|0|0|4|\nget|a|\n");
  CHECK(parse("set a 0 0 3\r\nabc\r\nget a\r\n", limits) == "set|a|0|0|3|abc|\nget|a|\n");
  CHECK(parse("add a 0 0 4 noreply\r\nabcd\r\nget a\r\n", limits) ==
        "too large:add|a|0|0|4|noreply|quiet\nget|a|\n");
}

TEST_CASE("a line without an end is the end, unless it names keys") {
  CHECK(parse(std::string(2048, 'a')) == "");
  CHECK(parse(std::string(2049, 'a')) == "dead\n");
  CHECK(parse("set " + std::string(3000, 'a')) == "dead\n");
  CHECK(parse(std::string(200, ' ') + "get " + std::string(3000, 'a')) == "dead\n");
  // With its end at once, a long line is a line.
  CHECK(parse(std::string(3000, 'a') + "\r\n") == "[3000]|\n");

  std::string many = "get";
  std::string expected = "get|";
  for (int i = 0; i < 5000; ++i) {
    many += " key:" + std::to_string(i);
    expected += "key:" + std::to_string(i) + "|";
  }
  Feed feed(LargeBlocks::kDecline);
  for (std::size_t at = 0; at < many.size(); at += 100) {
    feed.receive(std::string_view(many).substr(at, 100));
  }
  feed.receive("\r\n");
  CHECK(feed.seen() == expected + "\n");
}

TEST_CASE("who has not authenticated may send credentials only") {
  const MemcachedTextParser::Limits limits{.authenticated = false};
  const std::string refused = "!CLIENT_ERROR unauthenticated\n";
  CHECK(parse("set any x y 8\r\nuser pwd\r\n", limits) == "set|any|x|y|8|user pwd|\n");
  CHECK(parse("get a\r\nquit\r\n\r\n", limits) == refused + refused + refused);
  CHECK(parse("set a 0 0 100000\r\n", limits) == refused);
  CHECK(parse("set a 0 0 x\r\n", limits) == refused);
  CHECK(parse("add a 0 0 1\r\n", limits) == refused);
}

TEST_CASE("wherever the bytes are cut, the requests are the same") {
  const std::string bytes =
      "get a\r\nset k 1 2 3\r\nabc\r\n\r\nset k 0 0 1 noreply\r\nxyz\r\ngets a bb ccc\n"
      "set k 0 0 50\r\n" +
      std::string(50, 'v') +
      "\r\nms k 2 c\r\n\r\n\r\nset k x 0 1\r\n"
      "delete k noreply\r\nmn\r\n";
  const MemcachedTextParser::Limits limits{.max_item_bytes = 49};
  const std::string whole = parse(bytes, limits);
  CHECK(whole.find("too large") != whole.npos);
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    Feed feed(LargeBlocks::kAccept, limits);
    feed.receive(std::string_view(bytes).substr(0, cut));
    feed.receive(std::string_view(bytes).substr(cut));
    CHECK(feed.seen() == whole);
  }
  Feed drops(LargeBlocks::kAccept, limits);
  for (const char& byte : bytes) drops.receive({&byte, 1});
  CHECK(drops.seen() == whole);
}

TEST_CASE("large blocks are offered for receiving in place") {
  const std::string block(40'000, 'b');
  const std::string bytes = "set k 0 0 40000\r\n" + block + "\r\nms k 40000 c\r\n" + block +
                            "\r\nset k 0 0 40000\r\n" + block + "xxget k\r\n";
  const std::string expected =
      "set|k|0|0|40000|[40000]|\nms|k|40000|c|[40000]|\n!CLIENT_ERROR bad data chunk\nget|k|\n";
  CHECK(parse(bytes) == expected);
  for (const std::size_t piece : {1UL, 7UL, 1000UL, 39'999UL}) {
    CAPTURE(piece);
    Feed feed(LargeBlocks::kAccept);
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      feed.receive(std::string_view(bytes).substr(at, piece));
    }
    CHECK(feed.seen() == expected);
    CHECK(feed.blocks_received() == 3);
  }
}
