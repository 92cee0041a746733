#pragma once

#include <string_view>

namespace tarn {

class Keyspace;

// Hears of what happens to keys, whichever command or clock caused it. Implemented above (WATCH,
// blocked clients, notifications, client tracking, propagation); the keyspace knows only this.
// Called after the change (but for flushes), with the key's bytes valid for the call; must not
// change the keyspace.
class KeyObserver {
 public:
  virtual ~KeyObserver() = default;

  // The key was created, changed, given or relieved of a deadline, or deleted by a command.
  virtual void key_modified(Keyspace& keyspace, std::string_view key) = 0;
  // The key's deadline passed and it is gone.
  virtual void key_expired(Keyspace& keyspace, std::string_view key) = 0;
  // The key was deleted to make room.
  virtual void key_evicted(Keyspace& keyspace, std::string_view key) { key_expired(keyspace, key); }
  // Fields of the hash under the key were erased at their deadline; if they were all that it had,
  // the key is gone. key_modified came before.
  virtual void fields_expired(Keyspace& /*keyspace*/, std::string_view /*key*/, bool /*gone*/) {}
  // One of those fields goes; fields_expired follows for all of them together.
  virtual void field_expired(Keyspace& /*keyspace*/, std::string_view /*key*/,
                             std::string_view /*field*/) {}
  // There was no such key before. key_modified follows.
  virtual void key_created(Keyspace& /*keyspace*/, std::string_view /*key*/) {}
  // A read found no such key.
  virtual void key_missed(Keyspace& /*keyspace*/, std::string_view /*key*/) {}

  // All keys, if there are any, are about to be dropped at once.
  virtual void keyspace_flushed(Keyspace& /*keyspace*/) {}
  // Two databases have exchanged what they hold, and their numbers.
  virtual void keyspaces_swapped(Keyspace& /*first*/, Keyspace& /*second*/) {}
};

}  // namespace tarn
