#include "core/base/random.h"

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <random>

namespace tarn {

TEST_CASE("random: the published sequence") {
  // xoshiro256** over the state that splitmix64 makes of 0.
  Rng rng(0);
  CHECK(rng() == 0x99ec5f36cb75f2b4);
  CHECK(rng() == 0xbf6e1f784956452a);
  CHECK(rng() == 0x1a5f849d4933e6e0);
}

TEST_CASE("random: a seed repeats, another differs") {
  Rng first(7);
  Rng again(7);
  Rng other(8);
  const std::uint64_t drawn = first();
  CHECK(drawn == again());
  CHECK(drawn != other());
  CHECK(Rng()() != Rng()());
}

TEST_CASE("random: below stays below and reaches everything evenly") {
  const std::uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  Rng rng(seed);
  CHECK(rng.below(1) == 0);
  std::array<int, 7> counts{};
  for (int i = 0; i < 70'000; ++i) ++counts.at(rng.below(counts.size()));
  for (const int count : counts) CHECK(count == doctest::Approx(10'000).epsilon(0.1));

  // A bound for which multiplying without a redraw would favour half of the results.
  constexpr std::uint64_t kBound = std::uint64_t{3} << 62;
  std::array<int, 3> thirds{};
  for (int i = 0; i < 30'000; ++i) ++thirds.at(rng.below(kBound) >> 62);
  for (const int third : thirds) CHECK(third == doctest::Approx(10'000).epsilon(0.1));
}

}  // namespace tarn
