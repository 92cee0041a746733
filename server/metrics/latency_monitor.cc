#include "server/metrics/latency_monitor.h"

#include <algorithm>

namespace tarn {

void LatencyMonitor::add(std::string_view event, std::int64_t time_s, std::int64_t ms) {
  if (threshold_ms_ == 0 || ms < threshold_ms_) return;
  auto at = series_.find(event);
  if (at == series_.end()) at = series_.emplace(event, Series{}).first;
  Series& series = at->second;
  series.max_ms = std::max(series.max_ms, ms);
  if (!series.samples.empty() && series.samples.back().time_s == time_s) {
    series.samples.back().ms = std::max(series.samples.back().ms, ms);
    return;
  }
  series.samples.push_back({time_s, ms});
  if (series.samples.size() > kMaxSamples) series.samples.pop_front();
}

const LatencyMonitor::Series* LatencyMonitor::find(std::string_view event) const {
  const auto at = series_.find(event);
  return at == series_.end() ? nullptr : &at->second;
}

std::size_t LatencyMonitor::reset() {
  const std::size_t events = series_.size();
  series_.clear();
  return events;
}

bool LatencyMonitor::reset(std::string_view event) {
  const auto at = series_.find(event);
  if (at == series_.end()) return false;
  series_.erase(at);
  return true;
}

}  // namespace tarn
