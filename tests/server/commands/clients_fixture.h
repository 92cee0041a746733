#pragma once

#include <string>
#include <string_view>

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
  FakeClient(std::uint64_t id, std::string peer);
  ~FakeClient();

  FakeTransport transport;
  Session session;
};

// A server without sockets for the commands about connections: `a` and `b` are two of its clients.
struct ClientsFixture : CommandFixture {
  ClientsFixture();
  ~ClientsFixture();

  // The reply to a command line of one client, as CommandFixture::run() shows replies.
  std::string run(FakeClient& client, std::string_view line);
  static std::string read(FakeClient& client);

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
  Logins logins{config.options()};
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
  ClientServices services{config.options(), logins, dispatcher, clients, blocked, pause,
                          monitors,         pubsub, tracking};
  FakeClient a{11, "127.0.0.1:50011"};
  FakeClient b{12, "127.0.0.1:50012"};
};

}  // namespace tarn
