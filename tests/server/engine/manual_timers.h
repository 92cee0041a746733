#pragma once

#include <map>

#include "server/engine/timers.h"

namespace tarn {

// Timers on a clock that the test moves.
class ManualTimers final : public Timers {
 public:
  Id after(std::chrono::milliseconds delay, std::function<void()> action) override {
    timers_.emplace(++last_id_, Entry{now_ + delay, std::move(action)});
    return last_id_;
  }
  void cancel(Id id) override { timers_.erase(id); }

  void advance(std::chrono::milliseconds time) {
    now_ += time;
    for (auto at = timers_.begin(); at != timers_.end();) {
      if (at->second.due > now_) {
        ++at;
        continue;
      }
      const std::function<void()> action = std::move(at->second.action);
      timers_.erase(at);
      action();
      at = timers_.begin();  // the action may have changed the others
    }
  }
  std::size_t size() const { return timers_.size(); }

 private:
  struct Entry {
    std::chrono::milliseconds due;
    std::function<void()> action;
  };

  std::chrono::milliseconds now_{0};
  std::map<Id, Entry> timers_;
  Id last_id_ = 0;
};

}  // namespace tarn
