#pragma once

#include <array>
#include <cstdint>
#include <limits>

namespace tarn {

// A small fast pseudo-random generator: xoshiro256** by David Blackman and Sebastiano Vigna
// ("Scrambled Linear Pseudorandom Number Generators", ACM TOMS 2021; prng.di.unimi.it), its state
// filled by splitmix64 as they advise. For sampling and for tests, never for secrets. Fits the
// standard library's UniformRandomBitGenerator, so std::shuffle and the distributions take it.
class Rng {
 public:
  using result_type = std::uint64_t;

  Rng();  // seeded by the operating system
  explicit Rng(std::uint64_t seed);

  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }

  // 64 uniform bits.
  std::uint64_t operator()();

  // Uniform in [0, bound), without bias. REQUIRES: bound > 0
  std::uint64_t below(std::uint64_t bound);

 private:
  std::array<std::uint64_t, 4> state_;
};

}  // namespace tarn
