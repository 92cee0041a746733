#include "server/pubsub/notifier.h"

#include "core/base/format.h"
#include "core/keyspace/keyspace.h"

namespace tarn {

Notifier::Notifier(Notifications& notifications, KeyEvents& keys, PubSub& pubsub)
    : notifications_(notifications), keys_(keys), pubsub_(pubsub) {
  notifications_.set_sink(this);
}

Notifier::~Notifier() {
  configure(0);
  notifications_.set_sink(nullptr);
}

void Notifier::configure(std::uint32_t classes) {
  // Without a kind of channel there is nothing to publish.
  classes_ = (classes & (kNotifyKeyspace | kNotifyKeyevent)) == 0 ? 0 : classes;
  notifications_.set_enabled(classes_);
  std::uint32_t interests = 0;
  if ((classes_ & (kNotifyExpired | kNotifyEvicted | kNotifyHash | kNotifyGeneric)) != 0) {
    interests |= KeyEvents::kExpired;
  }
  if ((classes_ & kNotifyNewKey) != 0) interests |= KeyEvents::kCreated;
  if ((classes_ & kNotifyKeyMiss) != 0) interests |= KeyEvents::kMissed;
  keys_.listen(*this, interests);
}

void Notifier::on_event(std::string_view event, unsigned db, std::string_view key) {
  if ((classes_ & kNotifyKeyspace) != 0) publish("keyspace", db, key, event);
  if ((classes_ & kNotifyKeyevent) != 0) publish("keyevent", db, event, key);
}

void Notifier::publish(std::string_view space, unsigned db, std::string_view name,
                       std::string_view message) {
  if (pubsub_.silent()) return;
  channel_.clear();
  append_format(channel_, "__{}@{}__:", space, db);
  channel_.append(name);
  pubsub_.publish(channel_, message);
}

void Notifier::key_expired(Keyspace& keyspace, std::string_view key) {
  notifications_.emit(kNotifyExpired, "expired", keyspace.index(), key);
}

void Notifier::key_evicted(Keyspace& keyspace, std::string_view key) {
  notifications_.emit(kNotifyEvicted, "evicted", keyspace.index(), key);
}

void Notifier::fields_expired(Keyspace& keyspace, std::string_view key, bool gone) {
  notifications_.emit(kNotifyHash, "hexpired", keyspace.index(), key);
  if (gone) notifications_.emit(kNotifyGeneric, "del", keyspace.index(), key);
}

void Notifier::key_created(Keyspace& keyspace, std::string_view key) {
  notifications_.emit(kNotifyNewKey, "new", keyspace.index(), key);
}

void Notifier::key_missed(Keyspace& keyspace, std::string_view key) {
  notifications_.emit(kNotifyKeyMiss, "keymiss", keyspace.index(), key);
}

}  // namespace tarn
