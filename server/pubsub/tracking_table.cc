#include "server/pubsub/tracking_table.h"

#include <utility>

namespace tarn {

TrackingTable::~TrackingTable() {
  table_.for_each([](TrackedKey* tracked) { delete tracked; });
}

TrackingTable::TrackedKey& TrackingTable::find_or_make(std::string_view key) {
  const std::uint64_t hash = hash_bytes(key);
  const auto hint = table_.locate(hash);
  const auto same = [&](const TrackedKey& tracked) { return tracked.key == key; };
  if (TrackedKey* tracked = table_.find(hash, same, hint); tracked != nullptr) return *tracked;
  auto* tracked = new TrackedKey{std::string(key), {}};
  table_.insert(hash, tracked, hint);
  return *tracked;
}

std::vector<std::uint64_t> TrackingTable::take(std::string_view key) {
  const std::unique_ptr<TrackedKey> tracked(
      table_.erase(hash_bytes(key), [&](const TrackedKey& other) { return other.key == key; }));
  if (tracked == nullptr) return {};
  items_ -= tracked->ids.size();
  return std::move(tracked->ids);
}

std::string TrackingTable::random_key() { return table_.random(rng_)->key; }

}  // namespace tarn
