#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <map>
#include <set>
#include <span>
#include <sstream>
#include <string>
#include <vector>

#include "tests/server/commands/set_commands_fixture.h"

using namespace tarn;

namespace {

using Encoding = CollectionEncoding;

}  // namespace

TEST_CASE("SPOP removes what it returns") {
  SetServer server;
  server.run("SADD s a b c");
  server.events();
  std::string popped;
  for (int i = 0; i < 3; ++i) popped += server.sorted("SPOP s");
  std::sort(popped.begin(), popped.end());
  CHECK(popped == "abc");
  CHECK(server.events() == "spop s, spop s, spop s, del s");
  CHECK(server.run("SPOP s") == "$-1");
  CHECK(server.run("SPOP s 2") == "*0");
  CHECK(server.events().empty());
}

TEST_CASE("SPOP with a count returns so many, or all") {
  for (const int size : {10, 100, 1000}) {
    for (const int count : {1, 2, size / 4, size / 2, size - 1}) {
      SetServer server;
      server.fill("s", "m", 0, size);
      std::istringstream popped(server.sorted("SPOP s " + std::to_string(count)));
      int seen = 0;
      for (std::string member; popped >> member; ++seen) {
        CHECK(server.run("SISMEMBER s " + member) == ":0");
      }
      CHECK(seen == count);
      CHECK(server.run("SCARD s") == ":" + std::to_string(size - count));
    }
  }
  SetServer server;
  server.run("SADD s 1 2 3");
  server.events();
  CHECK(server.run("SPOP s 0") == "*0");
  CHECK(server.events().empty());
  CHECK(server.run("SPOP s 100") == "*3 $1 1 $1 2 $1 3");
  CHECK(server.events() == "spop s, del s");
}

TEST_CASE("what SPOP leaves of a large set may be small again") {
  SetServer server;
  server.fill("s", "m", 0, 1000);
  server.run("SPOP s 500");
  CHECK(server.encoding("s") == Encoding::kLarge);
  server.run("SPOP s 490");
  CHECK(server.encoding("s") == Encoding::kPacked);
  CHECK(server.run("SCARD s") == ":10");
}

TEST_CASE("SRANDMEMBER removes nothing") {
  SetServer server;
  CHECK(server.run("SRANDMEMBER s") == "$-1");
  CHECK(server.run("SRANDMEMBER s 3") == "*0");
  CHECK(server.run("SRANDMEMBER s -3") == "*0");
  for (const int size : {10, 100, 1000}) {
    server.fill("s", "m", 0, size);
    CHECK(server.sorted("SRANDMEMBER s " + std::to_string(size + 5)) ==
          server.sorted("SMEMBERS s"));
    CHECK(server.run("SRANDMEMBER s 7").starts_with("*7 "));
    CHECK(server.run("SRANDMEMBER s -" + std::to_string(3 * size))
              .starts_with("*" + std::to_string(3 * size) + " "));
    CHECK(server.run("SRANDMEMBER s 0") == "*0");
    CHECK(server.run("SCARD s") == ":" + std::to_string(size));
  }
}

TEST_CASE("counts are checked before the key is looked at") {
  SetServer server;
  server.run("SET str x");
  for (const char* line : {"SPOP str -1", "SPOP str x", "SPOP missing 9223372036854775808"}) {
    CAPTURE(line);
    CHECK(server.run(line) == "-ERR value is out of range, must be positive");
  }
  CHECK(server.run("SPOP str 1 2") == "-ERR syntax error");
  CHECK(server.run("SRANDMEMBER str x") == "-ERR value is not an integer or out of range");
  CHECK(server.run("SRANDMEMBER str -9223372036854775808") ==
        "-ERR value is out of range, value must between -9223372036854775807 and "
        "9223372036854775807");
  CHECK(server.run("SRANDMEMBER str 1 2") == "-ERR syntax error");
}

TEST_CASE("SRANDMEMBER draws uniformly, however often") {
  for (const int size : {3, 50, 700}) {
    CAPTURE(size);
    SetServer server;
    server.fill("s", "m", 0, size);
    // Chi-square: so high a sum has a probability below 10^-9.
    const int draws = 200 * size;
    std::istringstream reply(server.run("SRANDMEMBER s -" + std::to_string(draws)));
    std::map<std::string, int> seen;
    std::string word;
    reply >> word;
    CHECK(word == "*" + std::to_string(draws));
    while (reply >> word) {
      if (!word.starts_with('$')) ++seen[word];
    }
    CHECK(seen.size() == static_cast<std::size_t>(size));
    double sum = 0;
    int total = 0;
    for (const auto& [member, count] : seen) {
      sum += (count - 200.0) * (count - 200.0) / 200;
      total += count;
    }
    CHECK(total == draws);
    CHECK(sum < size + 10 * std::sqrt(2.0 * size) + 40);
  }
}

TEST_CASE("a draw of billions is made as it is read, of the members that there were") {
  SetServer server;
  const std::string large(20'000, 'x');  // longer than what is made at once
  server.run("SADD s 1 22 three");
  server.run({"SADD", "s", large});
  const std::vector<std::string_view> command = {"SRANDMEMBER", "s", "-4000000000"};
  server.dispatcher.execute(
      server.session, {.command = server.table.find("srandmember"), .args = command, .blobs = {}});
  OutputBuffer& out = server.session.reply.out();
  CHECK(out.memory_bytes() < 500'000);

  server.databases[0].erase(Key("s"));
  std::string sent;
  while (sent.size() < 5'000'000) {
    std::array<iovec, 4> pieces;
    const std::size_t count = out.gather(pieces);
    REQUIRE(count > 0);
    std::size_t taken = 0;
    for (const iovec& piece : std::span(pieces).first(count)) {
      sent.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
      taken += piece.iov_len;
    }
    out.consume(taken);
    REQUIRE(out.memory_bytes() < 500'000);
  }
  CHECK(sent.starts_with("*4000000000\r\n$"));
  std::istringstream lines(sent.substr(0, sent.rfind('$')));
  std::set<std::string> seen;
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    std::getline(lines, line);
    line.pop_back();
    seen.insert(line);
  }
  CHECK(seen == std::set<std::string>{"1", "22", "three", large});
  out.clear();
}
