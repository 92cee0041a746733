#include "server/engine/client_eviction.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <vector>

#include "tests/server/commands/clients_fixture.h"

namespace tarn {
namespace {

constexpr std::size_t kKb = 1024;

// Clients that take what the test says, and their connections' end when they are closed.
struct EvictionFixture : ClientsFixture {
  EvictionFixture() {
    context.on_gone = [this](Session& gone) { eviction.forget(gone); };
    context.log_closing = [this](const Session& victim, std::string_view) {
      closed.push_back(victim.id);
    };
    clients.remove(a.session);
    clients.remove(b.session);
  }
  ~EvictionFixture() {
    for (FakeClient& client : all) eviction.forget(client.session);
  }

  // Returns its id. It takes what its session does besides, which is less than one KiB.
  FakeClient& connect(std::size_t bytes) {
    FakeClient& client = all.emplace_back(next_id++, "127.0.0.1:1");
    client.transport.own_bytes = bytes;
    clients.add(client.session);
    eviction.touch(client.session);
    return client;
  }
  void take(FakeClient& client, std::size_t bytes) {
    client.transport.own_bytes = bytes;
    eviction.touch(client.session);
  }

  // Until nothing is left to be done. Those who were closed, in that order.
  std::vector<std::uint64_t> settle() {
    closed.clear();
    bool more = true;
    while (more) {
      more = eviction.settle();
      for (const std::uint64_t id : closed) {
        if (Session* victim = clients.find(id)) end_session(context, *victim);
      }
    }
    return closed;
  }

  using Ids = std::vector<std::uint64_t>;

  ClientContext context{dispatcher, clients, config.options()};
  ClientEviction eviction{context};
  std::deque<FakeClient> all;
  std::vector<std::uint64_t> closed;
  std::uint64_t next_id = 1;
};

std::size_t limit(std::uint64_t bytes, unsigned percent, std::uint64_t maxmemory) {
  Options options;
  options.maxmemory_clients = {bytes, percent};
  options.maxmemory = maxmemory;
  return client_memory_limit(options);
}

}  // namespace

TEST_CASE("the limit is an amount, or a share of maxmemory, and leaves room to connect") {
  CHECK(limit(0, 0, 0) == 0);
  CHECK(limit(0, 0, 1000 * kKb) == 0);
  CHECK(limit(1000 * kKb, 0, 0) == 1000 * kKb);
  CHECK(limit(1, 0, 0) == 128 * kKb);
  CHECK(limit(0, 5, 0) == 0);
  CHECK(limit(0, 5, 10'000 * kKb) == 500 * kKb);
  CHECK(limit(0, 100, ~std::uint64_t{0}) == ~std::uint64_t{0});
  CHECK(limit(0, 1, 1) == 128 * kKb);
}

TEST_CASE_FIXTURE(EvictionFixture, "without a limit nobody is counted or closed") {
  connect(1 << 30);
  CHECK(settle().empty());
  CHECK(eviction.total_bytes() == 0);
}

TEST_CASE_FIXTURE(EvictionFixture, "the largest go first, until the others are within the limit") {
  eviction.set_limit(1000 * kKb);
  connect(90 * kKb);
  connect(600 * kKb);
  connect(10 * kKb);
  connect(280 * kKb);
  CHECK(settle().empty());
  connect(300 * kKb);
  CHECK(settle() == Ids{2});
  CHECK(context.evicted_clients == 1);
  connect(900 * kKb);
  connect(300 * kKb);
  CHECK(settle() == Ids{6});
  CHECK(eviction.total_bytes() <= 1000 * kKb);
}

TEST_CASE_FIXTURE(EvictionFixture, "of those that take about the same, who has done so longest") {
  eviction.set_limit(1000 * kKb);
  FakeClient& first = connect(10 * kKb);
  connect(300 * kKb);
  connect(310 * kKb);
  settle();
  take(first, 320 * kKb);
  CHECK(settle().empty());
  connect(300 * kKb);
  CHECK(settle() == Ids{2});
  connect(300 * kKb);
  CHECK(settle() == Ids{3});
  connect(300 * kKb);
  CHECK(settle() == Ids{1});
}

TEST_CASE_FIXTURE(EvictionFixture, "what a client has taken and given back does not count") {
  eviction.set_limit(1000 * kKb);
  FakeClient& client = connect(1 * kKb);
  settle();
  take(client, 5000 * kKb);
  take(client, 1 * kKb);
  CHECK(settle().empty());
  take(client, 900 * kKb);
  settle();
  take(client, 2 * kKb);
  connect(900 * kKb);
  CHECK(settle().empty());
}

TEST_CASE_FIXTURE(EvictionFixture, "with NO-EVICT a client stays, but counts") {
  eviction.set_limit(1000 * kKb);
  FakeClient& spared = connect(2000 * kKb);
  spared.session.no_evict = true;
  connect(10 * kKb);
  CHECK(settle() == Ids{2});
  CHECK(eviction.total_bytes() >= 2000 * kKb);
  spared.session.no_evict = false;
  take(spared, 2000 * kKb);
  CHECK(settle() == Ids{1});
}

TEST_CASE_FIXTURE(EvictionFixture, "a limit finds the clients that were there before") {
  constexpr int kClients = 3000;
  for (int i = 0; i < kClients; ++i) connect(i % 100 == 0 ? 200 * kKb : 1 * kKb);
  eviction.set_limit(10'000 * kKb);
  CHECK(settle().empty());
  eviction.set_limit(8000 * kKb);
  const Ids gone = settle();
  CHECK(!gone.empty());
  CHECK(std::all_of(gone.begin(), gone.end(), [](std::uint64_t id) { return id % 100 == 1; }));
  CHECK(eviction.total_bytes() <= 8000 * kKb);
  eviction.set_limit(200 * kKb);
  CHECK(settle().size() > 2000);
  CHECK(eviction.total_bytes() <= 200 * kKb);
}

TEST_CASE_FIXTURE(EvictionFixture, "a limit that was lifted begins anew") {
  eviction.set_limit(1000 * kKb);
  FakeClient& client = connect(500 * kKb);
  settle();
  eviction.touch(client.session);
  eviction.set_limit(0);
  CHECK(eviction.total_bytes() == 0);
  client.transport.own_bytes = 700 * kKb;
  settle();
  eviction.set_limit(1000 * kKb);
  settle();
  CHECK(eviction.total_bytes() >= 700 * kKb);
  take(client, 2000 * kKb);
  CHECK(settle() == Ids{1});
}

TEST_CASE_FIXTURE(EvictionFixture, "who is gone does not count, and cannot be closed") {
  eviction.set_limit(1000 * kKb);
  FakeClient& leaver = connect(900 * kKb);
  FakeClient& other = connect(900 * kKb);
  end_session(context, leaver.session);
  CHECK(settle().empty());
  end_session(context, other.session);
  CHECK(settle().empty());
  CHECK(eviction.total_bytes() == 0);
}

TEST_CASE_FIXTURE(EvictionFixture, "what nobody was told of is found in the end") {
  eviction.set_limit(1000 * kKb);
  constexpr int kClients = 200;
  for (int i = 0; i < kClients; ++i) connect(1 * kKb);
  settle();
  all.back().transport.own_bytes = 3000 * kKb;
  for (int i = 0; i < 2 * kClients; ++i) eviction.look_around();
  CHECK(settle() == Ids{kClients});
}

}  // namespace tarn
