#pragma once

#include <cstdint>

#include "server/config/config.h"
#include "server/engine/authentication.h"
#include "server/engine/client_registry.h"
#include "server/memcached/delayed_flush.h"
#include "server/memcached/memcached_stats.h"
#include "server/net/net_stats.h"

namespace tarn {

// What the commands of the memcached protocol work on beside the keyspace.
struct MemcachedServices {
  Config& config;
  Logins& logins;
  const ClientRegistry& clients;
  const NetStats& net;
  DelayedFlush& delayed_flush;
  MemcachedStats& stats;
  std::int64_t started_ms = 0;  // monotonic
};

}  // namespace tarn
