#include <doctest/doctest.h>

#include "server/commands/families.h"
#include "tests/server/engine/command_fixture.h"

namespace tarn {
namespace {

struct Server : CommandFixture {
  Server() : CommandFixture({string_commands(), string_set_commands(), string_lcs_commands()}) {
    run("SET a ohmytext");
    run("SET b mynewtext");
  }
};

}  // namespace

TEST_CASE("LCS: the text, its length, its places") {
  Server server;
  CHECK(server.run("LCS a b") == "$6 mytext");
  CHECK(server.run("LCS a b LEN") == ":6");
  CHECK(server.run("LCS a b IDX") ==
        "*4 $7 matches *2 *2 *2 :4 :7 *2 :5 :8 *2 *2 :2 :3 *2 :0 :1 $3 len :6");
  CHECK(server.run("LCS a b IDX MINMATCHLEN 4") ==
        "*4 $7 matches *1 *2 *2 :4 :7 *2 :5 :8 $3 len :6");
  CHECK(server.run("LCS a b WITHMATCHLEN IDX MINMATCHLEN 4") ==
        "*4 $7 matches *1 *3 *2 :4 :7 *2 :5 :8 :4 $3 len :6");
  CHECK(server.run("LCS a b LEN MINMATCHLEN -5 WITHMATCHLEN") == ":6");
}

TEST_CASE("LCS: a map in RESP3") {
  Server server;
  server.session.protocol = 3;
  CHECK(server.run("LCS a b IDX MINMATCHLEN 5") == "%2 $7 matches *0 $3 len :6");
}

TEST_CASE("LCS: integers are text, missing keys are empty") {
  Server server;
  server.run("SET i 12345");
  server.run("SET j 2045");
  CHECK(server.run("LCS i j") == "$3 245");
  CHECK(server.run("LCS a missing") == "$0 ");
  CHECK(server.run("LCS missing missing LEN") == ":0");
  CHECK(server.run("LCS missing a IDX") == "*4 $7 matches *0 $3 len :0");
}

TEST_CASE("LCS: errors") {
  Server server;
  server.put_list("l");
  CHECK(server.run("LCS l a FOO") == "-ERR The specified keys must contain string values");
  CHECK(server.run("LCS a l") == "-ERR The specified keys must contain string values");
  CHECK(server.run("LCS a b FOO") == "-ERR syntax error");
  CHECK(server.run("LCS a b MINMATCHLEN") == "-ERR syntax error");
  CHECK(server.run("LCS a b MINMATCHLEN x") == "-ERR value is not an integer or out of range");
  CHECK(server.run("LCS a b LEN IDX") ==
        "-ERR If you want both the length and indexes, please just use IDX.");
}

TEST_CASE("LCS: refuses what would take too long") {
  Server server;
  server.set_option("proto-max-bulk-len", "1048576");
  // (511 + 1) * (511 + 1) cells of four bytes are just within the limit.
  server.run({"SET", "c", std::string(511, 'x')});
  server.run({"SET", "d", std::string(512, 'x')});
  CHECK(server.run("LCS c c LEN") == ":511");
  CHECK(server.run("LCS c d LEN") ==
        "-ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
}

}  // namespace tarn
