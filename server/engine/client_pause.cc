#include "server/engine/client_pause.h"

#include <algorithm>
#include <chrono>

namespace tarn {

void ClientPause::begin(std::int64_t until_ms, bool writes_only) {
  Pause& pause = dispatcher_.pause();
  if (active()) {
    until_ms = std::max(until_ms, pause.until_ms);
    writes_only &= pause.writes_only;
    timers_.cancel(timer_);
  }
  pause = {until_ms, writes_only};
  dispatcher_.raise(kPauseGate);
  const std::int64_t delay_ms = std::max<std::int64_t>(until_ms - dispatcher_.clock().now_ms(), 0);
  timer_ = timers_.after(std::chrono::milliseconds(delay_ms), [this] { end(); });
}

void ClientPause::end() {
  if (!active()) return;
  timers_.cancel(timer_);
  timer_ = 0;
  dispatcher_.pause() = {};
  dispatcher_.lower(kPauseGate);
  clients_.resume_paused();
}

}  // namespace tarn
