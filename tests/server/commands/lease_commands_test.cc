#include <doctest/doctest.h>

#include <string>

#include "server/commands/families.h"
#include "tests/server/engine/command_fixture.h"

namespace tarn {
namespace {

constexpr const char* kWrongTypeReply =
    "-WRONGTYPE Operation against a key holding the wrong kind of value";
constexpr const char* kMissing = "*3 $-1 $-1 $7 missing";

struct Server : CommandFixture {
  Server()
      : CommandFixture({string_commands(), string_set_commands(), string_number_commands(),
                        lease_commands(), key_commands(), key_expiry_commands()}) {}

  // The token in the reply; empty where it has none.
  std::string token(std::string_view line) { return split_reply(run(line)).token; }
  // The reply, with "T" in place of a token.
  std::string lease(std::string_view line) { return split_reply(run(line)).others; }

 private:
  struct Split {
    std::string token;
    std::string others;
  };
  // A token is "$16 <digits>" before the state, and no token is "$-1".
  static Split split_reply(const std::string& reply) {
    const std::size_t end = reply.rfind(" $");
    const std::size_t digits = reply.rfind(' ', end - 1) + 1;
    if (reply[digits] == '$') return {"", reply};
    const std::size_t begin = reply.rfind('$', digits);
    return {reply.substr(digits, end - digits), reply.substr(0, begin) + "T" + reply.substr(end)};
  }
};

}  // namespace

TEST_CASE("GETLEASE: one makes what is missing, and the others learn of it") {
  Server server;
  const std::string token = server.token("GETLEASE k");
  REQUIRE_FALSE(token.empty());
  CHECK(server.deadline_ms("k") == server.clock.now_ms() + 30'000);
  CHECK(server.run("GETLEASE k") == kMissing);
  CHECK(server.run("SETLEASE k " + token + " value") == "+OK");
  CHECK(server.run("GETLEASE k") == "*3 $5 value $-1 $5 fresh");
  CHECK(server.deadline_ms("k") == 0);
  CHECK(server.run("SETLEASE k " + token + " again") == "$-1");
  CHECK(server.run("GET k") == "$5 value");
}

TEST_CASE("GETLEASE: whoever does not come back loses it when its time is over") {
  Server server;
  const std::string first = server.token("GETLEASE k PX 500");
  server.clock.advance_ms(499);
  CHECK(server.run("GETLEASE k PX 500") == kMissing);
  server.clock.advance_ms(1);
  const std::string second = server.token("GETLEASE k EX 5");
  REQUIRE_FALSE(second.empty());
  CHECK(second != first);
  CHECK(server.deadline_ms("k") == server.clock.now_ms() + 5000);
  CHECK(server.run("SETLEASE k " + first + " late") == "$-1");
  CHECK(server.run("SETLEASE k " + second + " value") == "+OK");
}

TEST_CASE(
    "GETLEASE: shortly before the deadline one makes it anew, and the others have the value") {
  Server server;
  server.run("SET k 7 EX 60");
  CHECK(server.run("GETLEASE k") == "*3 $1 7 $-1 $5 fresh");
  CHECK(server.run("GETLEASE k REFRESH 60") == "*3 $1 7 $-1 $5 fresh");
  server.clock.advance_ms(1000);
  const std::string token = server.token("GETLEASE k REFRESH 60");
  REQUIRE_FALSE(token.empty());
  CHECK(server.run("GETLEASE k REFRESH 60") == "*3 $1 7 $-1 $5 fresh");
  CHECK(server.run("SETLEASE k " + token + " 8 EX 60") == "+OK");
  CHECK(server.deadline_ms("k") == server.clock.now_ms() + 60'000);
  CHECK(server.run("GETLEASE k REFRESH 10") == "*3 $1 8 $-1 $5 fresh");

  server.run("SET forever 1");
  CHECK(server.run("GETLEASE forever REFRESH 1000") == "*3 $1 1 $-1 $5 fresh");
}

TEST_CASE("INVALIDATE: the value serves until somebody has made it anew") {
  Server server;
  server.run("SET k old EX 1000");
  CHECK(server.run("INVALIDATE k EX 20") == ":1");
  CHECK(server.deadline_ms("k") == server.clock.now_ms() + 20'000);
  CHECK(server.run("GET k") == "$3 old");
  const std::string token = server.token("GETLEASE k");
  REQUIRE_FALSE(token.empty());
  CHECK(server.run("GETLEASE k") == "*3 $3 old $-1 $5 stale");

  SUBCASE("by the winner") {
    CHECK(server.run("SETLEASE k " + token + " new KEEPTTL") == "+OK");
    CHECK(server.run("GETLEASE k") == "*3 $3 new $-1 $5 fresh");
    CHECK(server.deadline_ms("k") == server.clock.now_ms() + 20'000);
  }
  SUBCASE("and once more invalidated, it is made by another") {
    CHECK(server.run("INVALIDATE k PX 1") == ":1");
    CHECK(server.run("SETLEASE k " + token + " new") == "$-1");
    CHECK(server.lease("GETLEASE k") == "*3 $3 old T $5 stale");
  }
  SUBCASE("by any write") {
    server.run("SET k other");
    CHECK(server.run("SETLEASE k " + token + " new") == "$-1");
    CHECK(server.run("GETLEASE k") == "*3 $5 other $-1 $5 fresh");
  }
  SUBCASE("not when it is gone") {
    server.run("DEL k");
    CHECK(server.run("SETLEASE k " + token + " new") == "$-1");
    CHECK(server.run("GET k") == "$-1");
  }
}

TEST_CASE("INVALIDATE: a value that is still to be made is to be made by another") {
  Server server;
  const std::string token = server.token("GETLEASE k");
  CHECK(server.run("INVALIDATE k") == ":1");
  CHECK(server.run("SETLEASE k " + token + " value") == "$-1");
  CHECK(server.lease("GETLEASE k") == "*3 $-1 T $7 missing");
  CHECK(server.run("GETLEASE k") == kMissing);
}

TEST_CASE("COPY and RENAME: what is to be made anew still is, by whoever asks first") {
  Server server;
  server.run("SET old v");
  server.run("INVALIDATE old");
  CHECK(server.run("COPY old copied") == ":1");
  CHECK(server.lease("GETLEASE copied") == "*3 $1 v T $5 stale");
  server.token("GETLEASE old");
  CHECK(server.run("RENAME old renamed") == "+OK");
  CHECK(server.lease("GETLEASE renamed") == "*3 $1 v T $5 stale");

  server.token("GETLEASE missing");
  CHECK(server.run("COPY missing copied REPLACE") == ":1");
  CHECK(server.lease("GETLEASE copied") == "*3 $-1 T $7 missing");
  CHECK(server.run("RENAME missing renamed") == "+OK");
  CHECK(server.lease("GETLEASE renamed") == "*3 $-1 T $7 missing");
}

TEST_CASE("INVALIDATE: without a time the value ends soon, and no later than before") {
  Server server;
  server.run("SET k v");
  server.run("INVALIDATE k");
  CHECK(server.deadline_ms("k") == server.clock.now_ms() + 30'000);
  server.clock.advance_ms(10'000);
  server.run("INVALIDATE k");
  CHECK(server.deadline_ms("k") == server.clock.now_ms() + 20'000);
  server.run("SET k v EX 1000");
  server.run("INVALIDATE k");
  CHECK(server.deadline_ms("k") == server.clock.now_ms() + 30'000);
  CHECK(server.run("INVALIDATE missing") == ":0");
}

TEST_CASE("leases: large and empty values, and numbers") {
  Server server;
  const std::string large(100'000, 'x');
  const std::string token = server.token("GETLEASE k");
  CHECK(server.run("SETLEASE k " + token + " " + large) == "+OK");
  server.run("INVALIDATE k");
  CHECK(server.lease("GETLEASE k") == "*3 $100000 " + large + " T $5 stale");

  const std::string other = server.token("GETLEASE e");
  CHECK(server.run("SETLEASE e " + other + " \"\"") == "+OK");
  CHECK(server.run("GETLEASE e") == "*3 $0  $-1 $5 fresh");

  server.run("SET n 41");
  server.run("INVALIDATE n");
  const std::string number = server.token("GETLEASE n");
  CHECK(server.run("INCR n") == ":42");
  CHECK(server.run("SETLEASE n " + number + " 50") == "$-1");
  CHECK(server.run("GETLEASE n") == "*3 $2 42 $-1 $5 fresh");
}

TEST_CASE("leases: errors leave everything as it was") {
  Server server;
  server.put_list("l");
  for (const char* line : {"GETLEASE l", "SETLEASE l 1 v", "INVALIDATE l"}) {
    CHECK(server.run(line) == kWrongTypeReply);
  }
  for (const char* line :
       {"GETLEASE k EX", "GETLEASE k EX 1 PX 1", "GETLEASE k EXAT 99999999999", "GETLEASE k what",
        "GETLEASE k REFRESH", "GETLEASE k REFRESH 1 REFRESH 1", "SETLEASE k 1 v EX",
        "SETLEASE k 1 v EX 5 KEEPTTL", "SETLEASE k 1 v NX", "INVALIDATE k KEEPTTL",
        "INVALIDATE k EX 1 EX 1"}) {
    CAPTURE(line);
    CHECK(server.run(line) == "-ERR syntax error");
  }
  for (const char* token : {"x", "-1", "1.5", "18446744073709551616", "\"\""}) {
    CAPTURE(token);
    CHECK(server.run(std::string("SETLEASE k ") + token + " v") ==
          "-ERR a lease token is a number from GETLEASE");
  }
  CHECK(server.run("SETLEASE k 0 v") == "$-1");
  CHECK(server.run("GETLEASE k EX 0") == "-ERR invalid expire time in 'getlease' command");
  CHECK(server.run("INVALIDATE k PX -1") == "-ERR invalid expire time in 'invalidate' command");
  CHECK(server.run("SETLEASE k 1 v EX 9223372036854775807") ==
        "-ERR invalid expire time in 'setlease' command");
  CHECK(server.run("GETLEASE k EX x") == "-ERR value is not an integer or out of range");
  for (const char* seconds : {"0", "-1", "x"}) {
    CAPTURE(seconds);
    CHECK(server.run(std::string("GETLEASE k REFRESH ") + seconds) ==
          "-ERR value is out of range, must be positive");
  }
  CHECK(server.run("EXISTS k") == ":0");
  server.run("SET k v");
  CHECK(server.run("SETLEASE k 0 w") == "$-1");
  CHECK(server.run("GET k") == "$1 v");
}

}  // namespace tarn
