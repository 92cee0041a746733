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

// The same; and that there is no such key counts as missing it, which can be heard of.
inline const Entry* look_for(Call& call, const Key& key) {
  const Entry* entry = look_at(call, key);
  KeyObserver* observer = call.databases.context().observer;
  if (entry == nullptr && observer != nullptr) observer->key_missed(call.db(), key.bytes);
  return entry;
}

}  // namespace tarn
