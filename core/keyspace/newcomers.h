#pragma once

#include <array>
#include <cstdint>

namespace tarn {

// What may be expected of keys that were never used since they were made, by when that was.
//
// A scan makes thousands of keys that nobody asks for again. What was learned of all keys that have
// not been used says nothing of these, and until it does, they push out better ones. But while they
// come, hardly any other new key is used for the first time. So first uses are counted for every
// 512 keys made, and where they are less than half of the usual, the keys of that time are worth
// less than others, by the square of what is missing. Their time is remembered, and the judgement
// with it, until the cache has been turned over twice.
class Newcomers {
 public:
  // A key was made; a key was used for the first time. Times are in HitDensity's ticks.
  void made(std::uint64_t tick) {
    if (++made_ == kMadeATime) judge(tick);
  }
  void used_first() { ++first_uses_; }

  // What the density of a key that was made then, and not used since, is to be multiplied by.
  double promise(std::uint64_t made_at, std::uint64_t now) const {
    if (made_at >= judged_) return latest_;
    if (made_at + kTicks <= now) return 1;
    return of_tick_[made_at % kTicks];
  }

 private:
  static constexpr std::uint32_t kMadeATime = 512;
  static constexpr std::uint64_t kTicks = 256;

  void judge(std::uint64_t tick);

  std::uint32_t made_ = 0;        // since the last judgement, as
  std::uint32_t first_uses_ = 0;  // these are
  double usual_share_ = 0;        // first uses a key made, over the last hundred judgements or so
  std::uint64_t judged_ = 0;      // ticks before this one have their judgement
  double latest_ = 1;
  std::array<float, kTicks> of_tick_{};
};

}  // namespace tarn
