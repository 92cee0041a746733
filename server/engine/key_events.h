#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/keyspace/databases.h"
#include "core/keyspace/key_observer.h"

namespace tarn {

// The one observer of the keyspace: passes on what happens to keys to the features that want to
// hear of it.
//
//  1. A feature is a KeyObserver of its own, and says by listen() which events it wants now. It
//     says so again whenever that changes: with the first WATCH, and with the end of the last one.
//  2. As long as nobody wants anything the keyspace has no observer, and a write pays for one
//     comparison with null. As long as nobody wants an event of some kind, it pays for one call
//     and one comparison more.
//  3. Features hear of an event in the order in which they first listened.
//
// A listener may change interests, its own and others', while it is told of an event; a listener
// that is new then hears from the next event on.
class KeyEvents final : public KeyObserver {
 public:
  // Each stands for the functions of KeyObserver that are called for it.
  enum Interest : std::uint32_t {
    kModified = 1u << 0,      // key_modified
    kExpired = 1u << 1,       // key_expired, key_evicted, fields_expired
    kCreated = 1u << 2,       // key_created
    kMissed = 1u << 3,        // key_missed
    kReplaced = 1u << 4,      // keyspace_flushed, keyspaces_swapped
    kFieldExpired = 1u << 5,  // field_expired
  };

  explicit KeyEvents(Databases& databases) : databases_(databases) {}
  ~KeyEvents() override { databases_.context().observer = nullptr; }
  KeyEvents(const KeyEvents&) = delete;
  KeyEvents& operator=(const KeyEvents&) = delete;

  // From now on the listener hears of these events and no others; `interests` may be 0. The
  // listener must outlive this object, or listen to nothing before it goes.
  void listen(KeyObserver& listener, std::uint32_t interests);

  // What anybody wants to hear of.
  std::uint32_t interests() const { return interests_; }

  void key_modified(Keyspace& keyspace, std::string_view key) override;
  void key_expired(Keyspace& keyspace, std::string_view key) override;
  void key_evicted(Keyspace& keyspace, std::string_view key) override;
  void fields_expired(Keyspace& keyspace, std::string_view key, bool gone) override;
  void field_expired(Keyspace& keyspace, std::string_view key, std::string_view field) override;
  void key_created(Keyspace& keyspace, std::string_view key) override;
  void key_missed(Keyspace& keyspace, std::string_view key) override;
  void keyspace_flushed(Keyspace& keyspace) override;
  void keyspaces_swapped(Keyspace& first, Keyspace& second) override;

 private:
  struct Listener {
    KeyObserver* observer;
    std::uint32_t interests;
  };

  template <class Tell>
  void tell(Interest interest, Tell tell);

  Databases& databases_;
  std::vector<Listener>
      listeners_;  // in the order of their coming; those that left have no interests
  std::uint32_t interests_ = 0;
};

}  // namespace tarn
