#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

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
  MemcachedFixture();
  ~MemcachedFixture();

  // Another client in place of the one so far.
  void connect();

  // What the client is sent for these bytes, and for what is left of those before.
  std::string send(std::string_view bytes);
  // What comes of input that waited.
  std::string go_on();

  void set_option(std::string_view name, std::string_view value);
  Keyspace& db(std::size_t index = 0) { return databases[index]; }
  void put_list(std::string_view key);

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
  NetStats net;
  std::unique_ptr<FakeTransport> transport;
  std::unique_ptr<MemcachedClient> client;

 private:
  void deliver();
  std::string take_output();

  DelayedFlush delayed_flush_{timers, [this] {
                                databases.flush(0);
                                return true;
                              }};
  MemcachedStats stats_;
  Logins logins_{config.options()};
  MemcachedServices services_{
      config, logins_, registry, net, delayed_flush_, stats_, clock.monotonic_ms()};
  std::optional<MemcachedContext> context_;
  std::string pending_;
};

}  // namespace tarn
