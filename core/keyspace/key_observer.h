#pragma once

#include <string_view>

namespace tarn {

class Keyspace;

// Hears of what happens to keys, whichever command or clock caused it. Implemented above (WATCH,
// blocked clients, notifications, client tracking, propagation); the keyspace knows only this.
// Called after the change, with the key's bytes valid for the call; must not change the keyspace.
class KeyObserver {
 public:
  virtual ~KeyObserver() = default;

  // The key was created, changed, given or relieved of a deadline, or deleted by a command.
  virtual void key_modified(Keyspace& keyspace, std::string_view key) = 0;
  // The key's deadline passed and it is gone.
  virtual void key_expired(Keyspace& keyspace, std::string_view key) = 0;
};

}  // namespace tarn
