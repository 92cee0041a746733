#include "server/engine/monitor_feed.h"

#include <fmt/core.h>

#include "core/base/quoting.h"

namespace tarn {
namespace {

std::string source_of(const Session& session) {
  if (session.transport == nullptr) return "lua";
  if (!session.transport->is_unix_socket()) return session.transport->peer_address();
  std::string_view path = session.transport->local_address();
  if (path.ends_with(":0")) path.remove_suffix(2);
  return fmt::format("unix:{}", path);
}

}  // namespace

void MonitorFeed::add(Session& session) {
  session.monitor = true;
  session.gates |= kMonitorGate;
  monitors_.push_back(&session);
  dispatcher_.set_watch_all(true);
}

void MonitorFeed::remove(Session& session) {
  session.monitor = false;
  session.gates &= ~kMonitorGate;
  std::erase(monitors_, &session);
  dispatcher_.set_watch_all(!monitors_.empty());
}

void MonitorFeed::show(const Call& call) {
  if (monitors_.empty() || (call.command.flags & (kSkipMonitor | kAdmin)) != 0) return;
  const std::string line = line_for(call);
  // Backwards, because the one at hand may be removed.
  for (std::size_t i = monitors_.size(); i-- > 0;) {
    Session& monitor = *monitors_[i];
    if (monitor.closing || monitor.reply_mode != Session::ReplyMode::kOn) continue;
    monitor.reply.simple(line);
    monitor.transport->schedule_flush();
    if (after_line) after_line(monitor);
  }
}

std::string MonitorFeed::line_for(const Call& call) const {
  const std::int64_t now_us = dispatcher_.clock().now_us();
  std::string line = fmt::format("{}.{:06} [{} {}]", now_us / 1'000'000, now_us % 1'000'000,
                                 call.session.db, source_of(call.session));
  for (std::size_t i = 0; i < call.args.size(); ++i) {
    line += ' ';
    line += dispatcher_.is_redacted(i) ? "\"(redacted)\"" : quote(call.args[i]);
  }
  return line;
}

}  // namespace tarn
