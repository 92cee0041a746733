#include <doctest/doctest.h>

#include "tests/server/commands/list_commands_fixture.h"

namespace tarn {

TEST_CASE("LSET") {
  ListServer server;
  server.run("RPUSH l a b c");
  server.events();
  CHECK(server.run("LSET l 1 5") == "+OK");
  CHECK(server.run("LSET l -1 z") == "+OK");
  CHECK(server.all("l") == "*3 $1 a $1 5 $1 z");
  CHECK(server.events() == "lset l, lset l");
  CHECK(server.run("LSET l 3 v") == "-ERR index out of range");
  CHECK(server.run("LSET l -4 v") == "-ERR index out of range");
  CHECK(server.run("LSET l 9223372036854775807 v") == "-ERR index out of range");
  CHECK(server.run("LSET l x v") == ListServer::kNotInteger);
  CHECK(server.run("LSET missing x v") == "-ERR no such key");
  CHECK(server.run("LSET string x v") == ListServer::kWrongType);
  CHECK(server.events().empty());
}

TEST_CASE("LINSERT") {
  ListServer server;
  server.run("RPUSH l a b b 3");
  server.events();
  CHECK(server.run("LINSERT l before b x") == ":5");
  CHECK(server.run("LINSERT l AFTER 3 y") == ":6");
  CHECK(server.run("LINSERT l BEFORE a z") == ":7");
  CHECK(server.all("l") == "*7 $1 z $1 a $1 x $1 b $1 b $1 3 $1 y");
  CHECK(server.events() == "linsert l, linsert l, linsert l");
  CHECK(server.run("LINSERT l AFTER none y") == ":-1");
  CHECK(server.run("LINSERT missing AFTER a y") == ":0");
  CHECK(server.entry("missing") == nullptr);
  CHECK(server.run("LINSERT string AFTER a y") == ListServer::kWrongType);
  CHECK(server.run("LINSERT string BESIDE a y") == ListServer::kSyntax);
  CHECK(server.events().empty());
}

TEST_CASE("LREM: from the front, from the back, or all") {
  ListServer server;
  server.run("RPUSH l a b a c a d a");
  server.events();
  CHECK(server.run("LREM l 1 a") == ":1");
  CHECK(server.run("LREM l -2 a") == ":2");
  CHECK(server.all("l") == "*4 $1 b $1 a $1 c $1 d");
  CHECK(server.run("LREM l 5 none") == ":0");
  CHECK(server.run("LREM l 0 a") == ":1");
  CHECK(server.events() == "lrem l, lrem l, lrem l");
  server.run("RPUSH one x x");
  server.events();
  CHECK(server.run("LREM one -9223372036854775808 x") == ":2");
  CHECK(server.events() == "lrem one, del one");
  CHECK(server.entry("one") == nullptr);
  CHECK(server.run("LREM missing 0 x") == ":0");
  CHECK(server.run("LREM string 0 x") == ListServer::kWrongType);
  CHECK(server.run("LREM string x x") == ListServer::kNotInteger);
}

TEST_CASE("LREM: numbers are what they are written as") {
  ListServer server;
  server.run("RPUSH l 1 01 1.0 +1 1");
  CHECK(server.run("LREM l 0 01") == ":1");
  CHECK(server.run("LREM l 0 1") == ":2");
  CHECK(server.all("l") == "*2 $3 1.0 $2 +1");
}

TEST_CASE("LTRIM") {
  ListServer server;
  for (const int size : {10, 1500}) {
    CAPTURE(size);
    server.run("DEL l");
    server.fill("l", size);
    CHECK(server.run("LTRIM l 2 -3") == "+OK");
    CHECK(server.run("LLEN l") == ":" + std::to_string(size - 4));
    CHECK(server.run("LTRIM l -9223372036854775808 3") == "+OK");
    CHECK(server.all("l") == "*4 $1 2 $1 3 $1 4 $1 5");
    CHECK(server.encoding("l") == CollectionEncoding::kPacked);
    CHECK(server.events() == "ltrim l, ltrim l");
    CHECK(server.run("LTRIM l 0 -1") == "+OK");
    CHECK(server.events() == "ltrim l");
    CHECK(server.run("LTRIM l 4 9223372036854775807") == "+OK");
    CHECK(server.events() == "ltrim l, del l");
    CHECK(server.entry("l") == nullptr);
  }
  CHECK(server.run("LTRIM missing 1 0") == "+OK");
  CHECK(server.events().empty());
  CHECK(server.run("LTRIM string 1 0") == ListServer::kWrongType);
  CHECK(server.run("LTRIM string 1 x") == ListServer::kNotInteger);
  CHECK(server.run("LTRIM string x 1") == ListServer::kNotInteger);
}

TEST_CASE("LPOS: the first match, or a later one, from either end") {
  ListServer server;
  server.run("RPUSH l a b c 1 2 3 c c");
  CHECK(server.run("LPOS l c") == ":2");
  CHECK(server.run("LPOS l 3") == ":5");
  CHECK(server.run("LPOS l c RANK 2") == ":6");
  CHECK(server.run("LPOS l c rank -1") == ":7");
  CHECK(server.run("LPOS l c RANK -3") == ":2");
  CHECK(server.run("LPOS l c RANK 4") == "$-1");
  CHECK(server.run("LPOS l c RANK -9223372036854775807") == "$-1");
  CHECK(server.run("LPOS l none") == "$-1");
  CHECK(server.run("LPOS missing c") == "$-1");
  server.session.protocol = 3;
  CHECK(server.run("LPOS l none") == "_");
}

TEST_CASE("LPOS: several matches") {
  ListServer server;
  server.run("RPUSH l a b c 1 2 3 c c");
  CHECK(server.run("LPOS l c COUNT 2") == "*2 :2 :6");
  CHECK(server.run("LPOS l c COUNT 0") == "*3 :2 :6 :7");
  CHECK(server.run("LPOS l c COUNT 9223372036854775807") == "*3 :2 :6 :7");
  CHECK(server.run("LPOS l c COUNT 2 RANK -1") == "*2 :7 :6");
  CHECK(server.run("LPOS l c RANK 2 COUNT 0") == "*2 :6 :7");
  CHECK(server.run("LPOS l none COUNT 1") == "*0");
  CHECK(server.run("LPOS missing c COUNT 0") == "*0");
}

TEST_CASE("LPOS: looks at so many only") {
  ListServer server;
  server.run("RPUSH l a b c 1 2 3 c c");
  CHECK(server.run("LPOS l c MAXLEN 2") == "$-1");
  CHECK(server.run("LPOS l c MAXLEN 3") == ":2");
  CHECK(server.run("LPOS l c MAXLEN 2 RANK -1 COUNT 0") == "*2 :7 :6");
  CHECK(server.run("LPOS l c MAXLEN 7 COUNT 0") == "*2 :2 :6");
  CHECK(server.run("LPOS l c MAXLEN 0 COUNT 0") == "*3 :2 :6 :7");
  server.fill("large", 3000);
  CHECK(server.run("LPOS large 2500 MAXLEN 2500") == "$-1");
  CHECK(server.run("LPOS large 2500 MAXLEN 2501") == ":2500");
  CHECK(server.run("LPOS large 2500 MAXLEN 500 RANK -1") == ":2500");
  CHECK(server.run("LPOS large 2500 MAXLEN 499 RANK -1") == "$-1");
}

TEST_CASE("LPOS: what is wrong with the options comes before the key") {
  ListServer server;
  CHECK(server.run("LPOS string a RANK 0") ==
        "-ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or "
        "use negative to start from the end of the list");
  CHECK(server.run("LPOS string a RANK -9223372036854775808") ==
        "-ERR value is out of range, value must between -9223372036854775807 and "
        "9223372036854775807");
  CHECK(server.run("LPOS string a RANK x") == ListServer::kNotInteger);
  CHECK(server.run("LPOS string a COUNT -1") == "-ERR COUNT can't be negative");
  CHECK(server.run("LPOS string a COUNT x") == "-ERR COUNT can't be negative");
  CHECK(server.run("LPOS string a MAXLEN -1") == "-ERR MAXLEN can't be negative");
  CHECK(server.run("LPOS string a COUNT") == ListServer::kSyntax);
  CHECK(server.run("LPOS string a FOO 1") == ListServer::kSyntax);
  CHECK(server.run("LPOS string a") == ListServer::kWrongType);
}

}  // namespace tarn
