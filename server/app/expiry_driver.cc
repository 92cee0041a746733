#include "server/app/expiry_driver.h"

#include <algorithm>

#include "core/base/cycle_clock.h"

namespace tarn {
namespace {

constexpr std::size_t kItemsPerStep = 64;
constexpr std::size_t kElementsPerStep = 512;
constexpr std::uint64_t kSliceUs = 500;
// Nobody waits for what a child has put off: that goes slower. Each object may empty a slab, which
// takes the system some ten microseconds.
constexpr std::uint64_t kSettleUs = 100;
constexpr std::size_t kObjectsPerStep = 16;
// The timer's longest wait, so that a changed system clock is noticed.
constexpr std::int64_t kMaxWaitMs = 1000;

}  // namespace

void ExpiryDriver::plan() {
  if (working_) return;
  if (databases_.has_collections_to_dismantle() || databases_.has_to_settle()) return work_soon();
  if (seen_deadlines_ == databases_.stats().deadlines_set) return;
  seen_deadlines_ = databases_.stats().deadlines_set;
  const std::int64_t next_ms = databases_.next_expiry_ms();
  if (next_ms >= planned_ms_) return;
  const std::int64_t wait_ms = std::clamp<std::int64_t>(next_ms - clock_.now_ms(), 0, kMaxWaitMs);
  planned_ms_ = clock_.now_ms() + wait_ms;
  timer_.expires_after(std::chrono::milliseconds(wait_ms));
  timer_.async_wait([this](const asio::error_code& error) {
    if (!error) work();
  });
}

// Returns whether there is more to do.
bool ExpiryDriver::work_for_a_slice() {
  const std::uint64_t start = CycleClock::now();
  const std::uint64_t end = start + CycleClock::from_us(kSliceUs);
  bool more = true;
  while (more && CycleClock::now() < end) {
    more = databases_.expire_step(kItemsPerStep);
    more |= databases_.dismantle_step(kElementsPerStep);
  }
  const std::uint64_t cycles = CycleClock::now() - start;
  spent_cycles_ += cycles;
  latency_.add(latency_events::kExpireCycle, clock_.now_ms() / 1000,
               static_cast<std::int64_t>(CycleClock::to_ns(cycles) / 1'000'000));
  return more;
}

// Likewise.
bool ExpiryDriver::settle_for_a_slice() {
  if (!databases_.has_to_settle()) return false;
  const std::uint64_t end = CycleClock::now() + CycleClock::from_us(kSettleUs);
  bool more = true;
  while (more && CycleClock::now() < end) more = databases_.settle_step(kObjectsPerStep);
  return more;
}

void ExpiryDriver::work_soon() {
  working_ = true;
  loop_.post([this] { work(); });
}

void ExpiryDriver::work() {
  clock_.refresh();
  working_ = false;
  const bool more_to_expire = work_for_a_slice();
  const bool more_to_settle = settle_for_a_slice();
  if (more_to_expire || more_to_settle) return work_soon();
  planned_ms_ = INT64_MAX;
  seen_deadlines_ = databases_.stats().deadlines_set - 1;
  if (databases_.next_expiry_ms() != INT64_MAX) plan();
}

}  // namespace tarn
