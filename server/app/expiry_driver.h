#pragma once

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>

#include "core/base/clock.h"
#include "core/keyspace/databases.h"
#include "server/metrics/latency_monitor.h"
#include "server/net/net_loop.h"

namespace tarn {

// Has due keys deleted on time, and freed what is large of them and of other deleted keys, or could
// not be freed while a child was forked: wakes up when the first is due, works in slices of half a
// millisecond, and lets clients have their turn between two of them.
class ExpiryDriver {
 public:
  ExpiryDriver(NetLoop& loop, Databases& databases, Clock& clock, LatencyMonitor& latency)
      : loop_(loop),
        timer_(loop.io().get_executor()),
        databases_(databases),
        clock_(clock),
        latency_(latency) {}

  // To be called at the end of each batch, and from time to time besides: a command may have set a
  // deadline before all others.
  void plan();
  void stop() { timer_.cancel(); }

  // Time spent on deleting, by CycleClock.
  const std::uint64_t& spent_cycles() const { return spent_cycles_; }
  void reset_stats() { spent_cycles_ = 0; }

 private:
  using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                           asio::wait_traits<std::chrono::steady_clock>,
                                           asio::io_context::executor_type>;

  void work();
  void work_soon();
  bool work_for_a_slice();
  bool settle_for_a_slice();

  NetLoop& loop_;
  Timer timer_;
  Databases& databases_;
  Clock& clock_;
  LatencyMonitor& latency_;
  std::uint64_t spent_cycles_ = 0;
  std::uint64_t seen_deadlines_ = 0;
  std::int64_t planned_ms_ = INT64_MAX;  // when the timer fires, Unix time
  bool working_ = false;                 // a slice is posted
};

}  // namespace tarn
