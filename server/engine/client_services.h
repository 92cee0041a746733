#pragma once

#include "server/config/options.h"
#include "server/engine/blocked_clients.h"
#include "server/engine/client_pause.h"
#include "server/engine/client_registry.h"
#include "server/engine/dispatcher.h"
#include "server/engine/monitor_feed.h"

namespace tarn {

class Logins;
class PubSub;
class Tracking;

// What the commands about connections, clients and commands work on.
struct ClientServices {
  const Options& options;
  Logins& logins;
  Dispatcher& dispatcher;
  ClientRegistry& clients;
  BlockedClients& blocked;
  ClientPause& pause;
  MonitorFeed& monitors;
  PubSub& pubsub;
  Tracking& tracking;
};

}  // namespace tarn
