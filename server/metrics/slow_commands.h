#pragma once

#include <cstdint>

#include "server/config/options.h"
#include "server/engine/dispatcher.h"
#include "server/metrics/latency_monitor.h"
#include "server/metrics/slow_log.h"

namespace tarn {

// Takes note of commands that took long, in the slow log and in the latency monitor. Which ones the
// dispatcher reports is the smaller of the two's thresholds, so that all others cost it one
// comparison.
class SlowCommands {
 public:
  explicit SlowCommands(Dispatcher& dispatcher) : dispatcher_(dispatcher) {}

  // Takes over the thresholds and the length; to be called when they change.
  void configure(const Options& options);
  // A command took at least one of the thresholds.
  void note(const Call& call, std::int64_t duration_us);

  SlowLog& log() { return log_; }
  LatencyMonitor& latency() { return latency_; }
  const LatencyMonitor& latency() const { return latency_; }
  // Of the slow log; negative for none.
  std::int64_t slow_log_threshold_us() const { return slow_us_; }
  const CommandTable& commands() const { return dispatcher_.table(); }

 private:
  Dispatcher& dispatcher_;
  SlowLog log_;
  LatencyMonitor latency_;
  std::int64_t slow_us_ = -1;  // negative: nothing is slow
};

}  // namespace tarn
