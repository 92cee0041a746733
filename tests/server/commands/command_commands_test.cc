#include <doctest/doctest.h>

#include "tests/server/commands/clients_fixture.h"

namespace tarn {

TEST_CASE("COMMAND INFO: a key at a fixed place") {
  ClientsFixture server;
  CHECK(server.run(server.a, "COMMAND INFO get nothing") ==
        "*2 *10 $3 get :2 *2 +readonly +fast :1 :1 :1 *3 +@read +@string +@fast *0 "
        "*1 *6 $5 flags *2 +RO +access $12 begin_search *4 $4 type $5 index $4 spec *2 $5 index :1 "
        "$9 find_keys *4 $4 type $5 range $4 spec *6 $7 lastkey :0 $7 keystep :1 $5 limit :0 *0 "
        "$-1");
}

TEST_CASE("COMMAND INFO: RESP3 and subcommands") {
  ClientsFixture server;
  server.a.session.protocol = 3;
  CHECK(server.run(server.a, "COMMAND INFO client|id") ==
        "*1 *10 $9 client|id :2 ~3 +noscript +loading +stale :0 :0 :0 ~2 +@slow +@connection ~0 ~0 "
        "~0");
}

TEST_CASE("COMMAND DOCS") {
  ClientsFixture server;
  CHECK(server.run(server.a, "COMMAND DOCS nothing") == "*0");
  CHECK(server.run(server.a, "COMMAND DOCS echo") ==
        "*2 $4 echo *10 $7 summary $22 Sends the message back $5 since $5 1.0.0 $5 group "
        "$10 connection $10 complexity $4 O(1) $9 arguments *1 *6 $4 name $7 message $4 type "
        "$6 string $12 display_text $7 message");
  const std::string docs = server.run(server.a, "COMMAND DOCS getset");
  CHECK(docs.find("$9 doc_flags *1 +deprecated $16 deprecated_since $5 6.2.0") != docs.npos);
  CHECK(docs.find("$14 key_spec_index :0") != docs.npos);
  CHECK(server.run(server.a, "COMMAND DOCS auth")
            .find("$4 name $8 username $4 type $6 string $12 display_text $8 username "
                  "$5 since $5 6.0.0 $5 flags *1 +optional") != docs.npos);
  server.a.session.protocol = 3;
  CHECK(server.run(server.a, "COMMAND DOCS echo client|id").starts_with("%2 $4 echo %5 "));
}

TEST_CASE("COMMAND LIST") {
  ClientsFixture server;
  CHECK(server.run(server.a, "COMMAND LIST FILTERBY PATTERN client|id") == "*1 $9 client|id");
  CHECK(server.run(server.a, "COMMAND LIST FILTERBY PATTERN GETR*") == "*1 $8 getrange");
  CHECK(server.run(server.a, "COMMAND LIST FILTERBY MODULE x") == "*0");
  CHECK(server.run(server.a, "COMMAND LIST FILTERBY ACLCAT geo") == "*0");
  CHECK(server.run(server.a, "COMMAND LIST FILTERBY ACLCAT x") == "*0");
  for (const char* wrong :
       {"FOO", "FILTERBY", "FILTERBY PATTERN", "FILTERBY FOO x", "FILTERBY PATTERN x y"}) {
    CHECK(server.run(server.a, std::string("COMMAND LIST ") + wrong) == "-ERR syntax error");
  }
  CHECK(server.run(server.a, "COMMAND FOO") == "-ERR unknown subcommand 'FOO'. Try COMMAND HELP.");
}

TEST_CASE("COMMAND GETKEYS") {
  ClientsFixture server;
  server.table.add(string_multi_commands(), std::as_const(server.config));
  server.table.add(bitfield_commands(), std::as_const(server.config));
  const auto run = [&](std::string_view line) { return server.run(server.a, line); };
  CHECK(run("COMMAND GETKEYS MSET a 1 b 2") == "*2 $1 a $1 b");
  CHECK(run("COMMAND GETKEYSANDFLAGS SET k v") == "*1 *2 $1 k *2 +OW +update");
  CHECK(run("COMMAND GETKEYSANDFLAGS SET k v GET") == "*1 *2 $1 k *3 +RW +access +update");
  CHECK(run("COMMAND GETKEYSANDFLAGS BITFIELD k GET u8 0") == "*1 *2 $1 k *2 +RO +access");
  CHECK(run("COMMAND GETKEYS nothing a") == "-ERR Invalid command specified");
  CHECK(run("COMMAND GETKEYS CLIENT FOO") == "-ERR Invalid command specified");
  CHECK(run("COMMAND GETKEYS CLIENT ID") == "-ERR The command has no key arguments");
  CHECK(run("COMMAND GETKEYS GET a b") == "-ERR Invalid number of arguments specified for command");
  CHECK(run("COMMAND GETKEYS MSETEX x a b") == "-ERR Invalid arguments specified for command");
}

TEST_CASE("A removed command is gone from every list") {
  ClientsFixture server;
  const std::size_t before = server.table.commands().size();
  REQUIRE(server.table.rename("get", ""));
  REQUIRE(server.table.rename("set", "put"));
  CHECK(server.table.commands().size() == before - 1);
  CHECK(server.run(server.a, "COMMAND INFO get") == "*1 $-1");
  CHECK(server.run(server.a, "PUT k v") == "+OK");
}

}  // namespace tarn
