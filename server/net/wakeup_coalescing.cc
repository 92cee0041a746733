#include "server/net/wakeup_coalescing.h"

#include <algorithm>

#include "core/base/cycle_clock.h"

namespace tarn {
namespace {

// So many requests in the time of a sleep are worth one.
constexpr double kCrowd = 4;
// Sleeps win a pair where there are more requests by this factor, and the trial where they win so
// many of its pairs: by chance that is rare, even with a machine that is busy otherwise.
constexpr double kMargin = 1.02;
constexpr unsigned kPairs = 8;
constexpr unsigned kWinsToStay = 6;

}  // namespace

void WakeupCoalescing::allow(bool allowed) {
  *this = {};
  allowed_ = allowed;
}

void WakeupCoalescing::end_stretch(std::uint64_t now_cycles, std::uint64_t reads) {
  const std::uint64_t taken_us = CycleClock::to_ns(now_cycles - stretch_begin_cycles_) / 1000;
  const std::uint64_t counted = reads - std::min(reads, stretch_begin_reads_);
  stretch_begin_cycles_ = now_cycles;
  stretch_end_cycles_ = now_cycles + CycleClock::from_us(kStretchUs);
  stretch_begin_reads_ = reads;
  if (!allowed_) return;
  // What took much longer was no stretch of requests one behind the other.
  const bool whole = taken_us < 2 * kStretchUs;
  const double reads_per_us = static_cast<double>(counted) / static_cast<double>(taken_us + 1);
  if (!whole || reads_per_us * static_cast<double>(kSleepUs) < kCrowd) return end_crowd(now_cycles);
  if (in_trial_) return judge(now_cycles, reads_per_us);
  if (now_cycles >= next_trial_cycles_) begin_trial();
}

// Requests have become few: maybe because of the sleeps, where they were on trial.
void WakeupCoalescing::end_crowd(std::uint64_t now_cycles) {
  if (in_trial_ && sleeps_) return lose(now_cycles);
  if (sleeps_) next_trial_cycles_ = now_cycles;
  in_trial_ = sleeps_ = false;
}

void WakeupCoalescing::begin_trial() {
  in_trial_ = true;
  sleeps_ = false;
  pairs_ = wins_ = 0;
}

void WakeupCoalescing::judge(std::uint64_t now_cycles, double reads_per_us) {
  if (sleeps_) {
    ++pairs_;
    if (reads_per_us > reads_per_us_ * kMargin) ++wins_;
  } else {
    reads_per_us_ = reads_per_us;
  }
  if (pairs_ < kPairs) {
    sleeps_ = !sleeps_;
    return;
  }
  if (wins_ < kWinsToStay) return lose(now_cycles);
  in_trial_ = false;
  rest_us_ = kHoldUs;
  next_trial_cycles_ = now_cycles + CycleClock::from_us(kHoldUs);
}

void WakeupCoalescing::lose(std::uint64_t now_cycles) {
  in_trial_ = sleeps_ = false;
  next_trial_cycles_ = now_cycles + CycleClock::from_us(rest_us_);
  rest_us_ = std::min(2 * rest_us_, kLongestRestUs);
}

}  // namespace tarn
