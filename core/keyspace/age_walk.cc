#include "core/keyspace/age_walk.h"

#include <algorithm>

namespace tarn {
namespace {

constexpr std::uint64_t kTicksARound = AgeWalk::kSpareTicks / 2;
constexpr std::size_t kMaxKeysAStep = 2048;

}  // namespace

void AgeWalk::step() {
  HitDensity* density = databases_.access_policy().density;
  // A child is spared the copies of what it shares; what is due is made up for later.
  if (density == nullptr || databases_.context().forked) return;
  const std::uint32_t tick = density->restored(databases_.context().clock.now_ms(), 0);
  const std::uint64_t keys = databases_.total_keys();
  due_ += std::uint64_t{(tick - last_tick_) & kTickMask} * keys;
  last_tick_ = tick;
  // More than a round is not needed, however long nobody came.
  due_ = std::min(due_, keys * kTicksARound);
  for (std::size_t seen = 0; due_ >= kTicksARound && seen < kMaxKeysAStep;) {
    const std::size_t visited = std::max<std::size_t>(look_at_some(*density), 1);
    due_ -= std::min(due_, visited * kTicksARound);
    seen += visited;
  }
}

// Returns how many keys it looked at.
std::size_t AgeWalk::look_at_some(const HitDensity& density) {
  Keyspace& keyspace = databases_[db_];
  std::size_t visited = 0;
  old_.clear();
  cursor_ = keyspace.scan(cursor_, [&](const Entry& entry) {
    ++visited;
    if (density.age(entry.access()) > kOldest) old_.push_back(EntryTraits::hash(entry));
  });
  for (const std::uint64_t hash : old_) {
    Entry* entry = keyspace.peek_hash(hash);
    if (entry == nullptr) continue;
    const std::uint32_t access = entry->access();
    const std::uint32_t age = density.age(access);
    if (age <= kOldest) continue;
    entry->set_access((access & ~kTickMask) | ((access + (age - kOldest)) & kTickMask));
  }
  if (cursor_ == 0) db_ = (db_ + 1) % databases_.size();
  return visited;
}

}  // namespace tarn
