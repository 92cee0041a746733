#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "core/keyspace/keyspace.h"
#include "persistence/rdb/item_fields.h"

namespace tarn {

// When a key was used, as the file tells; for policies that look at that.
struct StoredAccess {
  std::optional<std::uint64_t> idle_s{};
  std::optional<std::uint8_t> frequency{};
};

// Small strings that were read and wait to be put into a keyspace.
//
// Every key has its place somewhere in the table, and whoever puts one after the other waits for
// memory each time. So keys are gathered until there are enough of them for those waits to overlap,
// in stages, as for the commands of a pipeline.
class StringBatch {
 public:
  struct Item {
    Key key{{}};
    std::string_view value{};
    Ttl ttl = Ttl::none();
    StoredAccess access{};
    ItemFields fields{};
    std::uint64_t offset = 0;  // in the file, behind the key
  };

  // Whether one more of this size has room, once the batch is empty.
  static bool takes(std::size_t key_bytes, std::size_t value_bytes) {
    return key_bytes + value_bytes <= kBytes;
  }
  bool has_room_for(std::size_t key_bytes, std::size_t value_bytes) const {
    return count_ < kItems && used_ + key_bytes + value_bytes <= kBytes;
  }
  // Keeps copies of the item's key and value. REQUIRES: has_room_for() both
  void add(const Keyspace& keyspace, Item item);

  // Empties the batch: calls bool put(const Item&) for all of them, in the order they came, or
  // until it returns false.
  template <class Put>
  void drain(const Keyspace& keyspace, Put&& put) {
    const std::span<Item> items(items_.data(), count_);
    count_ = used_ = 0;
    for (Item& item : items) keyspace.prefetch_bucket(item.key);
    // What a new key has to touch besides its bucket is in the same set of the first-level cache
    // for all segments of the table: fetched for all items at once it would be gone again.
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i + kAhead < items.size()) keyspace.prefetch_entry(items[i + kAhead].key);
      if (!put(std::as_const(items[i]))) return;
    }
  }

 private:
  static constexpr std::size_t kItems = 64;
  static constexpr std::size_t kBytes = 32 * 1024;
  static constexpr std::size_t kAhead = 6;

  std::string_view keep(std::string_view bytes);

  std::array<Item, kItems> items_{};
  std::size_t count_ = 0;
  std::unique_ptr<char[]> bytes_ = std::make_unique_for_overwrite<char[]>(kBytes);
  std::size_t used_ = 0;
};

}  // namespace tarn
