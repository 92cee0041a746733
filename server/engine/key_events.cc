#include "server/engine/key_events.h"

#include <algorithm>

namespace tarn {

void KeyEvents::listen(KeyObserver& listener, std::uint32_t interests) {
  const auto at = std::find_if(listeners_.begin(), listeners_.end(),
                               [&](const Listener& known) { return known.observer == &listener; });
  if (at != listeners_.end()) {
    at->interests = interests;
  } else {
    listeners_.push_back({&listener, interests});
  }
  interests_ = 0;
  for (const Listener& known : listeners_) interests_ |= known.interests;
  databases_.context().observer = interests_ != 0 ? this : nullptr;
}

template <class Tell>
void KeyEvents::tell(Interest interest, Tell tell) {
  if ((interests_ & interest) == 0) return;
  // By index, for a listener may add another one.
  for (std::size_t i = 0, count = listeners_.size(); i < count; ++i) {
    if ((listeners_[i].interests & interest) != 0) tell(*listeners_[i].observer);
  }
}

void KeyEvents::key_modified(Keyspace& keyspace, std::string_view key) {
  tell(kModified, [&](KeyObserver& listener) { listener.key_modified(keyspace, key); });
}

void KeyEvents::key_expired(Keyspace& keyspace, std::string_view key) {
  tell(kExpired, [&](KeyObserver& listener) { listener.key_expired(keyspace, key); });
}

void KeyEvents::key_evicted(Keyspace& keyspace, std::string_view key) {
  tell(kExpired, [&](KeyObserver& listener) { listener.key_evicted(keyspace, key); });
}

void KeyEvents::fields_expired(Keyspace& keyspace, std::string_view key, bool gone) {
  tell(kExpired, [&](KeyObserver& listener) { listener.fields_expired(keyspace, key, gone); });
}

void KeyEvents::field_expired(Keyspace& keyspace, std::string_view key, std::string_view field) {
  tell(kFieldExpired, [&](KeyObserver& listener) { listener.field_expired(keyspace, key, field); });
}

void KeyEvents::key_created(Keyspace& keyspace, std::string_view key) {
  tell(kCreated, [&](KeyObserver& listener) { listener.key_created(keyspace, key); });
}

void KeyEvents::key_missed(Keyspace& keyspace, std::string_view key) {
  tell(kMissed, [&](KeyObserver& listener) { listener.key_missed(keyspace, key); });
}

void KeyEvents::keyspace_flushed(Keyspace& keyspace) {
  tell(kReplaced, [&](KeyObserver& listener) { listener.keyspace_flushed(keyspace); });
}

void KeyEvents::keyspaces_swapped(Keyspace& first, Keyspace& second) {
  tell(kReplaced, [&](KeyObserver& listener) { listener.keyspaces_swapped(first, second); });
}

}  // namespace tarn
