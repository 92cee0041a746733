#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "core/base/random.h"
#include "core/containers/hash_table.h"
#include "core/types/collection.h"
#include "core/types/set_member.h"

namespace tarn {

// A large set: a hash table of its members.
//
// The table keeps 48 bits a member. An integer of 47 bits is these bits themselves, shifted left,
// with the lowest one set; so it costs the slot in the table and nothing else. Any other member is
// an allocation of its own, at an even address: one packed element, without anything around it. A
// 12-byte string takes 13 bytes, hence 16 of a slab.
//
// Nothing stores hashes: the table asks for them when it splits, and they are computed from the
// members. All tables of the process share the seed, and for_each() goes in the order of hashes, so
// what is put into or looked for in a second set in this order finds its segments in the cache.
class LargeSet final : public Collection {
  // What a reference of the table leads to, if it leads anywhere.
  struct Element;
  struct Traits {
    using Element = LargeSet::Element;
    static std::uint64_t hash(const Element* element);
  };
  using Table = HashTable<Traits, 0>;

 public:
  using Mask = MemberBatch::Mask;

  using Collection::Collection;

  std::size_t size() const override { return table_.size(); }
  std::size_t memory_bytes() const override {
    return sizeof(*this) - sizeof(table_) + table_.memory_bytes() + allocated_bytes_;
  }
  LargeSet* clone() const override;
  bool dismantle(std::size_t max_members) override;
  std::uint64_t gather(std::uint64_t cursor, std::size_t max_elements, Gathered& gathered) override;
  std::uint64_t move_outside(std::uint64_t cursor, OutsideMover& mover) override;
  LargeSet* move() override;
  void prefetch_members(std::span<const std::string_view> members) const override;
  HashTableStats table_stats() const { return table_.stats(); }

  // ---- One member ----------------------------------------------------------------------------

  bool contains(const SetMember& member) const;
  // Returns whether it was missing.
  bool add(const SetMember& member);
  // REQUIRES: it is missing.
  void add_new(const SetMember& member) { insert(member, member.hash(), {}); }
  // Returns whether it was present.
  bool remove(const SetMember& member);

  // ---- A batch -------------------------------------------------------------------------------

  // Those that are members.
  Mask contains(MemberBatch& batch) const;
  // Adds all and returns those that were missing. Of equal ones in the batch it is the first.
  Mask add(MemberBatch& batch);
  // REQUIRES: all are missing, and no two are equal.
  void add_new(MemberBatch& batch);
  // Removes all and returns those that were present.
  Mask remove(MemberBatch& batch);

  // ---- All members ---------------------------------------------------------------------------

  // Calls fn(const SetMember&) for all in the order of their hashes. fn must not change the set.
  template <class Fn>
  void for_each(Fn&& fn) const {
    table_.for_each([&fn](const Element* element) { fn(member_of(element)); });
  }

  // The same a bit at a time: see HashTable::for_some.
  using Progress = Table::Progress;
  template <class Fn>
  bool for_some(Progress& progress, Fn&& fn) const {
    return table_.for_some(progress,
                           [&fn](const Element* element) { return fn(member_of(element)); });
  }

  // One step of SSCAN: see HashTable::scan. fn must not change the set.
  template <class Fn>
  std::uint64_t scan(std::uint64_t cursor, Fn&& fn) const {
    return table_.scan(cursor, [&fn](const Element* element) { fn(member_of(element)); });
  }

  // ---- By chance -----------------------------------------------------------------------------

  // Hears of members, each of which is good during the call only.
  using Visit = std::function<void(const SetMember&)>;

  // One member, each with the same probability. REQUIRES: not empty
  SetMember random(Rng& rng) const { return member_of(table_.random(rng)); }
  // `count` different members, each choice of so many with the same probability, in no particular
  // order. O(count log count), or O(size) where that is less. REQUIRES: count <= size()
  void sample(std::size_t count, Rng& rng, const Visit& visit) const;
  // The same, and removes them.
  void pop(std::size_t count, Rng& rng, const Visit& visit);

 private:
  using Hint = Table::Hint;
  using Hints = std::array<Hint, MemberBatch::kCapacity>;

  // ---- References
  static bool is_immediate(const Element* element) {
    return (reinterpret_cast<std::uintptr_t>(element) & 1) != 0;
  }
  static bool fits_immediate(const SetMember& member);
  static Element* immediate(std::int64_t integer);
  static const char* bytes_of(const Element* element) {
    return reinterpret_cast<const char*>(element);
  }
  static SetMember member_of(const Element* element) {
    if (is_immediate(element)) {
      const std::uint64_t bits = reinterpret_cast<std::uintptr_t>(element);
      return SetMember(static_cast<std::int64_t>(bits << 16) >> 17);
    }
    PackedElement packed;
    packed::read(bytes_of(element), packed);
    return SetMember(packed);
  }

  Element* make(const PackedProbe& probe);
  Element* copy_of(const Element* element);
  void free(Element* element);

  Table::Slot find(const SetMember& member, std::uint64_t hash, Hint hint) const;
  Table::Slot find(const PackedProbe& probe, std::uint64_t hash, Hint hint) const;
  bool add(const SetMember& member, std::uint64_t hash, Hint hint);
  void insert(const SetMember& member, std::uint64_t hash, Hint hint);
  bool remove(const SetMember& member, std::uint64_t hash, Hint hint);

  void locate(MemberBatch& batch, Hints& hints) const;
  template <class Use>
  Mask for_located(MemberBatch& batch, Use use) const;

  void sample_by_draws(std::size_t count, Rng& rng, const Visit& visit) const;
  void pop_by_pass(std::size_t count, Rng& rng, const Visit& visit);

  Table table_;
  std::size_t allocated_bytes_ = 0;  // by members that are not immediate
};

}  // namespace tarn
