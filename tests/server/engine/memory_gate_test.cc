#include <doctest/doctest.h>

#include "server/commands/families.h"
#include "server/engine/key_events.h"
#include "server/engine/transactions.h"
#include "tests/server/engine/command_fixture.h"

namespace tarn {
namespace {

constexpr std::string_view kOom = "-OOM command not allowed when used memory > 'maxmemory'.";
constexpr std::string_view kAborted =
    "-EXECABORT Transaction discarded because of: OOM command not allowed when used memory > "
    "'maxmemory'.";

struct GateFixture : CommandFixture {
  GateFixture() : CommandFixture({string_commands(), string_set_commands(), key_commands()}) {
    table.add(transaction_commands(), transactions);
    dispatcher.make_room = [this] {
      ++asked;
      return room;
    };
    dispatcher.raise(kMemoryGate);
  }

  KeyEvents events{databases};
  Transactions transactions{dispatcher, events};
  bool room = true;
  int asked = 0;
};

}  // namespace

TEST_CASE_FIXTURE(GateFixture, "room is made before every command, and none is refused with it") {
  CHECK(run("SET k v") == "+OK");
  CHECK(run("GET k") == "$1 v");
  CHECK(asked == 2);
}

TEST_CASE_FIXTURE(GateFixture, "without room, only what may take memory is refused") {
  run("SET k v");
  room = false;
  CHECK(run("SET k w") == kOom);
  CHECK(run("APPEND k w") == kOom);
  CHECK(run("GET k") == "$1 v");
  CHECK(run("DEL k") == ":1");
}

TEST_CASE_FIXTURE(GateFixture, "without room nothing is queued, and the transaction is void") {
  run("MULTI");
  room = false;
  CHECK(run("GET k") == kOom);
  room = true;
  CHECK(run("EXEC").starts_with("-EXECABORT"));
  run("MULTI");
  room = false;
  CHECK(run("DISCARD") == "+OK");
}

TEST_CASE_FIXTURE(GateFixture, "a transaction that may take memory needs room at its end") {
  run("MULTI");
  run("SET k v");
  room = false;
  CHECK(run("EXEC") == kAborted);
  CHECK(run("GET k") == "$-1");
  room = true;
  run("MULTI");
  run("GET k");
  room = false;
  CHECK(run("EXEC") == "*1 $-1");
}

}  // namespace tarn
