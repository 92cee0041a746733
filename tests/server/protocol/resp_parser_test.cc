#include "server/protocol/resp_parser.h"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/random.h"
#include "tests/server/protocol/resp_feed.h"

namespace tarn {
namespace {

using Status = RespParser::Status;
using LargeBulks = RespFeed::LargeBulks;
using Request = std::vector<std::string>;
using Requests = std::vector<Request>;
using namespace std::string_literals;

std::string encode(const Request& request) {
  std::string out = "*" + std::to_string(request.size()) + "\r\n";
  for (const std::string& arg : request) {
    out += "$" + std::to_string(arg.size()) + "\r\n" + arg + "\r\n";
  }
  return out;
}

RespTranscript feed(std::string_view bytes, const RespParser::Limits& limits = {},
                    LargeBulks large_bulks = LargeBulks::kDecline) {
  RespFeed whole(large_bulks, limits);
  whole.receive(bytes);
  return whole.transcript();
}

RespTranscript feed_bytewise(std::string_view bytes, const RespParser::Limits& limits = {},
                             LargeBulks large_bulks = LargeBulks::kDecline) {
  RespFeed pieces(large_bulks, limits);
  for (std::size_t i = 0; i < bytes.size(); ++i) pieces.receive(bytes.substr(i, 1));
  return pieces.transcript();
}

RespTranscript feed_in_two(std::string_view bytes, std::size_t cut) {
  RespFeed pieces(LargeBulks::kDecline);
  pieces.receive(bytes.substr(0, cut));
  pieces.receive(bytes.substr(cut));
  return pieces.transcript();
}

RespTranscript feed_at_random(std::string_view bytes, LargeBulks large_bulks, Rng& rng) {
  RespFeed pieces(large_bulks);
  while (!bytes.empty()) {
    const std::size_t longest = rng.below(4) == 0 ? 50'000 : 20;
    const std::string_view piece = bytes.substr(0, 1 + rng.below(longest));
    pieces.receive(piece);
    bytes.remove_prefix(piece.size());
  }
  return pieces.transcript();
}

// The error for `bytes`, the same however they arrive; empty if there is none.
std::string error_of(std::string_view bytes, const RespParser::Limits& limits = {}) {
  const RespTranscript whole = feed(bytes, limits);
  CHECK(feed_bytewise(bytes, limits) == whole);
  return whole.error;
}

// The requests in `bytes`, which end with the last of them.
Requests requests_of(std::string_view bytes) {
  const RespTranscript whole = feed(bytes);
  CHECK(feed_bytewise(bytes) == whole);
  CHECK(whole.error == "");
  CHECK_FALSE(whole.in_request);
  return whole.requests;
}

const std::string kPing = "*1\r\n$4\r\nPING\r\n";

}  // namespace

TEST_CASE("resp: a multibulk request becomes views into the input") {
  const std::string input = encode({"SET", "key", "a value"});
  RespParser parser;
  std::size_t offset = 0;
  std::vector<std::string_view> args;
  REQUIRE(parser.parse(input, offset, args) == Status::kRequest);
  CHECK(args == std::vector<std::string_view>{"SET", "key", "a value"});
  CHECK(args[2].data() == input.data() + input.find("a value"));
  CHECK(offset == input.size());
  CHECK(parser.parse(input, offset, args) == Status::kNeedMore);
  CHECK(args.size() == 3);
}

TEST_CASE("resp: a pipeline is collected in one vector") {
  const std::string input = "xx" + encode({"SET", "k", ""}) + "\r\nGET 'k'\r\n" + kPing + "*2\r\n$";
  RespParser parser;
  std::size_t offset = 2;
  std::vector<std::string_view> args;
  REQUIRE(parser.parse(input, offset, args) == Status::kRequest);
  REQUIRE(parser.parse(input, offset, args) == Status::kRequest);
  REQUIRE(parser.parse(input, offset, args) == Status::kRequest);
  CHECK(parser.parse(input, offset, args) == Status::kNeedMore);
  CHECK(args == std::vector<std::string_view>{"SET", "k", "", "GET", "k", "PING"});
  CHECK(offset == input.size() - 5);
  CHECK(parser.in_request());
}

TEST_CASE("resp: unescaped inline arguments live as long as the batch") {
  const std::string word(40, 'w');
  std::string input;
  for (int i = 0; i < 100; ++i) input += "ECHO \"" + word + "\\x41\"\n";
  RespParser parser;
  std::size_t offset = 0;
  std::vector<std::string_view> args;
  for (int i = 0; i < 100; ++i) REQUIRE(parser.parse(input, offset, args) == Status::kRequest);
  REQUIRE(args.size() == 200);
  for (std::size_t i = 0; i < args.size(); i += 2) {
    CHECK(args[i] == "ECHO");
    CHECK(args[i + 1] == word + "A");
  }
}

TEST_CASE("resp: requests without arguments are consumed on the way") {
  for (const std::string nothing : {"\r\n", "\n", " \t \r\n", "*0\r\n", "*-1\r\n", "*-5\r\n"}) {
    CAPTURE(nothing);
    CHECK(requests_of(nothing).empty());
    std::string ping_between = nothing;
    ping_between.append(nothing).append(kPing).append(nothing);
    CHECK(requests_of(ping_between) == Requests{{"PING"}});

    RespParser parser;
    std::size_t offset = 0;
    std::vector<std::string_view> args;
    CHECK(parser.parse(nothing + "*1", offset, args) == Status::kNeedMore);
    CHECK(offset == nothing.size());
  }
}

TEST_CASE("resp: the bytes after a CR and after a payload may be any") {
  CHECK(requests_of("*1\rX$4\rYPINGZZ" + kPing) == Requests{{"PING"}, {"PING"}});
  CHECK(requests_of("*1\r\n$2\r\n\r\n$1") == Requests{{"\r\n"}});
  CHECK(requests_of("*2\r\n$4\r\nPING\r\n$1\r\n\0\r\n"s) == Requests{{"PING", "\0"s}});
}

TEST_CASE("resp: inline requests") {
  CHECK(requests_of("PING\n") == Requests{{"PING"}});
  CHECK(requests_of("PING\r\n") == Requests{{"PING"}});
  CHECK(requests_of("PING\r\r\n") == Requests{{"PING"}});
  CHECK(requests_of("PI\rNG\r\n") == Requests{{"PI", "NG"}});
  CHECK(requests_of("  SET  k\tv \r\n") == Requests{{"SET", "k", "v"}});
  CHECK(requests_of("\"\"\r\n") == Requests{{""}});
  CHECK(requests_of("PING \"\\x41\\n\\q\\xZZ\" 'a\\'b'\r\n") ==
        Requests{{"PING", "A\nqxZZ", "a'b"}});
  CHECK(requests_of("PI\0NG\r\n"s) == Requests{{"PI\0NG"s}});
}

TEST_CASE("resp: incomplete requests wait") {
  for (const std::string_view start :
       {"*", "*1", "*1\r", "*x\r", "*1\n$4\nPING\n", "*2147483647\r\n", "*1\r\n", "*1\r\nx",
        "*1\r\nx\r", "*1\r\n$", "*1\r\n$4\r", "*1\r\n$4\r\n", "*1\r\n$4\r\nPING", "*1\r\n$0\r\n\r",
        "*1\r\n$4\r\nPING\r", "*1\r\n$536870912\r\n", "PING", "PING \"a\\", " "}) {
    CAPTURE(start);
    const RespTranscript whole = feed(start);
    CHECK(whole.requests.empty());
    CHECK(whole.error == "");
    CHECK(whole.in_request);
    CHECK(feed_bytewise(start) == whole);
  }
}

TEST_CASE("resp: protocol errors") {
  for (const std::string count :
       {"-0", "+1", "01", "", " 1", "1x", "2147483648", "-99999999999999999999"}) {
    CAPTURE(count);
    CHECK(error_of("*" + count + "\r\n") == "invalid multibulk length");
  }
  for (const std::string length :
       {"-1", "-5", "", "abc", "01", "-0", "536870913", "9999999999999999999"}) {
    CAPTURE(length);
    CHECK(error_of("*1\r\n$" + length + "\r\n") == "invalid bulk length");
  }
  CHECK(error_of("*1\r\nxabc\r\n") == "expected '$', got 'x'");
  CHECK(error_of("*2\r\n$1\r\na\r\n:3\r\n") == "expected '$', got ':'");
  CHECK(error_of("*1\r\n\xff\r\n") == "expected '$', got '\xff'");
  CHECK(error_of("*1\r\n\r\n") == "expected '$', got ' '");
  CHECK(error_of("*1\r\n\n\r\n") == "expected '$', got ' '");
  for (const std::string_view line : {"PING 'a\r\n", "PING \"a\r\n", "\"a\"b\r\n", "\"a\\\"\r\n"}) {
    CAPTURE(line);
    CHECK(error_of(line) == "unbalanced quotes in request");
  }
}

TEST_CASE("resp: requests before an error are delivered, arguments of the wrong one are not") {
  const std::string input = kPing + "*2\r\n$1\r\na\r\n$x\r\n";
  RespParser parser;
  std::size_t offset = 0;
  std::vector<std::string_view> args;
  REQUIRE(parser.parse(input, offset, args) == Status::kRequest);
  REQUIRE(parser.parse(input, offset, args) == Status::kError);
  CHECK(parser.error() == "invalid bulk length");
  CHECK(args.size() == 1);
  CHECK(offset == kPing.size());

  parser.reset();
  CHECK_FALSE(parser.in_request());
  CHECK(parser.error() == "");
  offset = 0;
  CHECK(parser.parse(input, offset, args) == Status::kRequest);
}

TEST_CASE("resp: lines without an end are cut off at the limit") {
  constexpr std::size_t kLimit = 64 * 1024;
  const std::string digits(kLimit, '1');
  CHECK(feed(std::string(kLimit, 'x')).error == "");
  CHECK(feed(std::string(kLimit, 'x') + "\n").requests.size() == 1);
  CHECK(error_of(std::string(kLimit + 1, 'x')) == "too big inline request");
  CHECK(feed("*" + digits.substr(1)).error == "");
  CHECK(error_of("*" + digits) == "too big mbulk count string");
  CHECK(feed("*1\r\n$" + digits.substr(1)).error == "");
  CHECK(error_of("*1\r\n$" + digits) == "too big bulk count string");
}

TEST_CASE("resp: limits") {
  RespParser::Limits limits;
  limits.max_bulk_bytes = 3;
  limits.max_multibulk = 2;
  limits.max_inline_bytes = 10;
  CHECK(feed(encode({"abc", "abc"}), limits).requests.size() == 1);
  CHECK(error_of("*3\r\n", limits) == "invalid multibulk length");
  CHECK(error_of("*1\r\n$4\r\n", limits) == "invalid bulk length");
  CHECK(feed("0123456789\n", limits).requests.size() == 1);
  CHECK(error_of("0123456789a", limits) == "too big inline request");
}

TEST_CASE("resp: an unauthenticated peer gets little room") {
  RespParser::Limits limits;
  limits.authenticated = false;
  CHECK(error_of("*10\r\n", limits) == "");
  CHECK(error_of("*11\r\n", limits) == "unauthenticated multibulk length");
  CHECK(error_of("*2147483648\r\n", limits) == "invalid multibulk length");
  CHECK(error_of("*1\r\n$16384\r\n", limits) == "");
  CHECK(error_of("*1\r\n$16385\r\n", limits) == "unauthenticated bulk length");
  CHECK(error_of("*1\r\n$999999999999\r\n", limits) == "invalid bulk length");

  RespParser parser(limits);
  std::size_t offset = 0;
  std::vector<std::string_view> args;
  REQUIRE(parser.parse(kPing, offset, args) == Status::kRequest);
  parser.limits().authenticated = true;
  offset = 0;
  CHECK(parser.parse("*11\r\n", offset, args) == Status::kNeedMore);
}

TEST_CASE("resp: an announced count allocates nothing") {
  RespParser parser;
  std::size_t offset = 0;
  std::vector<std::string_view> args;
  CHECK(parser.parse("*2147483647\r\n$1\r\na\r\n", offset, args) == Status::kNeedMore);
  CHECK(args.capacity() < 10);
}

TEST_CASE("resp: any cut of a stream gives the same requests") {
  const std::string stream = encode({"SET", "key", "v\r\n*1\r\n"}) + "SET \"a b\" 'c'\r\n" +
                             "*0\r\n\r\n" + kPing + "*1\r\n$10\r\n0123456789\r\n" +
                             encode(Request(12, "x")) + "PING\n*1\r\n$0\r\n\r\n*1\r\n:1\r\n";
  const RespTranscript whole = feed(stream);
  CHECK(whole.requests.size() == 7);
  CHECK(whole.error == "expected '$', got ':'");
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    CAPTURE(cut);
    CHECK(feed_in_two(stream, cut) == whole);
  }
  CHECK(feed_bytewise(stream) == whole);
}

TEST_CASE("resp: many arguments arriving byte by byte are linear work") {
  const Request request(30'000, "a");
  const std::string bytes = encode(request);
  RespParser parser;
  std::size_t offset = 0;
  std::vector<std::string_view> args;
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    REQUIRE(parser.parse({bytes.data(), size}, offset, args) == Status::kNeedMore);
  }
  REQUIRE(parser.parse(bytes, offset, args) == Status::kRequest);
  CHECK(Request(args.begin(), args.end()) == request);
}

TEST_CASE("resp: a large bulk is offered and received by the caller") {
  const std::string value(RespParser::kLargeBulkBytes, 'v');
  const std::string bytes = encode({"SET", "k", value, "KEEPTTL"}) + kPing;
  const std::size_t payload_at = bytes.find(value);

  RespParser parser;
  std::vector<std::string_view> args;
  std::size_t offset = 0;
  REQUIRE(parser.parse({bytes.data(), payload_at + 100}, offset, args) == Status::kLargeBulk);
  CHECK(offset == 0);
  CHECK(args.empty());
  CHECK(parser.large_bulk_start() == payload_at);
  CHECK(parser.large_bulk_bytes() == value.size());

  std::string input = bytes.substr(0, payload_at);
  parser.large_bulk_received(value);
  CHECK(parser.parse(input, offset, args) == Status::kNeedMore);
  input += "\r";
  CHECK(parser.parse(input, offset, args) == Status::kNeedMore);
  input += bytes.substr(payload_at + value.size() + 1);
  REQUIRE(parser.parse(input, offset, args) == Status::kRequest);
  CHECK(args == std::vector<std::string_view>{"SET", "k", value, "KEEPTTL"});
  CHECK(args[2].data() == value.data());
  REQUIRE(parser.parse(input, offset, args) == Status::kRequest);
  CHECK(args.back() == "PING");
  CHECK(offset == input.size());
}

TEST_CASE("resp: a large bulk is offered only while a part of it is missing") {
  const std::string value(RespParser::kLargeBulkBytes, 'v');
  const std::string bytes = encode({"ECHO", value});
  const auto status_with = [](std::string_view input) {
    RespParser parser;
    std::size_t offset = 0;
    std::vector<std::string_view> args;
    return parser.parse(input, offset, args);
  };
  const std::string_view all = bytes;
  const std::size_t payload_at = all.find(value);
  CHECK(status_with(all.substr(0, payload_at - 1)) == Status::kNeedMore);
  CHECK(status_with(all.substr(0, payload_at)) == Status::kLargeBulk);
  CHECK(status_with(all.substr(0, all.size() - 3)) == Status::kLargeBulk);
  CHECK(status_with(all.substr(0, all.size() - 2)) == Status::kNeedMore);
  CHECK(status_with(all.substr(0, all.size() - 1)) == Status::kNeedMore);
  CHECK(status_with(all) == Status::kRequest);
  CHECK(status_with("*1\r\n$32767\r\n") == Status::kNeedMore);
}

TEST_CASE("resp: large bulks give the same requests accepted or declined") {
  const std::string large(RespParser::kLargeBulkBytes + 5, 'l');
  const Requests requests = {{large}, {"SET", "k", large}, {large, "m", large, large}, {"PING"}};
  std::string bytes;
  for (const Request& request : requests) bytes += encode(request);

  CHECK(feed(bytes).requests == requests);
  CHECK(feed_bytewise(bytes).requests == requests);
  CHECK(feed_bytewise(bytes, {}, LargeBulks::kAccept).requests == requests);

  RespFeed accepting(LargeBulks::kAccept);
  for (std::size_t at = 0; at < bytes.size(); at += 1000) {
    accepting.receive(std::string_view(bytes).substr(at, 1000));
  }
  CHECK(accepting.transcript().requests == requests);
  CHECK(accepting.large_bulks_received() == 5);
}

TEST_CASE("resp: random streams in random pieces") {
  const std::uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  Rng rng(seed);
  for (int round = 0; round < 200; ++round) {
    Requests requests(1 + rng.below(5));
    std::string bytes;
    for (Request& request : requests) {
      request.resize(1 + rng.below(12));
      for (std::string& arg : request) {
        arg.assign(rng.below(rng.below(30) == 0 ? 80'000 : 20), static_cast<char>(rng.below(256)));
      }
      bytes += encode(request);
    }
    CHECK(feed_at_random(bytes, LargeBulks::kDecline, rng).requests == requests);
    CHECK(feed_at_random(bytes, LargeBulks::kAccept, rng).requests == requests);
  }
}

}  // namespace tarn
