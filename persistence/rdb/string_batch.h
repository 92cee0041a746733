#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

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

  // All of them, in the order they came, with their places on the way to the processor. The batch
  // is empty then, and the items live until the next add().
  std::span<Item> take(const Keyspace& keyspace);

 private:
  static constexpr std::size_t kItems = 64;
  static constexpr std::size_t kBytes = 32 * 1024;

  std::string_view keep(std::string_view bytes);

  std::array<Item, kItems> items_{};
  std::size_t count_ = 0;
  std::unique_ptr<char[]> bytes_ = std::make_unique_for_overwrite<char[]>(kBytes);
  std::size_t used_ = 0;
};

}  // namespace tarn
