#pragma once

#include <cstdint>

namespace tarn {

// Whether the loop, when nothing is to be done, sleeps for a moment whatever comes, so that several
// requests are found at one wake-up; as network cards moderate their interrupts.
//
// A server that is faster than its clients sleeps between their requests, and almost each of them
// wakes it. That costs the sender an interrupt of another processor, some microseconds on a virtual
// machine, and the server a change of context. A timer wakes it at nobody's cost but its own. Where
// clients are short of processor time, as many connections of few processes are, a short sleep
// makes them faster by a sixth, and a request cheaper for the server by a tenth. Where clients wait
// for replies and nothing else, it makes them slower. Both look alike from here, but requests can
// be counted:
//
//  1. Only where several requests come in the time of a sleep is there anything to try.
//  2. A trial alternates stretches without sleeps and with them. Where the latter have more
//     requests, in most pairs of two, sleeps stay, for some seconds until the next trial.
//  3. After a trial that is lost the next is far, and twice as far each time, so that the stretches
//     with sleeps that nobody wanted come to nothing.
//
// So no sleep stays that costs throughput; and with as many connections as before, more throughput
// is less latency.
class WakeupCoalescing {
 public:
  static constexpr std::uint64_t kSleepUs = 60;
  static constexpr std::uint64_t kStretchUs = 4000;
  static constexpr std::uint64_t kHoldUs = 2'000'000;          // until the next trial
  static constexpr std::uint64_t kLongestRestUs = 16'000'000;  // likewise, after some lost ones

  void allow(bool allowed);

  // Whether to sleep, where the loop has nothing to do. The time is CycleClock's; `reads` is how
  // often sockets were read so far.
  bool sleeps(std::uint64_t now_cycles, std::uint64_t reads) {
    if (now_cycles >= stretch_end_cycles_) [[unlikely]]
      end_stretch(now_cycles, reads);
    return sleeps_;
  }

 private:
  void end_stretch(std::uint64_t now_cycles, std::uint64_t reads);
  void end_crowd(std::uint64_t now_cycles);
  void begin_trial();
  void judge(std::uint64_t now_cycles, double reads_per_us);
  void lose(std::uint64_t now_cycles);

  bool allowed_ = true;
  bool sleeps_ = false;
  bool in_trial_ = false;
  unsigned pairs_ = 0;               // of this trial so far
  unsigned wins_ = 0;                // of sleeps among them
  double reads_per_us_ = 0;          // in the last stretch without sleeps
  std::uint64_t rest_us_ = kHoldUs;  // after the next trial that is lost
  std::uint64_t next_trial_cycles_ = 0;
  std::uint64_t stretch_begin_cycles_ = 0;
  std::uint64_t stretch_end_cycles_ = 0;
  std::uint64_t stretch_begin_reads_ = 0;
};

}  // namespace tarn
