#include "server/app/loop_timers.h"

#include <algorithm>
#include <utility>

namespace tarn {
namespace {

// What the clock can count, and nobody lives to see.
constexpr std::chrono::milliseconds kLongest = std::chrono::hours(24 * 365 * 100);

}  // namespace

Timers::Id LoopTimers::after(std::chrono::milliseconds delay, std::function<void()> action) {
  const Id id = ++last_id_;
  Timer& timer = timers_.try_emplace(id, io_.get_executor()).first->second;
  timer.expires_after(std::min(delay, kLongest));
  timer.async_wait([this, id, action = std::move(action)](const asio::error_code& error) {
    // A cancelled timer whose time was up at that moment arrives here without an error.
    if (!error && timers_.erase(id) > 0) action();
  });
  return id;
}

}  // namespace tarn
