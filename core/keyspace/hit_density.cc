#include "core/keyspace/hit_density.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

namespace tarn {
namespace {

constexpr std::size_t kTicksATurnover = 128;
constexpr unsigned kFirstAgeShift = 2;  // a turnover of the keys fills the first 32 units
constexpr std::size_t kMinPeriod = 2048;
constexpr float kKept = 0.9F;
constexpr double kNothing = 1e-6;
constexpr double kTurnoverUnits = 32;
// Widen the buckets when more than that share of events is in the last; halve them when more than
// that is in the lower half of the ages.
constexpr double kTooMany = 0.05;
constexpr double kNearlyAll = 0.999;
constexpr std::size_t kMaxMarks = 8192;

}  // namespace

HitDensity::HitDensity(std::int64_t now_ms)
    : tick_(static_cast<std::uint64_t>(now_ms / 1000)),
      second_(now_ms / 1000),
      age_shift_(kFirstAgeShift),
      marks_{{tick_, second_}} {
  set_population(0);
  for (std::uint32_t i = 0; i < kClasses; ++i) learn_class(i);
}

void HitDensity::set_population(std::size_t keys) {
  evictions_a_tick_ = std::max<std::size_t>(keys / kTicksATurnover, 1);
  period_ = std::max(keys, kMinPeriod);
  ghosts_.fit(keys);
}

std::uint32_t HitDensity::class_remembered(std::uint64_t hash) const {
  const std::optional<std::uint16_t> used_at = ghosts_.find(hash);
  if (!used_at) return 0;
  return class_after(std::max<std::uint32_t>(static_cast<std::uint16_t>(tick_ - *used_at), 1));
}

void HitDensity::evicted(std::uint64_t hash, std::uint32_t access, std::int64_t now_ms) {
  observe(now_ms);
  ghosts_.remember(hash, static_cast<std::uint16_t>(access));
  ++evictions_at_[cell(class_of(access), age(access))];
  if (++events_ >= period_) learn();
  if (++evictions_ < evictions_a_tick_) return;
  evictions_ = 0;
  ++tick_;
}

// --- Seconds and ticks

// Seconds in which nothing happened get their ticks too, late, so that they can be restored.
void HitDensity::begin_second(std::int64_t second) {
  tick_ += static_cast<std::uint64_t>(second - second_);
  second_ = second;
  marks_.push_back({tick_, second});
  if (marks_.size() <= kMaxMarks) return;
  // Every other one of the older half: where seconds had a tick each, nothing is lost by that.
  std::deque<Mark> kept;
  for (std::size_t i = 0; i < marks_.size(); ++i) {
    if (i >= kMaxMarks / 2 || i % 2 == 0) kept.push_back(marks_[i]);
  }
  marks_ = std::move(kept);
}

// Between two marks, the ticks that came of evictions are first, then those of single seconds.
std::int64_t HitDensity::second_of(std::uint64_t tick) const {
  const auto next =
      std::upper_bound(marks_.begin(), marks_.end(), tick,
                       [](std::uint64_t wanted, const Mark& mark) { return wanted < mark.tick; });
  if (next == marks_.end()) return marks_.back().second;
  const std::int64_t second = next->second - static_cast<std::int64_t>(next->tick - tick);
  return next == marks_.begin() ? second : std::max(second, std::prev(next)->second);
}

std::int64_t HitDensity::idle_seconds(std::uint32_t access, std::int64_t now_ms) const {
  return std::max<std::int64_t>(now_ms / 1000 - second_of(tick_ - age(access)), 0);
}

std::uint32_t HitDensity::restored(std::int64_t now_ms, std::int64_t idle_seconds) {
  observe(now_ms);
  const std::int64_t second = second_ - std::clamp<std::int64_t>(idle_seconds, 0, kTickMask);
  const auto next =
      std::lower_bound(marks_.begin(), marks_.end(), second,
                       [](const Mark& mark, std::int64_t wanted) { return mark.second < wanted; });
  // The last mark is of this second, so there is one.
  std::uint64_t tick = next->tick - static_cast<std::uint64_t>(next->second - second);
  if (next != marks_.begin()) tick = std::max(tick, std::prev(next)->tick);
  const std::uint64_t ticks_ago = std::min<std::uint64_t>(tick_ - tick, kTickMask);
  return static_cast<std::uint32_t>(tick_ - ticks_ago) & kTickMask;
}

// --- Learning

double HitDensity::bucket_start(std::uint32_t index) {
  if (index < kLinearAges) return index;
  const std::uint32_t step = index - kLinearAges;
  return static_cast<double>((8 + step % 8) << (1 + step / 8));
}

double HitDensity::bucket_width(std::uint32_t index) {
  return index < kLinearAges ? 1 : static_cast<double>(2u << ((index - kLinearAges) / 8));
}

void HitDensity::learn() {
  events_ = 0;
  fit_ages();
  for (std::uint32_t i = 0; i < kClasses; ++i) learn_class(i);
  for (float& count : hits_) count *= kKept;
  for (float& count : evictions_at_) count *= kKept;
}

void HitDensity::learn_class(std::uint32_t access_class) {
  const std::size_t first = access_class * kAges;
  double hits = 0;
  double events = 0;
  double lived = 0;
  for (std::uint32_t i = kAges; i-- > 0;) {
    const double here = double{hits_[first + i]} + double{evictions_at_[first + i]};
    lived += (events + here / 2) * bucket_width(i);
    hits += double{hits_[first + i]};
    events += here;
    densities_[first + i] = static_cast<float>(lived > kNothing ? hits / lived : 0.0);
  }
  if (events > kNothing) return;
  for (std::uint32_t i = 0; i < kAges; ++i) {
    densities_[first + i] = static_cast<float>(1 / (bucket_start(i) + kTurnoverUnits));
  }
}

void HitDensity::fit_ages() {
  double total = 0;
  double last = 0;
  double lower = 0;
  const std::uint32_t half = kAges - 1 - 8;
  for (std::uint32_t i = 0; i < kClasses * kAges; ++i) {
    const double here = double{hits_[i]} + double{evictions_at_[i]};
    total += here;
    if (i % kAges == kAges - 1) last += here;
    if (i % kAges < half) lower += here;
  }
  if (last > kTooMany * total && age_shift_ < kMaxAgeShift) {
    rescale(age_shift_ + 1);
  } else if (lower > kNearlyAll * total && age_shift_ > kFirstAgeShift) {
    rescale(age_shift_ - 1);
  }
}

void HitDensity::rescale(unsigned age_shift) {
  const double factor = age_shift > age_shift_ ? 0.5 : 2;
  age_shift_ = age_shift;
  for (Table* table : {&hits_, &evictions_at_}) {
    const Table before = *table;
    table->fill(0);
    for (std::uint32_t i = 0; i < kClasses * kAges; ++i) {
      const double middle = bucket_start(i % kAges) + bucket_width(i % kAges) / 2;
      (*table)[i / kAges * kAges + bucket(static_cast<std::uint32_t>(middle * factor))] +=
          before[i];
    }
  }
}

}  // namespace tarn
