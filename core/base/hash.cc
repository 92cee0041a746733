#include "core/base/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <random>

namespace tarn {
namespace {

std::uint64_t random_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

std::uint64_t seed = random_seed();

}  // namespace

std::uint64_t hash_bytes(std::string_view bytes) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed) & kHashMask;
}

void set_hash_seed(std::uint64_t new_seed) { seed = new_seed; }

}  // namespace tarn
