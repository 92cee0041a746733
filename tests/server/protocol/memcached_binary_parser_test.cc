#include "server/protocol/memcached_binary_parser.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "tests/server/protocol/memcached_feed.h"

using namespace tarn;
using namespace std::string_literals;

namespace {

using Feed = MemcachedFeed<MemcachedBinaryParser>;
using LargeBlocks = Feed::LargeBlocks;
using memcached::BinaryHeader;
using memcached::Opcode;

std::string packet(Opcode opcode, std::string_view extras, std::string_view key,
                   std::string_view value) {
  const BinaryHeader header{
      .opcode = static_cast<std::uint8_t>(opcode),
      .key_bytes = static_cast<std::uint16_t>(key.size()),
      .extras_bytes = static_cast<std::uint8_t>(extras.size()),
      .body_bytes = static_cast<std::uint32_t>(extras.size() + key.size() + value.size())};
  std::string bytes(memcached::kBinaryHeaderBytes, '\0');
  header.write(bytes.data());
  return bytes.append(extras).append(key).append(value);
}

std::string set(std::string_view key, std::string_view value) {
  return packet(Opcode::kSet, "12345678", key, value);
}

// What there is to see of a request: its name, its key, and the rest with the header's bytes left
// out.
std::string request(std::string_view name, const std::string& head, std::string_view key = {},
                    std::string_view value = {}) {
  return std::string(name) + "|" + std::string(key) + "|" + head + "|" + std::string(value) + "|\n";
}

std::string parse(std::string_view bytes, MemcachedParser::Limits limits = {}) {
  Feed feed(LargeBlocks::kDecline, limits);
  feed.receive(bytes);
  return feed.seen();
}

}  // namespace

TEST_CASE("a request is its command's name, the key, the header with extras, and the value") {
  const std::string bytes = set("k", "abc");
  CHECK(parse(bytes) == request("binary set", bytes.substr(0, 32), "k", "abc"));
  const std::string get = packet(Opcode::kGetKQ, "", "key", "");
  CHECK(parse(get + get.substr(0, 26)) == request("binary get", get.substr(0, 24), "key"));
}

TEST_CASE("what is wrong with a packet has a name, and the rest of the packet is skipped") {
  const std::string noop = packet(Opcode::kNoop, "", "", "");
  const std::string then = request("binary noop", noop);
  const auto refused = [&](std::string_view name, const std::string& bytes,
                           MemcachedParser::Limits limits = {}) {
    CHECK(parse(bytes + noop, limits) == request(name, bytes.substr(0, 24)) + then);
  };
  refused("binary unknown", packet(Opcode{0x77}, "", "k", "v"));
  refused("binary malformed", packet(Opcode::kGet, "", std::string(251, 'k'), ""));
  refused("binary malformed", packet(Opcode::kGet, "", "k", "a value"));
  std::string contradiction = packet(Opcode::kGet, "", "", "");
  contradiction[3] = 5;  // a key longer than the body
  refused("binary malformed", contradiction);

  const std::string large = set("k", "12345");
  CHECK(parse(large + noop, {.max_item_bytes = 4}) ==
        request("binary oversized", large.substr(0, 32), "k") + then);
}

TEST_CASE("a stream that loses the magic byte is the end") {
  const std::string noop = packet(Opcode::kNoop, "", "", "");
  CHECK(parse(noop + "get k\r\n") == request("binary noop", noop) + "dead\n");
}

TEST_CASE("wherever the bytes are cut, the requests are the same") {
  const std::string bytes =
      set("k", "value") + packet(Opcode::kGet, "", "k", "more") + set("key", std::string(50, 'v')) +
      packet(Opcode{0x77}, "1234", "k", "") + packet(Opcode::kNoop, "", "", "");
  const MemcachedParser::Limits limits{.max_item_bytes = 49};
  const std::string whole = parse(bytes, limits);
  CHECK(whole.find("oversized") != whole.npos);
  CHECK(whole.find("noop") != whole.npos);
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    Feed feed(LargeBlocks::kAccept, limits);
    feed.receive(std::string_view(bytes).substr(0, cut));
    feed.receive(std::string_view(bytes).substr(cut));
    CHECK(feed.seen() == whole);
  }
}

TEST_CASE("large values are offered for receiving in place") {
  const std::string large = set("k", std::string(40'000, 'b'));
  const std::string bytes = large + large + packet(Opcode::kNoop, "", "", "");
  for (const std::size_t piece : {1UL, 7UL, 1000UL, 39'999UL}) {
    CAPTURE(piece);
    Feed feed(LargeBlocks::kAccept);
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      feed.receive(std::string_view(bytes).substr(at, piece));
    }
    CHECK(feed.seen() == parse(bytes));
    CHECK(feed.blocks_received() == 2);
  }
}
