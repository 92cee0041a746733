#include "server/engine/watched_keys.h"

#include <utility>

namespace tarn {
namespace {

enum class Presence { kMissing, kExpired, kLive };

// As it is; looking does not delete a key whose time is over.
Presence presence(const Keyspace& keyspace, std::string_view key) {
  const Key wanted(key);
  const Entry* entry = keyspace.table().find(
      wanted.hash, [&](const Entry& candidate) { return candidate.key() == wanted.bytes; });
  if (entry == nullptr) return Presence::kMissing;
  return entry->expired(keyspace.context().clock.now_ms()) ? Presence::kExpired : Presence::kLive;
}

}  // namespace

void WatchList::release_keys() {
  for (const auto& [key, watcher] : keys_) owner_->release(*key, watcher);
  keys_.clear();
  name_bytes_ = 0;
}

WatchedKeys::~WatchedKeys() {
  for (unsigned db = 0; db < databases_.size(); ++db) {
    watched_.for_each(db, [](WatchedKey& watched) {
      for (const auto& watcher : watched.watchers) watcher.list->keys_.clear();
    });
  }
  events_.listen(*this, 0);
}

void WatchedKeys::release(WatchedKey& key, std::list<WatchedKey::Watcher>::iterator watcher) {
  key.watchers.erase(watcher);
  if (!key.watchers.empty()) return;
  watched_.erase(key);
  if (watched_.empty()) events_.listen(*this, 0);
}

void WatchedKeys::watch(WatchList& list, unsigned db, std::string_view key) {
  if (list.touched()) return;
  databases_[db].peek(Key(key));
  if (watched_.empty()) {
    events_.listen(*this, KeyEvents::kModified | KeyEvents::kExpired | KeyEvents::kReplaced);
  }
  WatchedKey& watched = watched_.obtain(db, key);
  const auto [at, fresh] = list.keys_.try_emplace(&watched);
  if (!fresh) return;
  list.owner_ = this;
  list.name_bytes_ += key.size();
  at->second = watched.watchers.insert(watched.watchers.end(), {&list});
}

bool WatchedKeys::changed(WatchList& list) {
  // Looking at a key may touch the list, which then lets go of its keys.
  std::vector<std::pair<unsigned, std::string>> keys;
  for (const auto& [watched, watcher] : list.keys_) {
    if (presence(databases_[watched->db], watched->key) == Presence::kExpired) {
      keys.emplace_back(watched->db, watched->key);
    }
  }
  for (const auto& [db, key] : keys) databases_[db].peek(Key(key));
  return list.touched();
}

void WatchedKeys::touch_collected() {
  for (WatchList* list : std::exchange(collected_, {})) list->touch();
}

void WatchedKeys::key_modified(Keyspace& keyspace, std::string_view key) {
  WatchedKey* watched = watched_.find(keyspace.index(), key);
  if (watched == nullptr) return;
  for (const auto& watcher : watched->watchers) collected_.push_back(watcher.list);
  touch_collected();
}

void WatchedKeys::key_expired(Keyspace& keyspace, std::string_view key) {
  WatchedKey* watched = watched_.find(keyspace.index(), key);
  if (watched == nullptr) return;
  for (auto& watcher : watched->watchers) {
    if (!std::exchange(watcher.expired, false)) collected_.push_back(watcher.list);
  }
  touch_collected();
}

void WatchedKeys::keyspace_flushed(Keyspace& keyspace) {
  watched_.for_each(keyspace.index(), [&](WatchedKey& watched) {
    if (presence(keyspace, watched.key) == Presence::kMissing) return;
    for (auto& watcher : watched.watchers) {
      if (!std::exchange(watcher.expired, false)) collected_.push_back(watcher.list);
    }
  });
  touch_collected();
}

void WatchedKeys::keyspaces_swapped(Keyspace& first, Keyspace& second) {
  if (&first == &second) return;
  const auto swap = [&](const Keyspace& before, const Keyspace& now) {
    watched_.for_each(now.index(), [&](WatchedKey& watched) {
      const bool was_there = presence(before, watched.key) != Presence::kMissing;
      const Presence is_there = presence(now, watched.key);
      for (auto& watcher : watched.watchers) {
        const bool existed = was_there && !watcher.expired;
        watcher.expired = !existed && is_there == Presence::kExpired;
        if (existed || is_there == Presence::kLive) collected_.push_back(watcher.list);
      }
    });
  };
  swap(second, first);
  swap(first, second);
  touch_collected();
}

}  // namespace tarn
