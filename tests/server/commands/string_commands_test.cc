#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "server/commands/families.h"
#include "tests/server/engine/command_fixture.h"

namespace tarn {
namespace {

constexpr const char* kWrongTypeReply =
    "-WRONGTYPE Operation against a key holding the wrong kind of value";
constexpr const char* kTooLongReply =
    "-ERR string exceeds maximum allowed size (proto-max-bulk-len)";

struct Server : CommandFixture {
  Server() : CommandFixture({string_commands(), string_set_commands()}) { put_list("l"); }
};

}  // namespace

TEST_CASE("GET: counts hits and misses") {
  Server server;
  server.run("SET k v");
  CHECK(server.run("GET k") == "$1 v");
  CHECK(server.run("GET missing") == "$-1");
  CHECK(server.run("GET l") == kWrongTypeReply);
  CHECK(server.databases.stats().hits == 2);
  CHECK(server.databases.stats().misses == 1);
  server.session.protocol = 3;
  CHECK(server.run("GET missing") == "_");
}

TEST_CASE("large values leave by reference, but not where that would touch pages of a child") {
  struct Reader : Server {
    // Whether the value of k is touched as long as the reply waits.
    bool touched_by(const std::vector<std::string_view>& args) {
      const auto* header = reinterpret_cast<const char*>(entry("k")->blob());
      const std::string before(header, sizeof(Blob));
      dispatcher.execute(session, {.command = table.find(args[0]), .args = args, .blobs = {}});
      const bool touched = before != std::string_view(header, sizeof(Blob));
      out_.clear();
      return touched;
    }
  };
  Reader server;
  server.run({"SET", "k", std::string(10'000, 'x')});
  CHECK(server.touched_by({"GET", "k"}));
  CHECK(server.touched_by({"GETRANGE", "k", "0", "-2"}));
  server.databases.begin_sharing();
  CHECK_FALSE(server.touched_by({"GET", "k"}));
  CHECK_FALSE(server.touched_by({"GETRANGE", "k", "0", "-2"}));
  server.databases.end_sharing();
  CHECK(server.touched_by({"GET", "k"}));
}

TEST_CASE("GETDEL") {
  Server server;
  server.run("SET k v");
  CHECK(server.run("GETDEL k") == "$1 v");
  CHECK(server.run("GETDEL k") == "$-1");
  CHECK(server.run("GETDEL l") == kWrongTypeReply);
}

TEST_CASE("GETDEL: a large value leaves by reference") {
  Server server;
  const std::string large(100'000, 'x');
  server.run({"SET", "k", large});
  CHECK(server.run("GETDEL k") == "$100000 " + large);
  CHECK(server.entry("k") == nullptr);
}

TEST_CASE("GETEX: sets, keeps and removes the deadline") {
  Server server;
  const std::int64_t now = server.clock.now_ms();
  server.run("SET k v");
  CHECK(server.run("GETEX k") == "$1 v");
  CHECK(server.deadline_ms("k") == 0);
  CHECK(server.run("GETEX k EX 10") == "$1 v");
  CHECK(server.deadline_ms("k") == now + 10'000);
  CHECK(server.run("GETEX k PX 10") == "$1 v");
  CHECK(server.deadline_ms("k") == now + 10);
  CHECK(server.run("GETEX k") == "$1 v");
  CHECK(server.deadline_ms("k") == now + 10);
  CHECK(server.run("GETEX k EXAT 2000000000") == "$1 v");
  CHECK(server.deadline_ms("k") == 2'000'000'000'000);
  CHECK(server.run("GETEX k PERSIST") == "$1 v");
  CHECK(server.deadline_ms("k") == 0);
  CHECK(server.run("GETEX k PXAT 1") == "$1 v");
  CHECK(server.entry("k") == nullptr);
}

TEST_CASE("GETEX: syntax, then the key, then the number") {
  Server server;
  server.run("SET k v");
  for (const char* options : {"EX", "KEEPTTL", "PERSIST EX 1", "EX 1 PERSIST", "EX 1 PX 1", "NX"}) {
    CAPTURE(options);
    CHECK(server.run(std::string("GETEX k ") + options) == "-ERR syntax error");
    CHECK(server.run(std::string("GETEX missing ") + options) == "-ERR syntax error");
  }
  CHECK(server.run("GETEX k PERSIST PERSIST") == "$1 v");
  CHECK(server.run("GETEX missing EX ten") == "$-1");
  CHECK(server.run("GETEX l EX ten") == kWrongTypeReply);
  CHECK(server.run("GETEX k EX ten") == "-ERR value is not an integer or out of range");
  CHECK(server.run("GETEX k EX 0") == "-ERR invalid expire time in 'getex' command");
}

TEST_CASE("STRLEN") {
  Server server;
  server.run("SET k \"two words\"");
  server.run("SET i -12345");
  CHECK(server.run("STRLEN k") == ":9");
  CHECK(server.run("STRLEN i") == ":6");
  CHECK(server.run("STRLEN missing") == ":0");
  CHECK(server.run("STRLEN l") == kWrongTypeReply);
}

TEST_CASE("GETRANGE: counts from either end") {
  Server server;
  server.run("SET k \"This is a string\"");
  CHECK(server.run("GETRANGE k 0 3") == "$4 This");
  CHECK(server.run("GETRANGE k -3 -1") == "$3 ing");
  CHECK(server.run("GETRANGE k 0 -1") == "$16 This is a string");
  CHECK(server.run("GETRANGE k 10 100") == "$6 string");
  CHECK(server.run("SUBSTR k 5 6") == "$2 is");
  CHECK(server.run("GETRANGE k 5 3") == "$0 ");
  CHECK(server.run("GETRANGE k -1 -5") == "$0 ");
  CHECK(server.run("GETRANGE k 16 20") == "$0 ");
  CHECK(server.run("GETRANGE k -200 -100") == "$1 T");
  CHECK(server.run("GETRANGE k -9223372036854775808 9223372036854775807") ==
        "$16 This is a string");
  server.run("SET i 12345");
  CHECK(server.run("GETRANGE i 1 2") == "$2 23");
  server.run("SET empty \"\"");
  CHECK(server.run("GETRANGE empty 0 -1") == "$0 ");
  CHECK(server.run("GETRANGE missing 0 -1") == "$0 ");
}

TEST_CASE("GETRANGE: of a large value, small and large parts") {
  Server server;
  std::string large;
  for (int i = 0; i < 20'000; ++i) large += "abcde";
  server.run({"SET", "k", large});
  CHECK(server.run("GETRANGE k 5 9") == "$5 abcde");
  CHECK(server.run("GETRANGE k 10 50009") == "$50000 " + large.substr(10, 50'000));
}

TEST_CASE("GETRANGE: errors") {
  Server server;
  CHECK(server.run("GETRANGE l a b") == "-ERR value is not an integer or out of range");
  CHECK(server.run("GETRANGE missing 0 b") == "-ERR value is not an integer or out of range");
  CHECK(server.run("GETRANGE l 0 1") == kWrongTypeReply);
}

TEST_CASE("APPEND: to a missing key it is SET, to others it makes raw bytes") {
  Server server;
  CHECK(server.run("APPEND k 12") == ":2");
  CHECK(server.entry("k")->string_encoding() == StringEncoding::kInteger);
  CHECK(server.run("APPEND k \"\"") == ":2");
  CHECK(server.entry("k")->string_encoding() == StringEncoding::kEdited);
  CHECK(server.run("APPEND k 34") == ":4");
  CHECK(server.run("GET k") == "$4 1234");
  CHECK(server.run("APPEND empty \"\"") == ":0");
  CHECK(server.run("GET empty") == "$0 ");
  CHECK(server.run("APPEND l x") == kWrongTypeReply);
}

TEST_CASE("APPEND: keeps the deadline, and grows far") {
  Server server;
  server.run("SET k \"\" EX 100");
  const std::int64_t deadline = server.deadline_ms("k");
  std::string expected;
  for (int i = 0; i < 3000; ++i) {
    const std::string piece(static_cast<std::size_t>(i % 17), static_cast<char>('a' + i % 26));
    expected += piece;
    REQUIRE(server.run({"APPEND", "k", piece}) == ":" + std::to_string(expected.size()));
  }
  CHECK(server.run("GET k") == "$" + std::to_string(expected.size()) + " " + expected);
  CHECK(server.deadline_ms("k") == deadline);
}

TEST_CASE("APPEND: a reply that still refers to the old bytes keeps them") {
  Server server;
  const std::string large(100'000, 'x');
  server.run({"SET", "k", large});
  const BlobRef held = BlobRef::share(server.entry("k")->blob());
  CHECK(server.run("APPEND k y") == ":100001");
  CHECK(held->view() == large);
}

TEST_CASE("SETRANGE: overwrites, fills gaps with zeros") {
  Server server;
  server.run("SET k \"Hello World\"");
  CHECK(server.run("SETRANGE k 6 Redis") == ":11");
  CHECK(server.run("GET k") == "$11 Hello Redis");
  CHECK(server.entry("k")->string_encoding() == StringEncoding::kEdited);
  CHECK(server.run("SETRANGE new 2 x") == ":3");
  CHECK(server.run("GET new") == std::string("$3 \0\0x", 6));
  server.run("SET i 1234");
  CHECK(server.run("SETRANGE i 1 x") == ":4");
  CHECK(server.run("GET i") == "$4 1x34");
}

TEST_CASE("SETRANGE: nothing to write changes nothing") {
  Server server;
  server.run("SET i 1234");
  CHECK(server.run("SETRANGE i 100 \"\"") == ":4");
  CHECK(server.entry("i")->string_encoding() == StringEncoding::kInteger);
  CHECK(server.run("SETRANGE missing 0 \"\"") == ":0");
  CHECK(server.entry("missing") == nullptr);
}

TEST_CASE("SETRANGE: errors") {
  Server server;
  CHECK(server.run("SETRANGE l x y") == "-ERR value is not an integer or out of range");
  CHECK(server.run("SETRANGE l -1 y") == "-ERR offset is out of range");
  CHECK(server.run("SETRANGE l 0 y") == kWrongTypeReply);
  CHECK(server.run("SETRANGE l 0 \"\"") == kWrongTypeReply);
  CHECK(server.run("SETRANGE k 536870911 xy") == kTooLongReply);
  CHECK(server.run("SETRANGE k 9223372036854775807 x") == kTooLongReply);
}

TEST_CASE("strings longer than proto-max-bulk-len are not made") {
  Server server;
  server.set_option("proto-max-bulk-len", "1048576");
  server.run({"SET", "k", std::string(1'048'570, 'x')});
  CHECK(server.run("APPEND k 123456") == ":1048576");
  CHECK(server.run("APPEND k x") == kTooLongReply);
  CHECK(server.run("SETRANGE k 1048575 y") == ":1048576");
  CHECK(server.run("SETRANGE k 1048575 yy") == kTooLongReply);
  CHECK(server.run("STRLEN k") == ":1048576");
}

}  // namespace tarn
