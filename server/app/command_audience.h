#pragma once

#include "server/engine/monitor_feed.h"
#include "server/metrics/slow_commands.h"

namespace tarn {

// All who want to hear of commands that ran: the dispatcher tells one.
class CommandAudience final : public CommandWatcher {
 public:
  CommandAudience(SlowCommands& slow, MonitorFeed& monitors) : slow_(slow), monitors_(monitors) {}

  void on_slow_command(const Call& call, std::int64_t duration_us) override {
    slow_.note(call, duration_us);
  }
  void on_command(const Call& call) override { monitors_.show(call); }

 private:
  SlowCommands& slow_;
  MonitorFeed& monitors_;
};

}  // namespace tarn
