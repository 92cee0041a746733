#include "core/keyspace/access.h"

#include <algorithm>

#include "core/base/random.h"

namespace tarn {
namespace {

constexpr std::uint32_t kMaxFrequency = 255;

Rng& dice() {
  static Rng rng(0x5eed);
  return rng;
}

}  // namespace

std::uint32_t AccessPolicy::frequency(std::uint32_t access, std::int64_t now_ms) const {
  const std::uint32_t counter = access & 0xff;
  if (decay_minutes == 0) return counter;
  const std::uint32_t elapsed = (minute(now_ms) - (access >> 8)) & 0xffff;
  return counter - std::min(counter, elapsed / decay_minutes);
}

std::uint32_t AccessPolicy::count_use(std::uint32_t access, std::int64_t now_ms) const {
  std::uint32_t counter = frequency(access, now_ms);
  if (counter < kMaxFrequency) {
    const std::uint32_t base = counter > kInitialFrequency ? counter - kInitialFrequency : 0;
    if (dice().below(std::uint64_t{base} * log_factor + 1) == 0) ++counter;
  }
  return minute(now_ms) << 8 | counter;
}

}  // namespace tarn
