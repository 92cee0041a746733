#include "core/base/random.h"

#include <bit>
#include <random>

#include "core/base/assert.h"

namespace tarn {
namespace {

// 128-bit integers are an extension that both compilers have.
__extension__ using Uint128 = unsigned __int128;

std::uint64_t system_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

}  // namespace

Rng::Rng() : Rng(system_seed()) {}

Rng::Rng(std::uint64_t seed) {
  for (std::uint64_t& word : state_) {  // splitmix64
    seed += 0x9e3779b97f4a7c15;
    std::uint64_t mixed = seed;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    word = mixed ^ (mixed >> 31);
  }
}

std::uint64_t Rng::operator()() {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

// Daniel Lemire, "Fast Random Integer Generation in an Interval" (ACM TOMACS 2019): the high half
// of a 128-bit product, redrawn in the rare case that its low half falls into the biased rest.
std::uint64_t Rng::below(std::uint64_t bound) {
  TARN_ASSERT(bound > 0);
  Uint128 product = Uint128{(*this)()} * bound;
  if (static_cast<std::uint64_t>(product) < bound) {
    const std::uint64_t rest = (0 - bound) % bound;
    while (static_cast<std::uint64_t>(product) < rest) product = Uint128{(*this)()} * bound;
  }
  return static_cast<std::uint64_t>(product >> 64);
}

}  // namespace tarn
