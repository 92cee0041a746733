#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "server/engine/timers.h"

namespace tarn {

// The flush that a `flush_all` with a delay has asked for. There is one at most, as in memcached:
// the latest request counts. It does not outlive the server.
class DelayedFlush {
 public:
  // `flush` empties the database, and returns false where that is not possible right now.
  DelayedFlush(Timers& timers, std::function<bool()> flush)
      : timers_(timers), flush_(std::move(flush)) {}
  ~DelayedFlush() { cancel(); }
  DelayedFlush(const DelayedFlush&) = delete;
  DelayedFlush& operator=(const DelayedFlush&) = delete;

  void schedule(std::chrono::milliseconds delay) {
    cancel();
    timer_ = timers_.after(delay, [this] {
      timer_.reset();
      constexpr std::chrono::milliseconds kRetry{100};
      if (!flush_()) schedule(kRetry);
    });
  }
  void cancel() {
    if (timer_) timers_.cancel(*timer_);
    timer_.reset();
  }

 private:
  Timers& timers_;
  std::function<bool()> flush_;
  std::optional<Timers::Id> timer_;
};

}  // namespace tarn
