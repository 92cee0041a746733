#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

namespace tarn {

// One-shot timers of the event loop, for those who must not know the loop.
class Timers {
 public:
  using Id = std::uint64_t;

  virtual ~Timers() = default;

  // Calls `action` once, in a round of the loop at least `delay` from now; never from within this
  // function. Returns an id that no other timer has or had.
  virtual Id after(std::chrono::milliseconds delay, std::function<void()> action) = 0;
  // The action will not be called. Nothing happens to a timer that has fired.
  virtual void cancel(Id id) = 0;
};

}  // namespace tarn
