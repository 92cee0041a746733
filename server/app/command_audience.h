#pragma once

#include "server/engine/monitor_feed.h"
#include "server/metrics/slow_commands.h"
#include "server/pubsub/tracking.h"

namespace tarn {

// All who want to hear of commands that ran: the dispatcher tells one.
class CommandAudience final : public CommandWatcher {
 public:
  CommandAudience(SlowCommands& slow, MonitorFeed& monitors, Tracking& tracking)
      : slow_(slow), monitors_(monitors), tracking_(tracking) {}

  void on_slow_command(const Call& call, std::int64_t duration_us) override {
    slow_.note(call, duration_us);
  }
  void on_command(const Call& call) override { monitors_.show(call); }
  void on_tracked_read(const Call& call) override { tracking_.remember(call); }
  void on_tracked_request(Session& session, const Command* command) override {
    tracking_.request_done(session, command);
  }

 private:
  SlowCommands& slow_;
  MonitorFeed& monitors_;
  Tracking& tracking_;
};

}  // namespace tarn
