#include <doctest/doctest.h>

#include "server/commands/families.h"
#include "tests/server/engine/command_fixture.h"

namespace tarn {
namespace {

constexpr const char* kWrongTypeReply =
    "-WRONGTYPE Operation against a key holding the wrong kind of value";
constexpr const char* kNotIntegerReply = "-ERR value is not an integer or out of range";
constexpr const char* kBadOffsetReply = "-ERR bit offset is not an integer or out of range";
constexpr const char* kBadBitReply = "-ERR bit is not an integer or out of range";

struct Server : CommandFixture {
  Server() : CommandFixture({string_commands(), string_set_commands(), bitmap_commands()}) {
    put_list("l");
    run("SET s foobar");
  }
};

}  // namespace

TEST_CASE("SETBIT and GETBIT") {
  Server server;
  CHECK(server.run("SETBIT k 7 1") == ":0");
  CHECK(server.run("SETBIT k 7 0") == ":1");
  CHECK(server.run("SETBIT k 20 1") == ":0");
  CHECK(server.run("GETBIT k 20") == ":1");
  CHECK(server.run("GETBIT k 21") == ":0");
  CHECK(server.run("GETBIT k 4294967295") == ":0");
  CHECK(server.run("GETBIT missing 0") == ":0");
  CHECK(server.run("GET k") == std::string("$3 \0\0\x08", 6));
  CHECK(server.entry("k")->string_encoding() == StringEncoding::kEdited);
}

TEST_CASE("SETBIT: of an integer changes its digits") {
  Server server;
  server.run("SET i 12 EX 100");
  const std::int64_t deadline = server.deadline_ms("i");
  CHECK(server.run("GETBIT i 2") == ":1");
  CHECK(server.run("SETBIT i 6 1") == ":0");
  CHECK(server.run("GET i") == "$2 32");
  CHECK(server.entry("i")->string_encoding() == StringEncoding::kEdited);
  CHECK(server.deadline_ms("i") == deadline);
}

TEST_CASE("SETBIT and GETBIT: errors") {
  Server server;
  for (const char* offset : {"-1", "x", "4294967296", "1.5", "#1"}) {
    CAPTURE(offset);
    CHECK(server.run({"SETBIT", "l", offset, "2"}) == kBadOffsetReply);
    CHECK(server.run({"GETBIT", "l", offset}) == kBadOffsetReply);
  }
  CHECK(server.run("SETBIT l 0 2") == kBadBitReply);
  CHECK(server.run("SETBIT l 0 x") == kBadBitReply);
  CHECK(server.run("SETBIT l 0 1") == kWrongTypeReply);
  CHECK(server.run("GETBIT l 0") == kWrongTypeReply);
  server.set_option("proto-max-bulk-len", "1048576");
  CHECK(server.run("SETBIT k 8388608 1") == kBadOffsetReply);
  CHECK(server.run("SETBIT k 8388607 1") == ":0");
}

TEST_CASE("BITCOUNT") {
  Server server;
  CHECK(server.run("BITCOUNT s") == ":26");
  CHECK(server.run("BITCOUNT s 0 0") == ":4");
  CHECK(server.run("BITCOUNT s 1 1 BYTE") == ":6");
  CHECK(server.run("BITCOUNT s 5 30 BIT") == ":17");
  CHECK(server.run("BITCOUNT s -2 -1") == ":7");
  CHECK(server.run("BITCOUNT s -1 -5") == ":0");
  CHECK(server.run("BITCOUNT s 3 1") == ":0");
  CHECK(server.run("BITCOUNT s -100 100") == ":26");
  CHECK(server.run("BITCOUNT s 100 200") == ":0");
  CHECK(server.run("BITCOUNT s -9223372036854775808 9223372036854775807 BIT") == ":26");
  server.run("SET empty \"\"");
  CHECK(server.run("BITCOUNT empty") == ":0");
  CHECK(server.run("BITCOUNT empty 0 -1") == ":0");
}

TEST_CASE("BITCOUNT: a missing key is 0 whatever the arguments") {
  Server server;
  CHECK(server.run("BITCOUNT missing") == ":0");
  CHECK(server.run("BITCOUNT missing x") == ":0");
  CHECK(server.run("BITCOUNT missing 0 1 FOO") == ":0");
}

TEST_CASE("BITCOUNT: errors") {
  Server server;
  CHECK(server.run("BITCOUNT l 0 x") == kWrongTypeReply);
  CHECK(server.run("BITCOUNT s 0") == "-ERR syntax error");
  CHECK(server.run("BITCOUNT s x") == "-ERR syntax error");
  CHECK(server.run("BITCOUNT s 0 1 BIT x") == "-ERR syntax error");
  CHECK(server.run("BITCOUNT s 0 1 FOO") == "-ERR syntax error");
  CHECK(server.run("BITCOUNT s 0 x FOO") == kNotIntegerReply);
  CHECK(server.run("BITCOUNT s -1 -5 FOO") == ":0");
}

TEST_CASE("BITPOS") {
  Server server;
  server.run("SET k \"\\xff\\xf0\\x00\"");
  CHECK(server.run("BITPOS k 0") == ":12");
  CHECK(server.run("BITPOS k 1") == ":0");
  CHECK(server.run("BITPOS k 1 2") == ":-1");
  CHECK(server.run("BITPOS k 0 2") == ":16");
  CHECK(server.run("BITPOS k 1 1 -1") == ":8");
  CHECK(server.run("BITPOS k 0 0 0") == ":-1");
  CHECK(server.run("BITPOS k 0 3 -1 BIT") == ":12");
  CHECK(server.run("BITPOS k 1 12 23 BIT") == ":-1");
  CHECK(server.run("BITPOS k 0 -100 100") == ":12");
  CHECK(server.run("BITPOS k 0 5 2") == ":-1");
}

TEST_CASE("BITPOS: past a string of ones come zeros, unless an end was given") {
  Server server;
  server.run("SET k \"\\xff\\xff\\xff\"");
  CHECK(server.run("BITPOS k 0") == ":24");
  CHECK(server.run("BITPOS k 0 1") == ":24");
  CHECK(server.run("BITPOS k 0 0 -1") == ":-1");
  CHECK(server.run("BITPOS k 0 7") == ":-1");
  server.run("SET empty \"\"");
  CHECK(server.run("BITPOS empty 0") == ":-1");
  CHECK(server.run("BITPOS empty 1") == ":-1");
  CHECK(server.run("BITPOS missing 0 x") == ":0");
  CHECK(server.run("BITPOS missing 1 x") == ":-1");
}

TEST_CASE("BITPOS: errors") {
  Server server;
  CHECK(server.run("BITPOS l x") == kNotIntegerReply);
  CHECK(server.run("BITPOS l 2 0 1 BIT x") == "-ERR The bit argument must be 1 or 0.");
  CHECK(server.run("BITPOS l 1 x") == kWrongTypeReply);
  CHECK(server.run("BITPOS s 1 x") == kNotIntegerReply);
  CHECK(server.run("BITPOS s 1 0 x") == kNotIntegerReply);
  CHECK(server.run("BITPOS s 1 x 0 FOO") == kNotIntegerReply);
  CHECK(server.run("BITPOS s 1 0 x FOO") == "-ERR syntax error");
  CHECK(server.run("BITPOS s 1 0 1 BIT x") == "-ERR syntax error");
}

TEST_CASE("BITOP: the classic four") {
  Server server;
  server.run("SET t abcdef");
  CHECK(server.run("BITOP AND d s t") == ":6");
  CHECK(server.run("GET d") == "$6 `bc`ab");
  CHECK(server.run("BITOP or d s t") == ":6");
  CHECK(server.run("GET d") == "$6 goofev");
  CHECK(server.run("BITOP XOR d s s") == ":6");
  CHECK(server.run("GET d") == std::string("$6 \0\0\0\0\0\0", 9));
  CHECK(server.run("BITOP NOT d s") == ":6");
  CHECK(server.run("BITOP NOT d d") == ":6");
  CHECK(server.run("GET d") == "$6 foobar");
}

TEST_CASE("BITOP: short and missing sources count as zeros") {
  Server server;
  server.run("SET short \"\\xff\"");
  CHECK(server.run("BITOP AND d s short missing") == ":6");
  CHECK(server.run("GET d") == std::string("$6 \0\0\0\0\0\0", 9));
  CHECK(server.run("BITOP OR d short s") == ":6");
  CHECK(server.run("GET d") == "$6 \xffoobar");
}

TEST_CASE("BITOP: those of Redis 8.2") {
  Server server;
  server.run("SET x \"\\xf0\"");
  server.run("SET y \"\\xcc\"");
  server.run("SET z \"\\xaa\"");
  CHECK(server.run("BITOP DIFF d x y z") == ":1");
  CHECK(server.run("GET d") == "$1 \x10");
  CHECK(server.run("BITOP DIFF1 d x y z") == ":1");
  CHECK(server.run("GET d") == "$1 \x0e");
  CHECK(server.run("BITOP ANDOR d x y z") == ":1");
  CHECK(server.run("GET d") == "$1 \xe0");
  CHECK(server.run("BITOP ONE d x y z") == ":1");
  CHECK(server.run("GET d") == "$1 \x16");
  CHECK(server.run("BITOP ONE d x") == ":1");
  CHECK(server.run("GET d") == "$1 \xf0");
}

TEST_CASE("BITOP: the destination is replaced, whatever it held, by raw bytes") {
  Server server;
  server.run("SET i 12");
  CHECK(server.run("BITOP OR l i") == ":2");
  CHECK(server.run("GET l") == "$2 12");
  CHECK(server.entry("l")->string_encoding() == StringEncoding::kEdited);
  server.run("SET d v EX 100");
  CHECK(server.run("BITOP OR d i") == ":2");
  CHECK(server.deadline_ms("d") == 0);
  server.run({"SET", "large", std::string(100'000, '\x0f')});
  CHECK(server.run("BITOP NOT large large") == ":100000");
  CHECK(server.run("GET large") == "$100000 " + std::string(100'000, '\xf0'));
}

TEST_CASE("BITOP: an empty result deletes the destination") {
  Server server;
  CHECK(server.run("BITOP AND s missing missing2") == ":0");
  CHECK(server.entry("s") == nullptr);
  CHECK(server.run("BITOP NOT l missing") == ":0");
  CHECK(server.entry("l") == nullptr);
}

TEST_CASE("BITOP: errors") {
  Server server;
  CHECK(server.run("BITOP FOO d l") == "-ERR syntax error");
  CHECK(server.run("BITOP NOT d s l") == "-ERR BITOP NOT must be called with a single source key.");
  CHECK(server.run("BITOP DIFF1 d s") ==
        "-ERR BITOP DIFF1 must be called with at least two source keys.");
  CHECK(server.run("BITOP AND d s l") == kWrongTypeReply);
}

}  // namespace tarn
