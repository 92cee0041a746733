#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/assert.h"
#include "core/keyspace/databases.h"
#include "server/config/config.h"
#include "server/engine/key_events.h"
#include "server/engine/propagation.h"
#include "server/memcached/families.h"
#include "server/memcached/memcached_client.h"
#include "server/memcached/memcached_services.h"
#include "tests/server/engine/fake_transport.h"
#include "tests/server/engine/manual_timers.h"
#include "tests/server/engine/recording_sink.h"

namespace tarn {

// A server without sockets, on a clock that the test moves, with one client of memcached's
// protocol:
//
//     MemcachedFixture server;
//     CHECK(server.send("set k 0 0 1\r\nx\r\n") == "STORED|");
//
// Replies have a bar for each line end.
struct MemcachedFixture {
  MemcachedFixture() : databases(clock, 16), dispatcher(table, databases, clock) {
    add_memcached_commands(table, services_);
    context_.emplace(clients, table);
    connect();
  }
  ~MemcachedFixture() {
    client->on_closed();
    propagation.set_sink(nullptr);
  }

  // Another client in place of the one so far.
  void connect() {
    if (client) client->on_closed();
    client.reset();
    pending_.clear();
    transport = std::make_unique<FakeTransport>();
    client = std::make_unique<MemcachedClient>(*transport, *context_);
  }

  // What the client is sent for these bytes, and for what is left of those before.
  std::string send(std::string_view bytes) {
    std::string_view rest = bytes;
    while (!rest.empty()) {
      if (const auto target = client->direct_target(); !target.empty()) {
        const std::size_t taken = std::min(target.size(), rest.size());
        rest.copy(target.data(), taken);
        rest.remove_prefix(taken);
        client->on_direct(taken);
      } else {
        pending_.append(rest);
        rest = {};
      }
      deliver();
    }
    return take_output();
  }
  // What comes of input that waited.
  std::string go_on() {
    deliver();
    return take_output();
  }

  void set_option(std::string_view name, std::string_view value) {
    const Config::Setting setting(name, value);
    TARN_ASSERT(config.set(std::span(&setting, 1)).ok());
  }
  Keyspace& db(std::size_t index = 0) { return databases[index]; }
  void put_list(std::string_view key) {
    db().set_string(Key(key), "items", Ttl::none());
    db().peek(Key(key))->set_type(Type::kList, StringEncoding::kEmbedded);
  }

  FakeClock clock;
  Config config;
  Databases databases;
  CommandTable table{"memcached|"};
  Dispatcher dispatcher;
  ManualTimers timers;
  KeyEvents key_events{databases};
  RecordingSink log;
  Propagation propagation{dispatcher, key_events};
  ClientRegistry registry;
  ClientContext clients{dispatcher, registry, config.options()};
  std::unique_ptr<FakeTransport> transport;
  std::unique_ptr<MemcachedClient> client;

 private:
  void deliver() {
    bool more = true;
    while (more && client->direct_target().empty() && !client->session().closing) {
      const InputHandler::Taken taken = client->on_input(pending_);
      pending_ = pending_.substr(taken.front, pending_.size() - taken.front - taken.back);
      more = taken.more;
    }
  }
  std::string take_output() {
    const std::string bytes = transport->take_output();
    if (bytes.starts_with('\x81')) return bytes;  // the binary protocol has no lines
    std::string shown;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      if (bytes.compare(i, 2, "\r\n") == 0) {
        shown += '|';
        ++i;
      } else {
        shown += bytes[i];
      }
    }
    return shown;
  }

  DelayedFlush delayed_flush_{timers, [this] {
                                databases.flush(0);
                                return true;
                              }};
  MemcachedStats stats_;
  NetStats net_;
  MemcachedServices services_{config.options(), registry, net_,
                              delayed_flush_,   stats_,   clock.monotonic_ms()};
  std::optional<MemcachedContext> context_;
  std::string pending_;
};

}  // namespace tarn
