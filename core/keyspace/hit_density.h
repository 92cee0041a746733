#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <deque>

#include "core/keyspace/ghost_table.h"
#include "core/keyspace/newcomers.h"

namespace tarn {

// Which keys are worth their memory: the estimator behind allkeys-lru and volatile-lru.
//
// The idea is that of LHD (N. Beckmann, H. Chen, A. Cidon, "LHD: Improving Cache Hit Rate by
// Maximizing Hit Density", NSDI 2018): the key to evict is the one with the least hit density, the
// chance that it will be hit before it is evicted over the time until either happens. Both are
// learned from what became of keys like it. On traces by a Zipf law, with scans and with a moving
// window it keeps what an LRU of the same size loses, with nothing but the entry's access bits.
//
//  1. Time is counted in ticks: one whenever 1/128 of all keys were evicted, and one for every
//     second, made when something happens in it or after it. So ages are fine enough for a cache
//     that is turned over in a moment, and idle times are known to the second.
//  2. An entry's 24 access bits are the tick of its last use, 20 bits, and its class, 4 bits: 0 for
//     a key that was not used since it was made, else by the logarithm of the gap between its last
//     two uses. Keys that were used in quick succession so far are likely to be so again.
//  3. Every use and every eviction of a key counts for its class at its age, in buckets that grow
//     with age. Now and then these counts become densities, from the oldest age down,
//         density(age) = hits at this age and later / time that those hit or evicted still lived
//     and lose a tenth, so that old experience fades.
//  4. An age at which nothing has happened to the class for long promises nothing: density 0. A
//     class without any experience is judged by recency alone. Equal densities are decided by age.
//  5. Keys that were evicted not long ago are remembered (ghost_table.h). One that comes back has
//     the class of the gap since it was last used.
//  6. Keys that were made while hardly any new key was used, as in a scan, count for less than
//     others of their class (newcomers.h).
//  7. The buckets double or halve their width so that nearly all events fall into them.
//
// Access bits as they are without an eviction policy, 24 bits of seconds, read as the same time
// with a class that means nothing, and take their place as keys are used: nothing needs to be
// converted when a policy is chosen. Ages beyond 2^20 ticks (12 days, were there one a second)
// would wrap: age_walk.h keeps keys from it. Seconds do after 194 days.
class HitDensity {
 public:
  static constexpr unsigned kTickBits = 20;
  static constexpr unsigned kClasses = 16;

  // Ticks go on from the present second.
  explicit HitDensity(std::int64_t now_ms);

  // How many keys there are: what evictions are measured against.
  void set_population(std::size_t keys);

  // Access bits of a key that is made now, of one that is used now, and of one that was last used
  // so long ago.
  std::uint32_t fresh(std::uint64_t hash, std::int64_t now_ms) {
    observe(now_ms);
    const std::uint32_t access = static_cast<std::uint32_t>(tick_) & kTickMask;
    if (ghosts_.empty()) return access;
    const std::uint32_t access_class = class_remembered(hash);
    if (access_class == 0) newcomers_.made(tick_);
    return access | access_class << kTickBits;
  }
  std::uint32_t used(std::uint32_t access, std::int64_t now_ms) {
    observe(now_ms);
    const std::uint32_t gap = age(access);
    ++hits_[cell(class_of(access), gap)];
    if (class_of(access) == 0) newcomers_.used_first();
    if (++events_ >= period_) learn();
    return (static_cast<std::uint32_t>(tick_) & kTickMask) | class_after(gap) << kTickBits;
  }
  std::uint32_t restored(std::int64_t now_ms, std::int64_t idle_seconds);

  // A key with these access bits was evicted.
  void evicted(std::uint64_t hash, std::uint32_t access, std::int64_t now_ms);

  double density(std::uint32_t access) const {
    const std::uint32_t ticks = age(access);
    const double density = densities_[cell(class_of(access), ticks)];
    return class_of(access) > 0 ? density : density * newcomers_.promise(tick_ - ticks, tick_);
  }
  // Ticks since the last use.
  std::uint32_t age(std::uint32_t access) const {
    return (static_cast<std::uint32_t>(tick_) - access) & kTickMask;
  }
  std::int64_t idle_seconds(std::uint32_t access, std::int64_t now_ms) const;

 private:
  static constexpr std::uint32_t kTickMask = (1u << kTickBits) - 1;
  static constexpr std::uint32_t kLinearAges = 16;  // buckets of one unit; then 8 an octave
  static constexpr std::uint32_t kAges = 64;
  static constexpr unsigned kMaxAgeShift = kTickBits - 9;
  using Table = std::array<float, kClasses * kAges>;

  // The tick at which a second began.
  struct Mark {
    std::uint64_t tick;
    std::int64_t second;
  };

  static std::uint32_t class_of(std::uint32_t access) { return access >> kTickBits; }
  static std::uint32_t class_after(std::uint32_t gap) {
    const auto magnitude = static_cast<std::uint32_t>(std::bit_width(gap));
    return magnitude < kClasses - 2 ? magnitude + 1 : kClasses - 1;
  }
  static std::uint32_t bucket(std::uint32_t units) {
    if (units < kLinearAges) return units;
    const std::uint32_t octave = 31 - static_cast<std::uint32_t>(__builtin_clz(units));
    const std::uint32_t index = kLinearAges + (octave - 4) * 8 + ((units >> (octave - 3)) & 7);
    return index < kAges ? index : kAges - 1;
  }
  // The first age of a bucket, and how many it has, in units.
  static double bucket_start(std::uint32_t index);
  static double bucket_width(std::uint32_t index);
  std::size_t cell(std::uint32_t access_class, std::uint32_t ticks) const {
    return access_class * kAges + bucket(ticks >> age_shift_);
  }

  void observe(std::int64_t now_ms) {
    const std::int64_t second = now_ms / 1000;
    if (second > second_) [[unlikely]]
      begin_second(second);
  }
  std::uint32_t class_remembered(std::uint64_t hash) const;
  void begin_second(std::int64_t second);
  std::int64_t second_of(std::uint64_t tick) const;
  void learn();
  void learn_class(std::uint32_t access_class);
  void fit_ages();
  void rescale(unsigned age_shift);

  std::uint64_t tick_ = 0;
  std::int64_t second_ = 0;
  unsigned age_shift_ = 0;  // a bucket's unit of age is 2^age_shift_ ticks
  std::size_t events_ = 0;  // since the last learn()
  std::size_t period_ = 0;
  std::size_t evictions_ = 0;  // since the last tick
  std::size_t evictions_a_tick_ = 1;
  std::deque<Mark> marks_;
  GhostTable ghosts_;
  Newcomers newcomers_;
  Table hits_{};
  Table evictions_at_{};
  Table densities_{};
};

}  // namespace tarn
