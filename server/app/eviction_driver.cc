#include "server/app/eviction_driver.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/base/cycle_clock.h"

namespace tarn {
namespace {

constexpr std::size_t kElementsAtOnce = 256;
constexpr double kMaxSliceUs = 1000;
// Taken however long they take: a thread that was kept from its processor has used up its slice
// without having made any room, and what comes next would go over the limit.
constexpr int kLeastSteps = 4;
// Between the turns of clients.
constexpr std::uint64_t kBackgroundSliceUs = 500;

EvictionRule rule_of(const Options& options) {
  using By = EvictionRule::By;
  EvictionRule rule;
  rule.samples = static_cast<std::size_t>(options.maxmemory_samples);
  switch (options.maxmemory_policy) {
    case EvictionPolicy::kVolatileLru: rule.only_with_deadline = true; [[fallthrough]];
    case EvictionPolicy::kAllKeysLru: rule.by = By::kDensity; break;
    case EvictionPolicy::kVolatileLfu: rule.only_with_deadline = true; [[fallthrough]];
    case EvictionPolicy::kAllKeysLfu: rule.by = By::kFrequency; break;
    case EvictionPolicy::kVolatileRandom: rule.only_with_deadline = true; [[fallthrough]];
    case EvictionPolicy::kAllKeysRandom: rule.by = By::kRandom; break;
    case EvictionPolicy::kVolatileTtl:
      rule.only_with_deadline = true;
      rule.by = By::kDeadline;
      break;
    case EvictionPolicy::kNoEviction: break;
  }
  return rule;
}

// How long one command may have to wait for room: up to 500 µs as far as 10, then 15 % more a step.
std::uint64_t slice_us(int tenacity) {
  const double us = tenacity <= 10 ? 50.0 * tenacity : 500.0 * std::pow(1.15, tenacity - 10);
  return static_cast<std::uint64_t>(std::min(us, kMaxSliceUs));
}

}  // namespace

EvictionDriver::EvictionDriver(NetLoop& loop, Dispatcher& dispatcher, MemoryGauge& gauge,
                               const LoadingState& loading, LatencyMonitor& latency)
    : loop_(loop),
      dispatcher_(dispatcher),
      databases_(dispatcher.databases()),
      gauge_(gauge),
      loading_(loading),
      latency_(latency),
      evictor_(databases_),
      age_walk_(databases_) {
  dispatcher_.make_room = [this] { return make_room(); };
}

void EvictionDriver::configure(const Options& options) {
  evictor_.set_rule(rule_of(options));
  slice_cycles_ = CycleClock::from_us(slice_us(options.maxmemory_eviction_tenacity));
  limit_ = options.maxmemory;
  gauge_.refresh();
  if (limit_ != 0) {
    dispatcher_.raise(kMemoryGate);
  } else {
    dispatcher_.lower(kMemoryGate);
  }
  plan();
}

void EvictionDriver::plan() {
  age_walk_.step();
  const bool over = limit_ != 0 && gauge_.used() > limit_;
  if (over && evictor_.rule().by != EvictionRule::By::kNothing) return work_soon();
  if (!over && exceeded_) make_room();
}

// Evicting during a pause would change what the pause is to keep as it is.
bool EvictionDriver::suspended() const {
  return loading_.active || dispatcher_.pause().until_ms > dispatcher_.clock().now_ms();
}

bool EvictionDriver::make_room() {
  const std::size_t used = limit_ == 0 ? 0 : gauge_.used();
  if (used <= limit_) {
    if (exceeded_) stats_.met(dispatcher_.clock().monotonic_us());
    exceeded_ = false;
    return true;
  }
  if (suspended()) return true;
  exceeded_ = true;
  stats_.exceeded(dispatcher_.clock().monotonic_us());
  const std::size_t target = working_ ? std::max(limit_, least_used_) : limit_;
  if (used <= target) return true;
  const Progress progress = work_for(slice_cycles_, target);
  if (progress == Progress::kOnItsWay) work_soon();
  if (progress == Progress::kWithinLimit) {
    stats_.met(dispatcher_.clock().monotonic_us());
    exceeded_ = false;
  }
  return progress != Progress::kStuck;
}

EvictionDriver::Progress EvictionDriver::work_for(std::uint64_t cycles, std::size_t target) {
  const std::uint64_t start = CycleClock::now();
  Progress progress = Progress::kOnItsWay;
  std::size_t used = 0;
  int steps = 0;
  do {
    if (databases_.has_collections_to_dismantle()) {
      databases_.dismantle_step(kElementsAtOnce);
    } else if (evictor_.evict_one() == Evictor::Outcome::kNone) {
      progress = Progress::kStuck;
      break;
    }
    used = gauge_.used();
    if (used <= target) {
      progress = used <= limit_ ? Progress::kWithinLimit : Progress::kOnItsWay;
      break;
    }
  } while (++steps < kLeastSteps || CycleClock::now() - start < cycles);
  least_used_ = std::max(used, target);
  latency_.add(latency_events::kEvictionCycle, dispatcher_.clock().now_ms() / 1000,
               static_cast<std::int64_t>(CycleClock::to_ns(CycleClock::now() - start) / 1'000'000));
  return progress;
}

void EvictionDriver::work_soon() {
  if (std::exchange(working_, true)) return;
  loop_.post([this] { work(); });
}

void EvictionDriver::work() {
  working_ = false;
  dispatcher_.clock().refresh();
  if (limit_ == 0 || suspended() || gauge_.used() <= limit_) return;
  const std::uint64_t slice = CycleClock::from_us(kBackgroundSliceUs);
  if (work_for(slice, limit_) == Progress::kOnItsWay) work_soon();
}

}  // namespace tarn
