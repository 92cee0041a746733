#include "server/metrics/slow_commands.h"

#include <algorithm>
#include <limits>

namespace tarn {

void SlowCommands::configure(const Options& options) {
  slow_us_ = options.slowlog_log_slower_than_us;
  log_.set_max_length(static_cast<std::size_t>(options.slowlog_max_len));
  latency_.set_threshold_ms(options.latency_monitor_threshold_ms);

  constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
  const std::int64_t threshold_ms = options.latency_monitor_threshold_ms;
  const std::int64_t for_latency =
      threshold_ms > 0 && threshold_ms < kNever / 1000 ? threshold_ms * 1000 : kNever;
  const std::int64_t threshold_us = std::min(slow_us_ < 0 ? kNever : slow_us_, for_latency);
  dispatcher_.set_slow_threshold_us(threshold_us == kNever ? -1 : threshold_us);
}

void SlowCommands::note(const Call& call, std::int64_t duration_us) {
  const std::int64_t now_s = dispatcher_.clock().now_ms() / 1000;
  const bool fast = (call.command.flags & kFast) != 0;
  latency_.add(fast ? latency_events::kFastCommand : latency_events::kCommand, now_s,
               duration_us / 1000);
  if (slow_us_ < 0 || duration_us < slow_us_ || (call.command.flags & kSkipSlowlog) != 0) return;
  const Session& session = call.session;
  log_.add({.id = 0,
            .time_s = now_s,
            .duration_us = duration_us,
            .args = abridge(call.args, [&](std::size_t i) { return dispatcher_.is_redacted(i); }),
            .client_address = session.transport == nullptr ? "" : session.transport->peer_address(),
            .client_name = session.name});
}

}  // namespace tarn
