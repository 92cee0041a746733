#pragma once

#include <cstdint>

#include "core/keyspace/hit_density.h"

namespace tarn {

// How recently, or how often, a key was used, in the 24 bits that an entry has for it.
//
// Recency (the default): seconds, wrapping after 194 days. Frequency (with an LFU
// maxmemory-policy): the minute of the last decay in the upper 16 bits and a logarithmic counter in
// the lower 8: it rises with probability 1 / ((counter - kInitial) * log_factor + 1) and falls by
// one for every decay_minutes without use. (Morris, "Counting large numbers of events in small
// registers", 1978.) Density (with an LRU maxmemory-policy): see hit_density.h.
class AccessPolicy {
 public:
  static constexpr std::uint32_t kInitialFrequency = 5;

  bool tracks_frequency = false;
  HitDensity* density = nullptr;  // in force unless it is null
  unsigned log_factor = 10;
  unsigned decay_minutes = 1;

  // The access bits of a key of this hash that is made now.
  std::uint32_t fresh(std::uint64_t hash, std::int64_t now_ms) const {
    if (density != nullptr) return density->fresh(hash, now_ms);
    return tracks_frequency ? minute(now_ms) << 8 | kInitialFrequency : second(now_ms);
  }

  // The access bits after one more use.
  std::uint32_t touched(std::uint32_t access, std::int64_t now_ms) const {
    if (density != nullptr) return density->used(access, now_ms);
    return tracks_frequency ? count_use(access, now_ms) : second(now_ms);
  }

  // The access bits of a key whose value is replaced.
  std::uint32_t overwritten(std::uint32_t access, std::int64_t now_ms) const {
    // A command that looked at the key before has counted as a use already.
    if (tracks_frequency || (density != nullptr && density->age(access) == 0)) return access;
    return touched(access, now_ms);
  }

  // The access bits of a key that was last used so long ago, or so often: what of it is kept.
  std::uint32_t restored(std::int64_t now_ms, std::int64_t idle_seconds,
                         std::uint32_t frequency) const {
    if (tracks_frequency) return minute(now_ms) << 8 | (frequency & 0xff);
    if (density != nullptr) return density->restored(now_ms, idle_seconds);
    return second(now_ms - idle_seconds * 1000);
  }

  std::int64_t idle_seconds(std::uint32_t access, std::int64_t now_ms) const {
    if (density != nullptr) return density->idle_seconds(access, now_ms);
    return (second(now_ms) - access) & 0xffffff;
  }

  // REQUIRES: tracks_frequency. Minutes since the counter was last touched.
  std::uint32_t idle_minutes(std::uint32_t access, std::int64_t now_ms) const {
    return (minute(now_ms) - (access >> 8)) & 0xffff;
  }

  // The counter, less what it has lost since its last decay.
  std::uint32_t frequency(std::uint32_t access, std::int64_t now_ms) const;

 private:
  static std::uint32_t second(std::int64_t now_ms) {
    return static_cast<std::uint32_t>(now_ms / 1000) & 0xffffff;
  }
  static std::uint32_t minute(std::int64_t now_ms) {
    return static_cast<std::uint32_t>(now_ms / 60'000) & 0xffff;
  }
  std::uint32_t count_use(std::uint32_t access, std::int64_t now_ms) const;
};

}  // namespace tarn
