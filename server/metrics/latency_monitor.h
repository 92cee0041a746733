#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>

namespace tarn {

// Remembers when the server was slow, and at what: events of a name that took at least a threshold
// leave a sample, one a second (the worst of that second), the last 160 of each name.
class LatencyMonitor {
 public:
  struct Sample {
    std::int64_t time_s;  // Unix time
    std::int64_t ms;
  };
  struct Series {
    std::deque<Sample> samples;  // the oldest first; never empty
    std::int64_t max_ms = 0;     // of all times, also of samples that are gone
  };

  static constexpr std::size_t kMaxSamples = 160;

  // 0 switches the monitor off.
  void set_threshold_ms(std::int64_t threshold_ms) { threshold_ms_ = threshold_ms; }
  std::int64_t threshold_ms() const { return threshold_ms_; }

  // An event ended at `time_s` and had taken `ms`.
  void add(std::string_view event, std::int64_t time_s, std::int64_t ms);

  const std::map<std::string, Series, std::less<>>& series() const { return series_; }
  // nullptr for an event without samples.
  const Series* find(std::string_view event) const;

  // Return how many events were forgotten.
  std::size_t reset();
  bool reset(std::string_view event);

 private:
  std::map<std::string, Series, std::less<>> series_;
  std::int64_t threshold_ms_ = 0;
};

// The names of events.
namespace latency_events {

inline constexpr std::string_view kCommand = "command";
inline constexpr std::string_view kFastCommand = "fast-command";
inline constexpr std::string_view kExpireCycle = "expire-cycle";
inline constexpr std::string_view kEvictionCycle = "eviction-cycle";
inline constexpr std::string_view kDefragCycle = "active-defrag-cycle";

}  // namespace latency_events

// The samples of `event` as a chart of characters: a column a sample, its height by its latency,
// and below it, read downwards, how long ago it was.
std::string latency_graph(std::string_view event, const LatencyMonitor::Series& series,
                          std::int64_t now_s);

// What the samples say, and what can be done about it. `slow_log_us` is the slow log's threshold.
std::string latency_advice(const LatencyMonitor& monitor, std::int64_t slow_log_us);

}  // namespace tarn
