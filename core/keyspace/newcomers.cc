#include "core/keyspace/newcomers.h"

#include <algorithm>

namespace tarn {
namespace {

constexpr double kWeight = 0.01;  // of one judgement in what is usual
constexpr double kSuspicious = 0.5;

}  // namespace

void Newcomers::judge(std::uint64_t tick) {
  const double share = static_cast<double>(first_uses_) / kMadeATime;
  made_ = first_uses_ = 0;
  usual_share_ += (share - usual_share_) * kWeight;
  const double of_usual = usual_share_ > 0 ? share / usual_share_ / kSuspicious : 1;
  latest_ = of_usual < 1 ? of_usual * of_usual : 1;
  judged_ = std::max(judged_, tick < kTicks ? 0 : tick - kTicks);
  while (judged_ < tick) of_tick_[judged_++ % kTicks] = static_cast<float>(latest_);
}

}  // namespace tarn
