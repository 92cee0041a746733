#include <doctest/doctest.h>

#include "server/engine/authentication.h"
#include "tests/server/commands/clients_fixture.h"

namespace tarn {

TEST_CASE("PING, ECHO, QUIT") {
  ClientsFixture server;
  CHECK(server.run(server.a, "PING") == "+PONG");
  CHECK(server.run(server.a, "PING \"a b\"") == "$3 a b");
  CHECK(server.run(server.a, "PING a b") == "-ERR wrong number of arguments for 'ping' command");
  CHECK(server.run(server.a, "ECHO hello") == "$5 hello");
  CHECK(server.run(server.a, "QUIT") == "+OK");
  CHECK(server.a.session.closing);
  CHECK(server.a.transport.closing_after_flush);
}

TEST_CASE("AUTH: without a password") {
  ClientsFixture server;
  CHECK(server.run(server.a, "AUTH x") ==
        "-ERR AUTH <password> called without any password configured for the default user. Are you "
        "sure your configuration is correct?");
  CHECK(server.run(server.a, "AUTH default x") == "+OK");
  CHECK(server.run(server.a, "AUTH nobody x") ==
        "-WRONGPASS invalid username-password pair or user is disabled.");
  CHECK(server.run(server.a, "AUTH a b c") == "-ERR syntax error");
}

TEST_CASE("AUTH: opens the gate") {
  ClientsFixture server;
  server.set_option("requirepass", "secret");
  become_default_user(server.a.session, server.config.options());
  CHECK(server.run(server.a, "GET k") == "-NOAUTH Authentication required.");
  CHECK(server.run(server.a, "HELLO").starts_with("-NOAUTH HELLO must be called"));
  for (const char* wrong : {"secre", "secret2", "\"\"", "Secret"}) {
    CHECK(server.run(server.a, std::string("AUTH ") + wrong).starts_with("-WRONGPASS"));
  }
  CHECK(server.run(server.a, "GET k") == "-NOAUTH Authentication required.");
  CHECK(server.run(server.a, "AUTH secret") == "+OK");
  CHECK(server.a.session.gates == 0);
  CHECK(server.run(server.a, "GET k") == "$-1");
  CHECK(server.run(server.a, "AUTH wrong").starts_with("-WRONGPASS"));
  CHECK(server.run(server.a, "GET k") == "$-1");
  CHECK(server.run(server.a, "RESET") == "+RESET");
  CHECK(server.run(server.a, "GET k") == "-NOAUTH Authentication required.");
  CHECK(server.run(server.a, "HELLO 3 AUTH default secret SETNAME x").starts_with("%7"));
  CHECK(server.run(server.a, "GET k") == "_");
}

TEST_CASE("The password changes while clients are connected") {
  ClientsFixture server;
  server.set_option("requirepass", "secret");
  become_default_user(server.b.session, server.config.options());
  require_authentication(server.clients, true);
  CHECK(server.run(server.a, "GET k") == "$-1");
  CHECK(server.run(server.b, "GET k").starts_with("-NOAUTH"));
  server.set_option("requirepass", "");
  require_authentication(server.clients, false);
  CHECK(server.run(server.b, "GET k") == "$-1");
}

TEST_CASE("HELLO: what the server is") {
  ClientsFixture server;
  CHECK(server.run(server.a, "HELLO") ==
        "*14 $6 server $5 redis $7 version $5 7.2.4 $5 proto :2 $2 id :11 $4 mode $10 standalone "
        "$4 role $6 master $7 modules *0");
  CHECK(server.run(server.a, "HELLO 3 SETNAME alice").starts_with("%7"));
  CHECK(server.run(server.a, "CLIENT GETNAME") == "$5 alice");
  CHECK(server.run(server.a, "HELLO 2").starts_with("*14"));
}

TEST_CASE("HELLO: errors") {
  ClientsFixture server;
  CHECK(server.run(server.a, "HELLO 4") == "-NOPROTO unsupported protocol version");
  CHECK(server.run(server.a, "HELLO x") ==
        "-ERR Protocol version is not an integer or out of range");
  CHECK(server.run(server.a, "HELLO 3 FOO") == "-ERR Syntax error in HELLO option 'FOO'");
  CHECK(server.run(server.a, "HELLO 3 SETNAME") == "-ERR Syntax error in HELLO option 'SETNAME'");
  CHECK(server.run(server.a, "HELLO 3 AUTH default") == "-ERR Syntax error in HELLO option 'AUTH'");
  CHECK(server.run(server.a, "HELLO 3 SETNAME \"a b\"") ==
        "-ERR Client names cannot contain spaces, newlines or special characters.");
  CHECK(server.run(server.a, "HELLO 3 AUTH nobody y FOO").starts_with("-WRONGPASS"));
  CHECK(server.a.session.protocol == 2);
  CHECK(server.a.session.name.empty());
}

TEST_CASE("RESET: everything is as at the beginning") {
  ClientsFixture server;
  server.run(server.a, "HELLO 3 SETNAME alice");
  server.run(server.a, "CLIENT NO-TOUCH ON");
  server.run(server.a, "MONITOR");
  server.a.session.db = 4;
  CHECK(server.run(server.a, "RESET") == "+RESET");
  CHECK(server.a.session.protocol == 2);
  CHECK(server.a.session.db == 0);
  CHECK(server.a.session.gates == 0);
  CHECK(server.a.session.name.empty());
  CHECK(server.monitors.empty());
}

TEST_CASE("Commands of a cluster") {
  ClientsFixture server;
  for (const char* command : {"READONLY", "READWRITE", "ASKING"}) {
    CHECK(server.run(server.a, command) == "-ERR This instance has cluster support disabled");
  }
}

}  // namespace tarn
