#pragma once

#include <functional>
#include <string>
#include <vector>

#include "server/engine/dispatcher.h"

namespace tarn {

// MONITOR: shows every command to the clients that watch.
class MonitorFeed {
 public:
  explicit MonitorFeed(Dispatcher& dispatcher) : dispatcher_(dispatcher) {}

  // Called after a line was written to a monitor, which may have become too slow to keep; it may
  // remove the session.
  std::function<void(Session&)> after_line;

  void add(Session& session);
  // Nothing happens to a session that is no monitor.
  void remove(Session& session);
  bool empty() const { return monitors_.empty(); }

  // Writes a command that has run to all monitors.
  void show(const Call& call);

 private:
  std::string line_for(const Call& call) const;

  Dispatcher& dispatcher_;
  std::vector<Session*> monitors_;
};

}  // namespace tarn
