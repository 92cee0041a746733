#pragma once

#include "server/config/options.h"
#include "server/engine/dispatcher.h"
#include "server/memcached/delayed_flush.h"

namespace tarn {

// What the commands of the memcached protocol work on beside the keyspace.
struct MemcachedServices {
  const Options& options;
  Dispatcher& dispatcher;
  DelayedFlush& delayed_flush;
};

}  // namespace tarn
