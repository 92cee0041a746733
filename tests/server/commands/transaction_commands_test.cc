#include <doctest/doctest.h>

#include <string>

#include "tests/server/engine/transactions_fixture.h"

namespace tarn {
namespace {

struct Fixture : TransactionsFixture {
  // What EXEC says after the other client ran `change` between WATCH and MULTI.
  std::string after(std::string_view watched, std::string_view change) {
    run(a, "WATCH " + std::string(watched));
    run(b, change);
    run(a, "MULTI");
    run(a, "PING");
    return run(a, "EXEC");
  }
  // DEBUG SET-ACTIVE-EXPIRE 0, as if the wheel were late.
  void keep_expired_keys() { databases.context().active_expiry = false; }
};

constexpr std::string_view kRan = "*1 +PONG";
constexpr std::string_view kChanged = "*-1";

}  // namespace

TEST_CASE_FIXTURE(Fixture, "commands are queued, and run by EXEC in their order") {
  CHECK(run(a, "MULTI") == "+OK");
  CHECK(run(a, "SET k 1") == "+QUEUED");
  CHECK(run(a, "INCR k") == "+QUEUED");
  CHECK(run(a, "GET k") == "+QUEUED");
  CHECK(run(b, "GET k") == "$-1");
  CHECK(run(a, "EXEC") == "*3 +OK :2 $1 2");
  CHECK(run(a, "GET k") == "$1 2");
  CHECK(run(a, "EXEC") == "-ERR EXEC without MULTI");
}

TEST_CASE_FIXTURE(Fixture, "the time of a transaction counts once among that of commands") {
  const auto cycles = [this](std::string_view name) { return table.find(name)->stats.cycles; };
  run(a, "MULTI");
  run(a, "SET k 1");
  run(a, "EXEC");
  CHECK(cycles("set") > 0);
  CHECK(dispatcher.command_cycles() == cycles("multi") + cycles("exec"));
}

TEST_CASE_FIXTURE(Fixture, "an empty transaction is an empty array") {
  run(a, "MULTI");
  CHECK(run(a, "EXEC") == "*0");
}

TEST_CASE_FIXTURE(Fixture, "a command that fails does not keep the others from running") {
  put_list("l");
  run(a, "MULTI");
  run(a, "SET a 1");
  run(a, "INCR l");
  run(a, "SET b 2");
  CHECK(run(a, "EXEC") ==
        "*3 +OK -WRONGTYPE Operation against a key holding the wrong kind of value +OK");
  CHECK(run(a, "GET b") == "$1 2");
}

TEST_CASE_FIXTURE(Fixture, "a command that is refused makes EXEC fail") {
  for (const std::string_view refused : {"NOSUCH x", "GET", "CLIENT NOSUCH", "DISCARD now"}) {
    CAPTURE(refused);
    run(a, "MULTI");
    CHECK(run(a, "SET k 1") == "+QUEUED");
    CHECK(run(a, refused).starts_with("-ERR "));
    CHECK(run(a, "SET k 2") == "+QUEUED");
    CHECK(run(a, "EXEC") == "-EXECABORT Transaction discarded because of previous errors.");
    CHECK(run(a, "GET k") == "$-1");
  }
}

TEST_CASE_FIXTURE(Fixture, "what may not be in a transaction") {
  run(a, "MULTI");
  CHECK(run(a, "MULTI") == "-ERR MULTI calls can not be nested");
  CHECK(run(a, "WATCH k") == "-ERR WATCH inside MULTI is not allowed");
  CHECK(run(a, "UNWATCH") == "+QUEUED");
  CHECK(run(a, "MONITOR") == "+QUEUED");
  CHECK(run(a, "EXEC") == "*2 +OK -ERR MONITOR isn't allowed for DENY BLOCKING client");
  CHECK(run(a, "DISCARD") == "-ERR DISCARD without MULTI");
}

TEST_CASE_FIXTURE(Fixture, "EXEC with arguments discards the transaction and says why") {
  const std::string_view error =
      "-EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command";
  CHECK(run(a, "EXEC now") == error);
  run(a, "MULTI");
  CHECK(run(a, "EXEC now") == error);
  CHECK(run(a, "GET k") == "$-1");
}

TEST_CASE_FIXTURE(Fixture, "DISCARD, RESET and the end of the client forget the queue") {
  for (const std::string_view end : {"DISCARD", "RESET"}) {
    CAPTURE(end);
    run(a, "WATCH w");
    run(a, "MULTI");
    run(a, "SET k 1");
    run(a, end);
    CHECK(transactions.watched().size() == 0);
    CHECK(run(a, "GET k") == "$-1");
  }
  {
    FakeClient passing(13, "127.0.0.1:50013");
    run(passing, "WATCH w");
    CHECK(transactions.watched().size() == 1);
    CHECK(databases.context().observer == &events);
  }
  CHECK(transactions.watched().size() == 0);
  CHECK(databases.context().observer == nullptr);
}

TEST_CASE_FIXTURE(Fixture, "changes of a watched key") {
  CHECK(after("k", "SET other 1") == kRan);
  CHECK(after("k", "DEL k") == kRan);
  CHECK(after("k", "SET k 1") == kChanged);
  CHECK(after("k", "GET k") == kRan);
  CHECK(after("k", "SET k 1") == kChanged);
  CHECK(after("x k y", "EXPIRE k 100") == kChanged);
  CHECK(after("k", "EXPIRE k 100 GT") == kRan);
  CHECK(after("k", "PERSIST k") == kChanged);
  CHECK(after("k", "RENAME k k2") == kChanged);
  CHECK(after("k", "RENAME k2 k") == kChanged);
  CHECK(after("k", "MOVE k 3") == kChanged);
  CHECK(after("k", "COPY k k2") == kRan);
  run(b, "SET k 1");
  CHECK(after("k", "DEL k") == kChanged);
  // Its own changes count, too.
  run(a, "WATCH k");
  run(a, "SET k 1");
  run(a, "MULTI");
  CHECK(run(a, "EXEC") == kChanged);
}

TEST_CASE_FIXTURE(Fixture, "a key is watched in its database") {
  run(a, "WATCH k");
  run(b, "SELECT 1");
  run(b, "SET k 1");
  run(a, "MULTI");
  CHECK(run(a, "EXEC") == "*0");
}

TEST_CASE_FIXTURE(Fixture, "watched keys and FLUSHALL") {
  CHECK(after("k", "FLUSHALL") == kRan);
  run(b, "SET other 1");
  CHECK(after("k", "FLUSHALL") == kRan);
  run(b, "SET k 1");
  CHECK(after("k", "FLUSHDB") == kChanged);
  run(b, "SET k 1");
  CHECK(after("k", "FLUSHALL") == kChanged);
}

TEST_CASE_FIXTURE(Fixture, "watched keys and SWAPDB") {
  CHECK(after("k", "SWAPDB 0 1") == kRan);
  run(a, "SET k 1");
  CHECK(after("k", "SWAPDB 0 0") == kRan);
  CHECK(after("k", "SWAPDB 2 3") == kRan);
  CHECK(after("k", "SWAPDB 0 1") == kChanged);
  CHECK(after("k", "SWAPDB 0 1") == kChanged);
}

TEST_CASE_FIXTURE(Fixture, "the end of a watched key's time") {
  keep_expired_keys();
  // It was over already: the key does not exist, and that it goes is no change.
  run(b, "SET k 1 PX 10");
  clock.advance_ms(11);
  CHECK(after("k", "DEL k") == kRan);
  run(b, "SET k 1 PX 10");
  clock.advance_ms(11);
  CHECK(after("k", "FLUSHALL") == kRan);
  // It was not, and nobody has looked since.
  run(b, "SET k 1 PX 10");
  run(a, "WATCH k");
  clock.advance_ms(11);
  run(a, "MULTI");
  run(a, "PING");
  CHECK(run(a, "EXEC") == kChanged);
}

TEST_CASE_FIXTURE(Fixture, "a key whose time was over comes by SWAPDB") {
  keep_expired_keys();
  run(b, "SELECT 1");
  run(b, "SET k 1 PX 10");
  clock.advance_ms(11);
  CHECK(after("k", "SWAPDB 0 1") == kRan);
  run(a, "WATCH k");
  run(b, "SWAPDB 0 1");
  CHECK(after("k", "FLUSHALL") == kRan);

  run(b, "SET k 1 PX 10");
  clock.advance_ms(11);
  run(a, "WATCH k");
  run(b, "SWAPDB 0 1");
  run(a, "SET k 2");
  run(a, "MULTI");
  CHECK(run(a, "EXEC") == kChanged);
}

TEST_CASE_FIXTURE(Fixture, "UNWATCH, EXEC and DISCARD let the keys go") {
  for (const std::string_view end : {"UNWATCH", "DISCARD", "EXEC"}) {
    CAPTURE(end);
    run(a, "WATCH k");
    run(b, "SET k 1");
    if (end != "UNWATCH") run(a, "MULTI");
    run(a, end);
    run(a, "MULTI");
    run(a, "PING");
    CHECK(run(a, "EXEC") == kRan);
  }
}

TEST_CASE_FIXTURE(Fixture, "a change lets go of all keys, and is not forgotten by another WATCH") {
  run(a, "WATCH x y z");
  CHECK(transactions.watched().size() == 3);
  run(b, "SET y 1");
  CHECK(transactions.watched().size() == 0);
  CHECK(run(a, "WATCH w") == "+OK");
  CHECK(transactions.watched().size() == 0);
  run(a, "MULTI");
  CHECK(run(a, "EXEC") == kChanged);
}

TEST_CASE_FIXTURE(Fixture, "several clients watch one key") {
  run(a, "WATCH k k k");
  run(b, "WATCH k");
  CHECK(transactions.watched().size() == 1);
  run(a, "SET k 1");
  for (FakeClient* client : {&a, &b}) {
    run(*client, "MULTI");
    CHECK(run(*client, "EXEC") == kChanged);
  }
}

TEST_CASE_FIXTURE(Fixture, "time stands still while a transaction runs") {
  run(a, "MULTI");
  run(a, "TIME");
  run(a, "TIME");
  const std::string reply = run(a, "EXEC").substr(3);
  CHECK(reply.substr(0, reply.size() / 2) == reply.substr(reply.size() - reply.size() / 2));
}

TEST_CASE_FIXTURE(Fixture, "CLIENT REPLY in and around a transaction") {
  run(a, "CLIENT REPLY OFF");
  CHECK(run(a, "MULTI").empty());
  CHECK(run(a, "PING").empty());
  CHECK(run(a, "EXEC").empty());
  CHECK(run(a, "CLIENT REPLY ON") == "+OK");
  run(a, "MULTI");
  CHECK(run(a, "CLIENT REPLY OFF") == "+QUEUED");
  CHECK(run(a, "PING") == "+QUEUED");
  CHECK(run(a, "CLIENT REPLY ON") == "+QUEUED");
  CHECK(run(a, "PING") == "+QUEUED");
  CHECK(run(a, "EXEC") == "*4 +OK +PONG");
}

TEST_CASE_FIXTURE(Fixture, "what CLIENT INFO says of a transaction") {
  run(a, "MULTI");
  run(a, "SET k v");
  run(a, "CLIENT INFO");
  const std::string running = run(a, "EXEC");
  CHECK(running.find("flags=x ") != std::string::npos);
  CHECK(running.find(" multi=2 ") != std::string::npos);
  CHECK(running.find(" cmd=exec ") != std::string::npos);
  run(a, "WATCH k");
  run(b, "SET k 1");
  const std::string watching = run(a, "CLIENT INFO");
  CHECK(watching.find("flags=d ") != std::string::npos);
  CHECK(watching.find(" multi=-1 ") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "a transaction's commands are counted when they run") {
  const auto calls = [&](std::string_view name) { return table.find(name)->stats.calls; };
  run(a, "MULTI");
  run(a, "INCR k");
  run(a, "INCR k");
  CHECK(calls("incr") == 0);
  run(a, "EXEC");
  CHECK(calls("incr") == 2);
  CHECK(calls("exec") == 1);
  run(a, "EXEC now");
  CHECK(table.find("exec")->stats.rejected == 1);
  run(a, "MULTI");
  run(a, "INCR");
  run(a, "EXEC");
  CHECK(table.find("incr")->stats.rejected == 1);
  CHECK(table.find("exec")->stats.failed == 1);
}

TEST_CASE_FIXTURE(Fixture, "a pause holds back an EXEC that would write") {
  const auto outcome = [&](FakeClient& client, std::string_view name) {
    const std::string_view args[] = {name};
    return dispatcher.execute(client.session,
                              {.command = table.find(name), .args = args, .blobs = {}});
  };
  for (FakeClient* client : {&a, &b}) run(*client, "MULTI");
  run(a, "GET k");
  run(b, "SET k 1");
  pause.begin(clock.now_ms() + 1000, true);
  CHECK(outcome(a, "EXEC") == Dispatcher::Outcome::kDone);
  CHECK(outcome(b, "EXEC") == Dispatcher::Outcome::kHeld);
  CHECK(b.session.paused);
}

TEST_CASE_FIXTURE(Fixture, "a large argument is shared between queue and keyspace") {
  run(a, "MULTI");
  const BlobRef blob = Blob::copy(std::string(100'000, 'v'));
  const std::string_view args[] = {"SET", "k", blob->view()};
  const BlobRef blobs[] = {{}, {}, blob};
  dispatcher.execute(a.session, {.command = table.find("SET"), .args = args, .blobs = blobs});
  CHECK(a.session.transaction->memory_bytes() > 100'000);
  CHECK(run(a, "EXEC") == "+QUEUED *1 +OK");
  CHECK(entry("k")->blob()->data() == blob->data());
}

}  // namespace tarn
