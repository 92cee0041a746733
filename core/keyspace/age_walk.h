#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/keyspace/databases.h"

namespace tarn {

// Keeps the ages of keys from wrapping, while HitDensity tells them.
//
// An entry has 20 bits for the tick of its last use: what was not used for 2^20 ticks, which are 12
// days where nothing is evicted, would look as good as new. So a walk goes round all keys, in steps
// as ticks pass, and has those that are older than kOldest be that old.
//
// It is round before the oldest can have wrapped: within half of the ticks that are left to them.
// That is a key a second for each 16,384, and no write to those that are younger.
class AgeWalk {
 public:
  static constexpr std::uint32_t kTickMask = (1u << HitDensity::kTickBits) - 1;
  static constexpr std::uint32_t kSpareTicks = 1u << 15;
  static constexpr std::uint32_t kOldest = kTickMask - kSpareTicks;

  explicit AgeWalk(Databases& databases) : databases_(databases) {}

  // Looks at the keys whose turn has come since the last call. To be called several times a second.
  void step();

 private:
  std::size_t look_at_some(const HitDensity& density);

  Databases& databases_;
  std::uint32_t last_tick_ = 0;
  std::uint64_t due_ = 0;  // keys to look at, times kTicksARound
  std::size_t db_ = 0;
  std::uint64_t cursor_ = 0;
  std::vector<std::uint64_t> old_;  // hashes
};

}  // namespace tarn
