#pragma once

#include "server/commands/migration_peers.h"
#include "server/engine/dispatcher.h"

namespace tarn {

// What MIGRATE works on.
struct MigrateServices {
  Dispatcher& dispatcher;
  MigrationPeers& peers;
};

}  // namespace tarn
