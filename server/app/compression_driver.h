#pragma once

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>

#include "core/base/clock.h"
#include "core/keyspace/compression.h"
#include "server/app/compression_rule.h"
#include "server/config/options.h"
#include "server/engine/dispatcher.h"
#include "server/metrics/loading_state.h"
#include "server/metrics/memory_gauge.h"

namespace tarn {

// Has values compressed that were set since it last looked: the `compress-` options.
//
//  1. From time to time plan() asks CompressionRule whether a walk over all keys is worth while
//     and, where only pressure is a reason, whether most of `maxmemory` is in use.
//  2. A walk goes on in slices of a quarter of a millisecond. After each the driver rests for as
//     long as makes its share of the time what compress-effort says; or, when no command has run
//     meanwhile, half of it.
//
// Not while a child is forked: every page written then is copied. Not while a dataset is loaded.
class CompressionDriver {
 public:
  CompressionDriver(asio::io_context& io, Dispatcher& dispatcher, MemoryGauge& gauge, Clock& clock,
                    const LoadingState& loading);

  void configure(const Options& options);
  // To be called from time to time.
  void plan();

 private:
  using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                           asio::wait_traits<std::chrono::steady_clock>,
                                           asio::io_context::executor_type>;

  bool suspended() const { return loading_.active || databases_.context().forked; }
  bool wanted();
  CompressionRule::Sight sight() const;
  void work();
  void work_after(std::chrono::nanoseconds wait);
  void end_walk();

  Timer timer_;
  Dispatcher& dispatcher_;
  Databases& databases_;
  MemoryGauge& gauge_;
  Clock& clock_;
  const LoadingState& loading_;
  CompressionWalk walk_;
  CompressionRule rule_;

  CompressValues mode_ = CompressValues::kNo;
  std::size_t min_bytes_ = 0;
  int effort_ = 0;  // percent of a processor
  std::size_t memory_limit_ = 0;

  bool walking_ = false;
  std::uint64_t tried_ = 0;    // in this walk
  std::uint64_t resting_ = 0;  // likewise: what it passed over
  std::uint64_t commands_seen_ = 0;
};

}  // namespace tarn
