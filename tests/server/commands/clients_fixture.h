#pragma once

#include <memory>
#include <string>
#include <vector>

#include "server/commands/families.h"
#include "server/engine/authentication.h"
#include "server/engine/client_services.h"
#include "server/engine/key_events.h"
#include "server/pubsub/notifier.h"
#include "server/pubsub/pubsub.h"
#include "server/pubsub/tracking.h"
#include "tests/server/engine/command_fixture.h"
#include "tests/server/engine/fake_transport.h"
#include "tests/server/engine/manual_timers.h"

namespace tarn {

// One connection of the fixture below.
struct FakeClient {
  FakeClient(std::uint64_t id, std::string peer)
      : transport(std::move(peer)), session(id, transport.out) {
    session.transport = &transport;
    session.authenticated = true;
  }

  FakeTransport transport;
  Session session;
};

// A server without sockets for the commands about connections: `a` and `b` are two of its clients.
struct ClientsFixture : CommandFixture {
  ClientsFixture() : CommandFixture({string_commands(), string_set_commands()}) {
    for (const auto rows :
         {connection_commands(), client_commands(), server_commands(), command_commands()}) {
      table.add(rows, services);
    }
    table.add(pubsub_commands(), pubsub);
    dispatcher.set_watcher(&watcher);
    for (FakeClient* client : {&a, &b}) {
      client->session.created_ms = client->session.last_active_ms = clock.monotonic_ms();
      clients.add(client->session);
    }
  }

  // The reply to a command line of one client, as CommandFixture::run() shows replies.
  std::string run(FakeClient& client, std::string_view line) {
    const auto words = split_quoted(line);
    const std::vector<std::string_view> args(words->begin(), words->end());
    dispatcher.execute(client.session, {.command = table.find(args[0]), .args = args, .blobs = {}});
    return on_one_line(client.transport.take_output());
  }
  static std::string read(FakeClient& client) {
    return on_one_line(client.transport.take_output());
  }

  struct Watcher final : CommandWatcher {
    Watcher(MonitorFeed& feed, Tracking& tracked) : monitors(feed), tracking(tracked) {}
    void on_slow_command(const Call&, std::int64_t) override {}
    void on_command(const Call& call) override { monitors.show(call); }
    void on_tracked_read(const Call& call) override { tracking.remember(call); }
    void on_tracked_request(Session& session, const Command* command) override {
      tracking.request_done(session, command);
    }

    MonitorFeed& monitors;
    Tracking& tracking;
  };

  ClientRegistry clients;
  ManualTimers timers;
  BlockedClients blocked{timers};
  ClientPause pause{dispatcher, clients, timers};
  MonitorFeed monitors{dispatcher};
  KeyEvents events{databases};
  PushOutlet outlet{config.options(), clients};
  PubSub pubsub{outlet};
  Notifier notifier{dispatcher.notifications(), events, pubsub};
  Tracking tracking{dispatcher, clients, events, outlet};
  Watcher watcher{monitors, tracking};
  ClientServices services{config.options(), dispatcher, clients, blocked, pause,
                          monitors,         pubsub,     tracking};
  FakeClient a{11, "127.0.0.1:50011"};
  FakeClient b{12, "127.0.0.1:50012"};

  ~ClientsFixture() {
    for (FakeClient* client : {&a, &b}) {
      pubsub.forget(client->session);
      tracking.disable(client->session);
    }
  }
};

}  // namespace tarn
