#pragma once

#include <cstdint>

namespace tarn::load {

/// A 64-bit generator of the splitmix family: one multiplication chain a number, good enough to
/// choose keys, and the same sequence for every server that is compared.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t next() {
    state_ += 0x9e3779b97f4a7c15U;
    return mix(state_);
  }

  /// A number in [0, limit), `limit` > 0 (Lemire's multiply-shift; the bias is below 2^-32 here).
  uint64_t below(uint64_t limit) {
    return static_cast<uint64_t>((static_cast<Wide>(next()) * limit) >> 64U);
  }

  /// A number in [0, 1).
  double unit() { return static_cast<double>(next() >> 11U) * 0x1.0p-53; }

  /// A bijection of 64-bit numbers without visible order.
  static uint64_t mix(uint64_t value) {
    value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9U;
    value = (value ^ (value >> 27U)) * 0x94d049bb133111ebU;
    return value ^ (value >> 31U);
  }

 private:
  __extension__ using Wide = unsigned __int128;

  uint64_t state_;
};

}  // namespace tarn::load
