#include <doctest/doctest.h>

#include <set>
#include <sstream>

#include "tests/server/commands/zset_commands_fixture.h"

namespace tarn {
namespace {

// The bulk strings of a reply, the first `skipped` left out.
std::vector<std::string> strings(const std::string& reply, std::size_t skipped = 0) {
  std::istringstream stream(reply);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) {
    if (word[0] == '$' || word[0] == '*') continue;
    if (skipped > 0) {
      --skipped;
    } else {
      words.push_back(word);
    }
  }
  return words;
}

void fill(ZsetServer& server, int members) {
  std::string line = "ZADD z";
  for (int i = 0; i < members; ++i) line += " " + std::to_string(i) + " m" + std::to_string(i);
  server.run(line);
}

}  // namespace

TEST_CASE("ZRANDMEMBER: as many as wanted, different ones unless the count is negative") {
  for (const int members : {50, 500}) {
    ZsetServer server;
    fill(server, members);
    for (const int count : {1, 10, 30, members - 1}) {
      const auto chosen = strings(server.run("ZRANDMEMBER z " + std::to_string(count)));
      CHECK(chosen.size() == static_cast<std::size_t>(count));
      CHECK(std::set(chosen.begin(), chosen.end()).size() == chosen.size());
    }
    CHECK(strings(server.run("ZRANDMEMBER z 9999")).size() == static_cast<std::size_t>(members));
    CHECK(strings(server.run("ZRANDMEMBER z -700")).size() == 700);
    const auto pairs = strings(server.run("ZRANDMEMBER z -5 WITHSCORES"));
    REQUIRE(pairs.size() == 10);
    for (std::size_t i = 0; i < pairs.size(); i += 2) CHECK(pairs[i] == "m" + pairs[i + 1]);
    CHECK(strings(server.run("ZRANDMEMBER z")).size() == 1);
  }
}

TEST_CASE("ZRANDMEMBER: draws of members more often than there are any") {
  ZsetServer server;
  server.run("ZADD z 1 a 2.5 b");
  // Few, which wait as a whole, and many.
  for (const int count : {100, 100'000}) {
    CAPTURE(count);
    const std::string line = "ZRANDMEMBER z -" + std::to_string(count);
    std::string reply = server.run(line);
    CHECK(reply.starts_with("*" + std::to_string(count) + " $1 "));
    CHECK(occurrences(reply, "$1 a") + occurrences(reply, "$1 b") == count);
    reply = server.run(line + " WITHSCORES");
    CHECK(reply.starts_with("*" + std::to_string(2 * count) + " $1 "));
    CHECK(occurrences(reply, "$1 a $1 1") + occurrences(reply, "$1 b $3 2.5") == count);
    server.session.protocol = 3;
    reply = server.run(line + " WITHSCORES");
    CHECK(reply.starts_with("*" + std::to_string(count) + " *2 $1 "));
    CHECK(occurrences(reply, "*2 $1 a ,1") + occurrences(reply, "*2 $1 b ,2.5") == count);
    server.session.protocol = 2;
  }
}

TEST_CASE("ZRANDMEMBER: shapes and errors") {
  ZsetServer server;
  server.run("ZADD z 1 a");
  CHECK(server.run("ZRANDMEMBER z 2 WITHSCORES") == "*2 $1 a $1 1");
  CHECK(server.run("ZRANDMEMBER z 0") == "*0");
  CHECK(server.run("ZRANDMEMBER missing") == "$-1");
  CHECK(server.run("ZRANDMEMBER missing 1") == "*0");
  CHECK(server.run("ZRANDMEMBER string x FOO") == ZsetServer::kNotInteger);
  CHECK(server.run("ZRANDMEMBER string 1 FOO") == ZsetServer::kSyntax);
  CHECK(server.run("ZRANDMEMBER string 1 WITHSCORES FOO") == ZsetServer::kSyntax);
  CHECK(server.run("ZRANDMEMBER string 9223372036854775807 WITHSCORES") ==
        "-ERR value is out of range");
  CHECK(server.run("ZRANDMEMBER string 9223372036854775807") == ZsetServer::kWrongType);
  CHECK(server.run("ZRANDMEMBER string") == ZsetServer::kWrongType);
  server.session.protocol = 3;
  CHECK(server.run("ZRANDMEMBER z -2 WITHSCORES") == "*2 *2 $1 a ,1 *2 $1 a ,1");
  CHECK(server.run("ZRANDMEMBER missing") == "_");
}

TEST_CASE("ZSCAN: everything, in slices") {
  ZsetServer server;
  fill(server, 2000);
  std::set<std::string> seen;
  std::string cursor = "0";
  int calls = 0;
  do {
    const std::string reply = server.run("ZSCAN z " + cursor + " COUNT 50");
    const auto pairs = strings(reply, 1);
    for (std::size_t i = 0; i < pairs.size(); i += 2) {
      CHECK(pairs[i] == "m" + pairs[i + 1]);
      seen.insert(pairs[i]);
    }
    cursor = strings(reply).front();
    ++calls;
  } while (cursor != "0");
  CHECK(seen.size() == 2000);
  CHECK(calls > 20);
}

TEST_CASE("ZSCAN: a packed set at once, scores as text, and errors in order") {
  ZsetServer server;
  server.run("ZADD z 1 a 2.5 b inf 3");
  server.session.protocol = 3;
  CHECK(server.run("ZSCAN z 0 COUNT 1") == "*2 $1 0 *6 $1 a $1 1 $1 b $3 2.5 $1 3 $3 inf");
  CHECK(server.run("ZSCAN z 0 MATCH [b3]") == "*2 $1 0 *4 $1 b $3 2.5 $1 3 $3 inf");
  CHECK(server.run("ZSCAN missing 0 FOO") == "*2 $1 0 *0");
  CHECK(server.run("ZSCAN string x FOO") == "-ERR invalid cursor");
  CHECK(server.run("ZSCAN string 0 FOO") == ZsetServer::kWrongType);
  CHECK(server.run("ZSCAN z 0 FOO") == ZsetServer::kSyntax);
  CHECK(server.run("ZSCAN z 0 COUNT 0") == ZsetServer::kSyntax);
}

}  // namespace tarn
