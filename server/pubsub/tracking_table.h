#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/hash.h"
#include "core/base/random.h"
#include "core/containers/hash_table.h"

namespace tarn {

// Which clients have read which keys, and are to be told when these change. Clients are known by
// their ids, which are never given twice: those that have gone, or no longer track, stay in the
// table until the key changes or its list of clients has doubled.
class TrackingTable {
 public:
  TrackingTable() = default;
  ~TrackingTable();
  TrackingTable(const TrackingTable&) = delete;
  TrackingTable& operator=(const TrackingTable&) = delete;

  // `lives(id)` says whether a client still tracks.
  template <class Lives>
  void remember(std::string_view key, std::uint64_t id, Lives lives) {
    std::vector<std::uint64_t>& ids = find_or_make(key).ids;
    if (std::binary_search(ids.begin(), ids.end(), id)) return;
    if (ids.size() == ids.capacity()) {
      items_ -= std::erase_if(ids, [&](std::uint64_t other) { return !lives(other); });
    }
    ids.insert(std::lower_bound(ids.begin(), ids.end(), id), id);
    ++items_;
  }

  // Takes a key out; returns those who have read it.
  std::vector<std::uint64_t> take(std::string_view key);
  // A key chosen at random. REQUIRES: not empty.
  std::string random_key();

  std::size_t keys() const { return table_.size(); }
  // Pairs of key and client.
  std::size_t items() const { return items_; }

 private:
  struct TrackedKey {
    std::string key;
    std::vector<std::uint64_t> ids;  // in order
  };
  struct Traits {
    using Element = TrackedKey;
    static std::uint64_t hash(const TrackedKey& tracked) { return hash_bytes(tracked.key); }
  };

  TrackedKey& find_or_make(std::string_view key);

  HashTable<Traits, 0> table_;
  std::size_t items_ = 0;
  Rng rng_;
};

}  // namespace tarn
