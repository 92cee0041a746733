#pragma once

#include <cstdint>
#include <string_view>

#include "server/config/options.h"

namespace tarn {

// Keyspace notifications: a handler says what it did to a key, and who wants to know is told.
//
// `enabled` holds the classes of notify-keyspace-events (kNotify...), so an event that nobody asked
// for costs one comparison.
class Notifications {
 public:
  // Carries an enabled event to those who subscribed to it.
  class Sink {
   public:
    virtual ~Sink() = default;
    virtual void on_event(std::string_view event, unsigned db, std::string_view key) = 0;
  };

  void set_sink(Sink* sink) { sink_ = sink; }
  void set_enabled(std::uint32_t classes) { enabled_ = classes; }
  std::uint32_t enabled() const { return enabled_; }
  bool wants(std::uint32_t notify_class) const { return (enabled_ & notify_class) != 0; }

  // `event` is the name that Redis documents: "set", "lpush", "del" ...
  void emit(std::uint32_t notify_class, std::string_view event, unsigned db, std::string_view key) {
    if (wants(notify_class) && sink_ != nullptr) [[unlikely]]
      sink_->on_event(event, db, key);
  }

 private:
  std::uint32_t enabled_ = 0;
  Sink* sink_ = nullptr;
};

}  // namespace tarn
