#include "server/engine/client_memory.h"

#include <doctest/doctest.h>

#include <string>

#include "core/memory/reclaimer.h"
#include "server/engine/resp_client.h"
#include "tests/server/engine/transactions_fixture.h"
#include "tests/server/memcached/memcached_fixture.h"

namespace tarn {
namespace {

constexpr std::size_t kLong = 10'000;
const std::string kLongWord(kLong, 'x');

struct MemoryFixture : TransactionsFixture {
  MemoryFixture() { table.add(list_blocking_commands(), std::as_const(config)); }

  // By how much the client `a` takes more after the command.
  std::size_t growth(const std::string& line) {
    run(a, "PING");
    const std::size_t before = memory_of(a.session);
    run(a, line);
    const std::size_t after = memory_of(a.session);
    return after > before ? after - before : 0;
  }
};

}  // namespace

TEST_CASE_FIXTURE(MemoryFixture, "what a client sets up counts as its memory, until it ends it") {
  CHECK(growth("CLIENT SETNAME " + kLongWord + kLongWord) >= kLong);
  const std::size_t before = memory_of(a.session);

  CHECK(growth("WATCH " + kLongWord) >= kLong);
  CHECK(growth("WATCH " + kLongWord) == 0);
  run(a, "MULTI");
  CHECK(growth("SET k " + kLongWord) >= kLong);
  CHECK(transaction_memory_of(a.session) >= 2 * kLong);
  run(a, "DISCARD");
  CHECK(transaction_memory_of(a.session) == 0);

  CHECK(growth("SUBSCRIBE " + kLongWord) >= kLong);
  CHECK(growth("PSUBSCRIBE " + kLongWord) >= kLong);
  run(a, "RESET");

  run(a, "HELLO 3");
  CHECK(growth("CLIENT TRACKING ON BCAST PREFIX " + kLongWord) >= kLong);
  run(a, "RESET");
  CHECK(memory_of(a.session) < before + kLong);
}

TEST_CASE_FIXTURE(MemoryFixture, "a long queue that is not run is dropped by the helper thread") {
  run(a, "MULTI");
  for (int i = 0; i < 5000; ++i) run(a, "SET k v");
  Reclaimer::drain();
  const std::size_t before = Reclaimer::completed();
  CHECK(run(a, "DISCARD") == "+OK");
  Reclaimer::drain();
  CHECK(Reclaimer::completed() == before + 1);
  CHECK(run(a, "GET k") == "$-1");
}

TEST_CASE_FIXTURE(MemoryFixture, "a command that waits keeps its arguments") {
  run(a, "BLPOP " + kLongWord + " 0");
  CHECK(argument_memory_of(a.session) >= kLong);
  CHECK(memory_of(a.session) >= kLong);
  blocked.unblock(a.session.id, BlockedClients::End::kTimeout);
  CHECK(argument_memory_of(a.session) == 0);
}

TEST_CASE_FIXTURE(MemoryFixture, "replies that wait to be read count, shared values in full") {
  databases[0].set_string(Key("big"), std::string(1 << 20, 'x'), Ttl::none());
  const std::size_t before = memory_of(a.session);
  const std::string_view args[] = {"GET", "big"};
  for (int i = 0; i < 3; ++i) {
    dispatcher.execute(a.session, {.command = table.find("GET"), .args = args, .blobs = {}});
  }
  CHECK(memory_of(a.session) - before >= 3 << 20);
  read(a);
  CHECK(memory_of(a.session) - before < 100'000);
}

TEST_CASE_FIXTURE(MemoryFixture, "a request whose large argument is on its way counts in full") {
  FakeTransport transport;
  RespContext context{{dispatcher, clients, config.options()}};
  RespClient client(transport, context);
  client.on_input("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1000000\r\nabc");
  CHECK(client.argument_bytes() >= 1'000'000);
  CHECK(client.memory_bytes() >= 1'000'000);
  client.on_closed();
}

TEST_CASE("a large block of memcached's on its way counts in full") {
  MemcachedFixture server;
  server.send("set k 0 0 1000000\r\nabc");
  CHECK(server.client->argument_bytes() >= 1'000'000);
  server.send(std::string(999'997, 'x') + "\r\n");
  CHECK(server.client->argument_bytes() == 0);
}

}  // namespace tarn
