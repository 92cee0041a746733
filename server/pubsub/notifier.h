#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "server/engine/key_events.h"
#include "server/engine/notifications.h"
#include "server/pubsub/pubsub.h"

namespace tarn {

// Publishes what happens to keys, as notify-keyspace-events wants it:
//
//  - what commands say they did comes through Notifications;
//  - that a key expired, was looked for in vain, or is new, through the observers of keys, who hear
//    of it whichever command or clock was the cause.
//
// With K the event is the message, and the channel names the key; with E it is the other way round.
class Notifier final : public Notifications::Sink, public KeyObserver {
 public:
  Notifier(Notifications& notifications, KeyEvents& keys, PubSub& pubsub);
  ~Notifier() override;
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  // `classes` are those of notify-keyspace-events (NotifyBits).
  void configure(std::uint32_t classes);

  void on_event(std::string_view event, unsigned db, std::string_view key) override;

  void key_modified(Keyspace&, std::string_view) override {}
  void key_expired(Keyspace& keyspace, std::string_view key) override;
  void key_evicted(Keyspace& keyspace, std::string_view key) override;
  void fields_expired(Keyspace& keyspace, std::string_view key, bool gone) override;
  void key_created(Keyspace& keyspace, std::string_view key) override;
  void key_missed(Keyspace& keyspace, std::string_view key) override;

 private:
  void publish(std::string_view space, unsigned db, std::string_view name,
               std::string_view message);

  Notifications& notifications_;
  KeyEvents& keys_;
  PubSub& pubsub_;
  std::uint32_t classes_ = 0;
  std::string channel_;  // scratch
};

}  // namespace tarn
