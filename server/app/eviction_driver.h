#pragma once

#include <cstdint>

#include "core/keyspace/age_walk.h"
#include "core/keyspace/eviction.h"
#include "server/config/options.h"
#include "server/engine/dispatcher.h"
#include "server/metrics/latency_monitor.h"
#include "server/metrics/loading_state.h"
#include "server/metrics/memory_gauge.h"
#include "server/metrics/time_over_limit.h"
#include "server/net/net_loop.h"

namespace tarn {

// Keeps memory within `maxmemory`.
//
//  1. While there is a limit, the dispatcher's memory gate asks make_room() before every command.
//     Mostly that is a comparison.
//  2. Over the limit, keys are evicted for as long as `maxmemory-eviction-tenacity` says, and never
//     for longer than a slice of one millisecond. Deleted large collections come first: a key more
//     helps nobody while what the last one held is still being freed.
//  3. What is left is done in slices between the turns of clients. Meanwhile commands run: memory
//     is on its way. Those that find more in use than before evict as much as it has grown, so a
//     pipeline of reads waits for nothing, and one of writes does not undo what was done.
//  4. Where no key may go, commands that may take memory are refused.
//
// Nothing is evicted while clients are paused, or a dataset is loaded.
class EvictionDriver {
 public:
  EvictionDriver(NetLoop& loop, Dispatcher& dispatcher, MemoryGauge& gauge,
                 const LoadingState& loading, LatencyMonitor& latency);

  void configure(const Options& options);
  // To be called from time to time: memory may have grown without a command, and keys grow old.
  void plan();

  const TimeOverLimit& stats() const { return stats_; }
  void reset_stats() { stats_.reset(); }

 private:
  enum class Progress : std::uint8_t { kWithinLimit, kOnItsWay, kStuck };

  bool make_room();
  Progress work_for(std::uint64_t cycles, std::size_t target);
  void work();
  void work_soon();
  bool suspended() const;

  NetLoop& loop_;
  Dispatcher& dispatcher_;
  Databases& databases_;
  MemoryGauge& gauge_;
  const LoadingState& loading_;
  LatencyMonitor& latency_;
  Evictor evictor_;
  AgeWalk age_walk_;
  TimeOverLimit stats_;
  std::size_t limit_ = 0;  // 0: none
  std::uint64_t slice_cycles_ = 0;
  std::size_t least_used_ = 0;  // while working
  bool exceeded_ = false;
  bool working_ = false;  // a slice is posted
};

}  // namespace tarn
