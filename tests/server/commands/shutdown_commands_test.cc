#include <doctest/doctest.h>

#include "server/commands/families.h"
#include "server/commands/shutdown_control.h"
#include "tests/server/engine/command_fixture.h"

namespace tarn {
namespace {

using Save = ShutdownRequest::Save;

struct Server : CommandFixture {
  Server() : CommandFixture({}) { table.add(shutdown_commands(), std::as_const(control)); }

  bool can_save = true;
  std::optional<ShutdownRequest> request;
  ShutdownControl control{[this](const ShutdownRequest& wanted) -> Result<> {
    request = wanted;
    if (wanted.save == Save::kAlways && !can_save) return Error{"disk full"};
    return {};
  }};
};

}  // namespace

TEST_CASE("SHUTDOWN: no reply, and the connection ends") {
  Server server;
  CHECK(server.run("SHUTDOWN").empty());
  CHECK(server.session.closing);
  REQUIRE(server.request.has_value());
  CHECK(server.request->save == Save::kIfConfigured);
  CHECK(!server.request->now);
  CHECK(!server.request->force);
}

TEST_CASE("SHUTDOWN: its options") {
  Server server;
  server.run("SHUTDOWN nosave NOW force");
  CHECK(server.request->save == Save::kNever);
  CHECK(server.request->now);
  CHECK(server.request->force);
  server.run("SHUTDOWN SAVE");
  CHECK(server.request->save == Save::kAlways);
}

TEST_CASE("SHUTDOWN: what cannot be done is refused, and the server goes on") {
  Server server;
  server.can_save = false;
  CHECK(server.run("SHUTDOWN SAVE") == "-ERR Errors trying to SHUTDOWN. Check logs.");
  CHECK(!server.session.closing);
}

TEST_CASE("SHUTDOWN: wrong options") {
  Server server;
  for (const auto line : {"SHUTDOWN FOO", "SHUTDOWN SAVE NOSAVE", "SHUTDOWN NOSAVE SAVE",
                          "SHUTDOWN ABORT NOW", "SHUTDOWN NOW ABORT"}) {
    CHECK_MESSAGE(server.run(line) == "-ERR syntax error", line);
  }
  CHECK(server.run("SHUTDOWN ABORT") == "-ERR No shutdown in progress.");
  CHECK(!server.request.has_value());
}

}  // namespace tarn
