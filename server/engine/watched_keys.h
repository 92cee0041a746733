#pragma once

#include <cstddef>
#include <list>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/keyspace/key_observer.h"
#include "server/engine/key_events.h"
#include "server/engine/key_index.h"

namespace tarn {

class WatchedKeys;
class WatchList;

// A key that somebody watches, and who does.
struct WatchedKey {
  struct Watcher {
    WatchList* list;
    // The key has come by SWAPDB when its time was over already: for clients it does not exist, and
    // that it is deleted changes nothing.
    bool expired = false;
  };

  unsigned db = 0;
  std::string_view key;
  std::list<Watcher> watchers;
};

// The keys that one client watches (WATCH), and whether one of them has changed. Once one has, the
// others do not matter any more and are let go.
class WatchList {
 public:
  WatchList() = default;
  ~WatchList() { clear(); }
  WatchList(const WatchList&) = delete;
  WatchList& operator=(const WatchList&) = delete;

  bool touched() const { return touched_; }
  std::size_t size() const { return keys_.size(); }
  std::size_t memory_bytes() const {
    // A watched key is an entry of the client's and one of the key's, each a node of some words.
    constexpr std::size_t kWatchBytes = 128;
    return keys_.size() * kWatchBytes + name_bytes_;
  }
  // Watches nothing, and nothing has changed.
  void clear() {
    release_keys();
    touched_ = false;
  }

 private:
  friend class WatchedKeys;

  void touch() {
    release_keys();
    touched_ = true;
  }
  void release_keys();

  WatchedKeys* owner_ = nullptr;  // set while there are keys
  std::unordered_map<WatchedKey*, std::list<WatchedKey::Watcher>::iterator> keys_;
  std::size_t name_bytes_ = 0;  // of the keys' names
  bool touched_ = false;
};

// WATCH: marks the lists of those who watch a key when it changes.
//
// A change is whatever makes the key's value another one for clients: a write, a deletion, the end
// of its time, a flush, or a swap of databases where the key was or is. That a key which does not
// exist is deleted, or is missing in both swapped databases, is none.
//
// A key whose time is over may still be there, as nobody has looked. So that it counts neither as a
// key that is there when it is watched, nor as one that is still there when the transaction begins,
// both times look at it.
class WatchedKeys final : public KeyObserver {
 public:
  WatchedKeys(KeyEvents& events, Databases& databases)
      : events_(events), databases_(databases), watched_(databases.size()) {}

  ~WatchedKeys() override;
  WatchedKeys(const WatchedKeys&) = delete;
  WatchedKeys& operator=(const WatchedKeys&) = delete;

  // Watches the key of this database, unless the list is touched anyway.
  void watch(WatchList& list, unsigned db, std::string_view key);
  // Whether a watched key of the list has changed; those whose time is over by now included.
  bool changed(WatchList& list);

  std::size_t size() const { return watched_.size(); }

  void key_modified(Keyspace& keyspace, std::string_view key) override;
  void key_expired(Keyspace& keyspace, std::string_view key) override;
  void keyspace_flushed(Keyspace& keyspace) override;
  void keyspaces_swapped(Keyspace& first, Keyspace& second) override;

 private:
  friend class WatchList;

  void release(WatchedKey& key, std::list<WatchedKey::Watcher>::iterator watcher);
  void touch_collected();

  KeyEvents& events_;
  Databases& databases_;
  KeyIndex<WatchedKey> watched_;
  std::vector<WatchList*> collected_;  // to be touched; a list may occur more than once
};

}  // namespace tarn
