#include <doctest/doctest.h>

#include "server/commands/families.h"
#include "tests/server/engine/command_fixture.h"

namespace tarn {
namespace {

constexpr const char* kWrongTypeReply =
    "-WRONGTYPE Operation against a key holding the wrong kind of value";
constexpr const char* kBadTypeReply =
    "-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 "
    "is.";
constexpr const char* kBadOffsetReply = "-ERR bit offset is not an integer or out of range";

struct Server : CommandFixture {
  Server() : CommandFixture({string_commands(), string_set_commands(), bitfield_commands()}) {
    put_list("l");
  }
};

}  // namespace

TEST_CASE("BITFIELD: GET, SET and INCRBY in order") {
  Server server;
  CHECK(server.run("BITFIELD k SET u8 0 255 GET i8 0 INCRBY u4 4 3") == "*3 :0 :-1 :2");
  CHECK(server.run("BITFIELD k GET u8 0 GET u8 8 GET i64 0") == "*3 :242 :0 :-1008806316530991104");
  CHECK(server.run("GET k") == "$1 \xf2");
  CHECK(server.entry("k")->string_encoding() == StringEncoding::kEdited);
  CHECK(server.run("BITFIELD k") == "*0");
}

TEST_CASE("BITFIELD: offsets in fields") {
  Server server;
  CHECK(server.run("BITFIELD k SET u8 #2 65 SET u8 #0 66") == "*2 :0 :0");
  CHECK(server.run("GET k") == std::string("$3 B\0A", 6));
  CHECK(server.run("BITFIELD k GET u16 #1") == "*1 :16640");
}

TEST_CASE("BITFIELD: overflow") {
  Server server;
  CHECK(server.run("BITFIELD k SET u2 0 3 INCRBY u2 0 2") == "*2 :0 :1");
  CHECK(server.run("BITFIELD k OVERFLOW SAT INCRBY u2 0 9 INCRBY u2 0 -9") == "*2 :3 :0");
  CHECK(server.run("BITFIELD k OVERFLOW FAIL INCRBY u2 0 4 OVERFLOW WRAP INCRBY u2 0 5") ==
        "*2 $-1 :1");
  CHECK(server.run("BITFIELD k OVERFLOW FAIL SET i8 8 128 OVERFLOW sat SET i8 8 -129 GET i8 8") ==
        "*3 $-1 :0 :-128");
  CHECK(server.run("BITFIELD k SET u8 8 -1 GET u8 8") == "*2 :128 :255");
  server.session.protocol = 3;
  CHECK(server.run("BITFIELD k OVERFLOW FAIL INCRBY u2 0 4") == "*1 _");
}

TEST_CASE("BITFIELD: a write that fails makes room nevertheless") {
  Server server;
  CHECK(server.run("BITFIELD k OVERFLOW FAIL SET u8 20 300") == "*1 $-1");
  CHECK(server.run("STRLEN k") == ":4");
}

TEST_CASE("BITFIELD: reading makes nothing") {
  Server server;
  CHECK(server.run("BITFIELD k GET u8 0 OVERFLOW SAT GET i5 100") == "*2 :0 :0");
  CHECK(server.entry("k") == nullptr);
  server.run("SET i 12");
  CHECK(server.run("BITFIELD i GET u8 0") == "*1 :49");
  CHECK(server.entry("i")->string_encoding() == StringEncoding::kInteger);
}

TEST_CASE("BITFIELD: errors") {
  Server server;
  for (const char* type : {"u64", "i65", "u0", "i0", "x8", "8", "u", "U8", "u08", "u-1", "u8 "}) {
    CAPTURE(type);
    CHECK(server.run({"BITFIELD", "l", "GET", type, "x"}) == kBadTypeReply);
  }
  for (const char* offset :
       {"-1", "x", "#", "#-1", "#x", "4294967296", "#536870912", "#9223372036854775807"}) {
    CAPTURE(offset);
    CHECK(server.run({"BITFIELD", "l", "SET", "u8", offset, "x"}) == kBadOffsetReply);
  }
  CHECK(server.run("BITFIELD l SET u8 0 x") == "-ERR value is not an integer or out of range");
  CHECK(server.run("BITFIELD l OVERFLOW foo") == "-ERR Invalid OVERFLOW type specified");
  for (const char* rest : {"GET u8", "SET u8 0", "INCRBY u8 0", "OVERFLOW", "FOO u8 0"}) {
    CAPTURE(rest);
    CHECK(server.run(std::string("BITFIELD l GET u8 0 ") + rest) == "-ERR syntax error");
  }
  CHECK(server.run("BITFIELD l") == kWrongTypeReply);
  CHECK(server.run("BITFIELD l GET u8 0") == kWrongTypeReply);
  CHECK(server.run("BITFIELD l SET u8 0 1") == kWrongTypeReply);
}

TEST_CASE("BITFIELD_RO") {
  Server server;
  server.run("SET k AB");
  CHECK(server.run("BITFIELD_RO k GET u8 #1 GET u8 0") == "*2 :66 :65");
  CHECK(server.run("BITFIELD_RO k OVERFLOW SAT GET u8 0") == "*1 :65");
  const char* error = "-ERR BITFIELD_RO only supports the GET subcommand";
  CHECK(server.run("BITFIELD_RO l GET u8 0 SET u8 0 1") == error);
  CHECK(server.run("BITFIELD_RO l SET u8 0 x") == "-ERR value is not an integer or out of range");
  CHECK(server.run("BITFIELD_RO l SET u8 0 1 FOO") == "-ERR syntax error");
  CHECK(server.run("BITFIELD_RO l GET u8 0") == kWrongTypeReply);
}

}  // namespace tarn
