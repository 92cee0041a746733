#include "server/pubsub/pubsub.h"

#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>

#include "core/base/glob.h"
#include "core/base/random.h"
#include "tests/server/engine/fake_transport.h"

using namespace tarn;

namespace {

struct Client {
  explicit Client(std::uint64_t id) : session(id, transport.out) { session.transport = &transport; }

  FakeTransport transport;
  Session session;
};

struct Fixture {
  explicit Fixture(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      clients.push_back(std::make_unique<Client>(i + 1));
      registry.add(clients.back()->session);
    }
  }
  ~Fixture() {
    for (auto& client : clients) pubsub.forget(client->session);
  }

  Session& session(std::size_t i) { return clients[i]->session; }
  std::string read(std::size_t i) { return clients[i]->transport.take_output(); }

  Options options;
  ClientRegistry registry;
  PushOutlet outlet{options, registry};
  std::vector<std::unique_ptr<Client>> clients;
  PubSub pubsub{outlet};
};

constexpr TopicKind kKinds[] = {TopicKind::kChannel, TopicKind::kPattern, TopicKind::kShardChannel};

}  // namespace

TEST_CASE("PubSub: a message goes to the channel's subscribers and to those of patterns") {
  Fixture f(3);
  f.session(1).protocol = 3;
  CHECK(f.pubsub.subscribe(f.session(0), TopicKind::kChannel, "news"));
  CHECK_FALSE(f.pubsub.subscribe(f.session(0), TopicKind::kChannel, "news"));
  CHECK(f.pubsub.subscribe(f.session(1), TopicKind::kChannel, "news"));
  CHECK(f.pubsub.subscribe(f.session(1), TopicKind::kPattern, "n?ws"));
  CHECK(f.pubsub.subscribe(f.session(2), TopicKind::kShardChannel, "news"));

  CHECK(f.pubsub.publish("news", "hello") == 3);
  CHECK(f.read(0) == "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$5\r\nhello\r\n");
  CHECK(f.read(1) ==
        ">3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$5\r\nhello\r\n"
        ">4\r\n$8\r\npmessage\r\n$4\r\nn?ws\r\n$4\r\nnews\r\n$5\r\nhello\r\n");
  CHECK(f.read(2).empty());
  CHECK(f.pubsub.publish("other", "x") == 0);
  CHECK(f.pubsub.publish_shard("news", "") == 1);
  CHECK(f.read(2) == "*3\r\n$8\r\nsmessage\r\n$4\r\nnews\r\n$0\r\n\r\n");

  f.pubsub.forget(f.session(1));
  CHECK(f.session(1).subscriber == nullptr);
  CHECK(f.pubsub.publish("news", "again") == 1);
  CHECK_FALSE(f.pubsub.unsubscribe(f.session(1), TopicKind::kChannel, "news"));
}

TEST_CASE("PubSub: the empty names, and patterns that begin with a special byte") {
  Fixture f(1);
  for (const char* pattern : {"", "*", "[a-c]x", "\\*", "?", "a*", "a\\"}) {
    f.pubsub.subscribe(f.session(0), TopicKind::kPattern, pattern);
  }
  CHECK(f.pubsub.publish("", "m") == 1);     // ""
  CHECK(f.pubsub.publish("*", "m") == 3);    // * \* ?
  CHECK(f.pubsub.publish("bx", "m") == 2);   // * [a-c]x
  CHECK(f.pubsub.publish("a", "m") == 3);    // * ? a*
  CHECK(f.pubsub.publish("a\\", "m") == 3);  // * a* a\ (a backslash at the end is itself)
}

TEST_CASE("PubSub: a large message is in memory once, whoever waits for it") {
  Fixture f(50);
  for (std::size_t i = 0; i < 50; ++i) {
    f.session(i).protocol = i % 2 == 0 ? 2 : 3;
    f.pubsub.subscribe(f.session(i), i % 3 == 0 ? TopicKind::kPattern : TopicKind::kChannel, "big");
  }
  const std::string payload(1 << 20, 'x');
  const std::size_t before = Blob::total_bytes();
  CHECK(f.pubsub.publish("big", payload) == 50);
  CHECK(Blob::total_bytes() - before < 2 * payload.size());
  for (std::size_t i = 0; i < 50; ++i) {
    const std::string read = f.read(i);
    CHECK(read.size() > payload.size());
    CHECK(read.ends_with("$1048576\r\n" + payload + "\r\n"));
  }
  CHECK(Blob::total_bytes() == before);
}

TEST_CASE("PubSub: small messages to idle clients share their bytes, and stay in order") {
  Fixture f(100);
  for (std::size_t i = 0; i < 100; ++i) {
    f.pubsub.subscribe(f.session(i), TopicKind::kChannel, "c");
  }
  f.pubsub.publish("c", "1");
  for (std::size_t i = 0; i < 100; ++i) {
    CHECK(f.session(i).reply.out().memory_bytes() < 1000);
  }
  f.pubsub.publish("c", "2");
  f.pubsub.publish("c", std::string(20'000, '3'));
  f.pubsub.publish("c", "4");
  const std::string head = "*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n";
  const std::string all = head + "$1\r\n1\r\n" + head + "$1\r\n2\r\n" + head + "$20000\r\n" +
                          std::string(20'000, '3') + "\r\n" + head + "$1\r\n4\r\n";
  for (std::size_t i = 0; i < 100; ++i) CHECK(f.read(i) == all);
}

TEST_CASE("PubSub: a slow subscriber is reported once it has too much waiting") {
  Fixture f(2);
  f.options.client_output_buffer_limits[kPubsubClients] = {.hard_bytes = 120'000};
  f.pubsub.subscribe(f.session(0), TopicKind::kChannel, "c");
  f.pubsub.subscribe(f.session(1), TopicKind::kChannel, "c");
  std::vector<std::uint64_t> slow;
  const auto note = [&](Session& session) { slow.push_back(session.id); };
  for (int i = 0; i < 3; ++i) {
    f.pubsub.publish("c", std::string(30'000, 'x'));
    f.read(1);
    f.outlet.settle(note);
  }
  CHECK(slow.empty());
  f.pubsub.publish("c", std::string(30'000, 'x'));
  f.outlet.settle(note);
  CHECK(slow == std::vector<std::uint64_t>{1});
}

TEST_CASE("PubSub: against a model, with clients that come and go") {
  const std::uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  Rng rng(seed);
  constexpr std::size_t kClients = 12;
  Fixture f(kClients);
  std::map<std::pair<TopicKind, std::string>, std::set<std::size_t>> model;
  const auto name = [&](TopicKind kind) {
    std::string text(rng.below(4), 'a');
    for (char& byte : text)
      byte = kind == TopicKind::kPattern ? "ab*?"[rng.below(4)] : "ab"[rng.below(2)];
    return text;
  };
  for (int step = 0; step < 10'000; ++step) {
    const TopicKind kind = kKinds[rng.below(3)];
    const std::size_t client = rng.below(kClients);
    const std::string topic = name(kind);
    auto& members = model[{kind, topic}];
    switch (rng.below(20)) {
      case 0:
        f.pubsub.forget(f.session(client));
        for (auto& [known, ids] : model) ids.erase(client);
        break;
      case 1: {
        std::size_t ended = 0;
        f.pubsub.unsubscribe_all(f.session(client), kind, [&](std::string_view ending) {
          ended += model[{kind, std::string(ending)}].erase(client);
        });
        for (auto& [known, ids] : model) {
          if (known.first == kind) REQUIRE(ids.count(client) == 0);
        }
        break;
      }
      case 2:
      case 3:
      case 4: {
        const std::string channel = name(TopicKind::kChannel);
        std::size_t expected = 0;
        for (const auto& [known, ids] : model) {
          if (known.first == TopicKind::kChannel && known.second == channel) expected += ids.size();
          if (known.first == TopicKind::kPattern && glob_match(known.second, channel)) {
            expected += ids.size();
          }
        }
        REQUIRE(f.pubsub.publish(channel, "m") == expected);
        break;
      }
      case 5:
      case 6:
      case 7:
      case 8:
        REQUIRE(f.pubsub.unsubscribe(f.session(client), kind, topic) ==
                (members.erase(client) > 0));
        break;
      default:
        REQUIRE(f.pubsub.subscribe(f.session(client), kind, topic) ==
                members.insert(client).second);
    }
    for (std::size_t i = 0; i < kClients; ++i) f.read(i);
  }
  for (const TopicKind kind : kKinds) {
    std::size_t topics = 0;
    for (const auto& [known, ids] : model) topics += known.first == kind && !ids.empty() ? 1 : 0;
    CHECK(f.pubsub.topics(kind).size() == topics);
  }
}
