#pragma once

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <unordered_map>

#include "server/engine/timers.h"

namespace tarn {

// Timers on Asio's loop.
class LoopTimers final : public Timers {
 public:
  explicit LoopTimers(asio::io_context& io) : io_(io) {}

  Id after(std::chrono::milliseconds delay, std::function<void()> action) override;
  void cancel(Id id) override { timers_.erase(id); }

 private:
  using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                           asio::wait_traits<std::chrono::steady_clock>,
                                           asio::io_context::executor_type>;

  asio::io_context& io_;
  std::unordered_map<Id, Timer> timers_;
  Id last_id_ = 0;
};

}  // namespace tarn
