#pragma once

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>

#include "core/base/clock.h"
#include "core/keyspace/databases.h"
#include "core/keyspace/outside_walk.h"
#include "server/app/defrag_rule.h"
#include "server/metrics/defrag_stats.h"
#include "server/metrics/latency_monitor.h"
#include "server/metrics/loading_state.h"

namespace tarn {

// Lets memory follow the data: has what deletes have left spread thinly moved together, so that
// emptied slabs go back to the system.
//
//  1. From time to time plan() asks what moving would give back. Where that is worth while by the
//     rule, work begins, and goes on until nothing is sparse.
//  2. Work is done in slices of a quarter of a millisecond, and after each the driver rests for as
//     long as makes its share of the time what the rule says.
//
// Not while a child is forked: every page written then is copied. Not while a dataset is loaded.
class DefragDriver {
 public:
  DefragDriver(asio::io_context& io, Databases& databases, Clock& clock,
               const LoadingState& loading, LatencyMonitor& latency)
      : timer_(io.get_executor()),
        databases_(databases),
        outside_(databases),
        clock_(clock),
        loading_(loading),
        latency_(latency) {}

  void configure(const Options& options) { rule_ = DefragRule(options); }
  // To be called from time to time.
  void plan();

  const DefragStats& stats() const { return stats_; }
  void reset_stats() { stats_.reset(); }

 private:
  using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                           asio::wait_traits<std::chrono::steady_clock>,
                                           asio::io_context::executor_type>;

  bool suspended() const { return loading_.active || databases_.context().forked; }
  int effort();
  void work();
  bool work_for_a_step();
  void work_after(std::chrono::nanoseconds wait);
  void stop();

  Timer timer_;
  Databases& databases_;
  OutsideWalk outside_;
  Clock& clock_;
  const LoadingState& loading_;
  LatencyMonitor& latency_;
  DefragRule rule_{Options()};
  DefragStats stats_;
};

}  // namespace tarn
