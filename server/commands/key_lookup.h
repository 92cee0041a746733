#pragma once

#include "core/keyspace/keyspace.h"
#include "server/engine/call.h"

namespace tarn {

// The key's entry or nullptr, for commands that ask about a key without using it: a hit or miss is
// counted, but the key does not become younger.
inline const Entry* look_at(Call& call, const Key& key) {
  const Entry* entry = call.db().peek(key);
  KeyspaceStats& stats = call.databases.stats();
  ++(entry != nullptr ? stats.hits : stats.misses);
  return entry;
}

}  // namespace tarn
