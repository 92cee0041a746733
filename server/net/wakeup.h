#pragma once

#include <functional>

#include "server/net/net_loop.h"

namespace tarn {

// Lets another thread have the loop do something. The loop itself has no locks, so nobody else may
// post to it.
class Wakeup final : public ReadySet::Member {
 public:
  // `on_wake` runs in the loop: once or more often after each call of wake().
  Wakeup(NetLoop& loop, std::function<void()> on_wake);
  ~Wakeup();
  Wakeup(const Wakeup&) = delete;
  Wakeup& operator=(const Wakeup&) = delete;

  // From any thread, also before the loop runs.
  void wake();

  void on_ready(ReadySet::Ready ready) override;

 private:
  NetLoop& loop_;
  const int fd_;
  const std::function<void()> on_wake_;
};

}  // namespace tarn
