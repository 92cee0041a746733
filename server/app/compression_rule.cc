#include "server/app/compression_rule.h"

#include <algorithm>

namespace tarn {
namespace {

// A walk waits for one value in so many keys, and at most so many times longer.
constexpr std::uint64_t kKeysPerValue = 64;
constexpr std::uint64_t kMaxPatience = 64;
// However little there is, it does not wait for longer.
constexpr std::int64_t kMaxWaitMs = 60'000;

}  // namespace

bool CompressionRule::worth_a_walk(const Sight& sight) const {
  const std::uint64_t changes = sight.changes - changes_;
  const std::uint64_t waiting = passed_over_ + (sight.expanded - expanded_);
  if (changes + waiting == 0) return false;
  const std::uint64_t enough =
      std::max<std::uint64_t>(patience_, 1) * (sight.keys / kKeysPerValue + 1);
  if (changes >= enough) return true;
  const std::int64_t since_ms = sight.now_ms - walked_at_ms_;
  if (waiting >= enough && since_ms >= sight.rest_ms) return true;
  return since_ms >= kMaxWaitMs * static_cast<std::int64_t>(patience_);
}

void CompressionRule::walk_begins(const Sight& sight) {
  changes_ = sight.changes;
  expanded_ = sight.expanded;
}

void CompressionRule::walk_ends(const Sight& sight, std::uint64_t tried, std::uint64_t resting) {
  passed_over_ = resting;
  walked_at_ms_ = sight.now_ms;
  const bool found_little = tried * kKeysPerValue < sight.keys;
  patience_ = found_little ? std::min(std::max<std::uint64_t>(patience_, 1) * 2, kMaxPatience) : 1;
}

}  // namespace tarn
