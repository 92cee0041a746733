#pragma once

#include <string_view>

#include "core/base/hash.h"
#include "core/containers/hash_table.h"
#include "core/keyspace/entry.h"

namespace tarn {

struct EntryTraits {
  using Element = Entry;
  static std::uint64_t hash(const Entry& entry) { return hash_bytes(entry.key()); }
};

// 64 directories: a database of a few hundred keys takes 256 KiB of segments, one of 50 million
// doubles a directory of 32 KiB at a time.
using EntryTable = HashTable<EntryTraits, 6>;

// A key as a command names it: its bytes, hashed once, and where in the table they were last looked
// for. Refers to the bytes; valid as long as they are.
struct Key {
  std::string_view bytes;
  std::uint64_t hash;
  EntryTable::Hint hint{};

  explicit Key(std::string_view key_bytes) : bytes(key_bytes), hash(hash_bytes(key_bytes)) {}
};

}  // namespace tarn
