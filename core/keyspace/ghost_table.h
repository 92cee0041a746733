#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace tarn {

// Remembers when keys were last used that are gone: a table of four bytes a place, half as many
// places as there are keys, in each a part of the hash and 16 bits of the time. A new memory takes
// the place of an old one, and one in 65,536 keys is mistaken for another one: good enough for a
// hint.
class GhostTable {
 public:
  GhostTable() = default;
  ~GhostTable();
  GhostTable(const GhostTable&) = delete;
  GhostTable& operator=(const GhostTable&) = delete;

  // Makes the table fit so many keys. It forgets everything where it has to be of another size.
  void fit(std::size_t keys);

  // What all tables of the process take.
  static std::size_t total_bytes();

  bool empty() const { return places_ == 0; }
  void remember(std::uint64_t hash, std::uint16_t time) {
    if (empty()) return;
    table_[place(hash)] = fingerprint(hash) << 16 | time;
  }
  std::optional<std::uint16_t> find(std::uint64_t hash) const {
    if (empty()) return std::nullopt;
    const std::uint32_t found = table_[place(hash)];
    if (found >> 16 != fingerprint(hash)) return std::nullopt;
    return static_cast<std::uint16_t>(found);
  }

 private:
  __extension__ using Wide = unsigned __int128;

  // Spreads what the hash table, which uses the upper bits first, has left together.
  static std::uint64_t mix(std::uint64_t hash) { return hash * 0x9e3779b97f4a7c15U; }
  std::size_t place(std::uint64_t hash) const {
    return static_cast<std::size_t>((Wide{mix(hash)} * places_) >> 64U);
  }
  // Never 0, which marks a place that was not used.
  static std::uint32_t fingerprint(std::uint64_t hash) {
    return (static_cast<std::uint32_t>(mix(hash)) & 0xffffU) | 1U;
  }

  void make(std::size_t places);
  void drop();

  std::uint32_t* table_ = nullptr;
  std::size_t places_ = 0;
};

}  // namespace tarn
