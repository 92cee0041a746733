#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/containers/hash_table.h"
#include "core/containers/ordered_tree.h"
#include "core/containers/packed_element.h"
#include "core/types/collection.h"
#include "core/types/set_member.h"

namespace tarn {

// A member of a large sorted set with its score, in one allocation of bytes() bytes:
//
//   | score, 8 bytes | member, one packed element |
class ScoredMember {
 public:
  double score() const { return score_; }
  SetMember member() const {
    PackedElement element;
    packed::read(encoded(), element);
    return SetMember(element);
  }

  // The member as it is encoded.
  const char* encoded() const { return reinterpret_cast<const char*>(this + 1); }
  std::size_t bytes() const { return sizeof *this + packed::encoded_bytes(encoded()); }

 private:
  friend class LargeSortedSet;
  explicit ScoredMember(double score) : score_(score) {}

  double score_;
};

// A sorted set that is found by a hash table and ordered by a tree, both of which refer to the same
// elements, so that member and score are stored once:
//
//   HashTable  member -> ScoredMember     by a keyed hash of the member
//   OrderedTree                           by score, and by the member's bytes where scores tie
//
// A 12-byte member takes 24 bytes, its references in the table and the tree some 20.
class LargeSortedSet final : public Collection {
 private:
  struct TableTraits {
    using Element = ScoredMember;
    static std::uint64_t hash(const Element& element) { return element.member().hash(); }
  };
  struct TreeTraits {
    using Element = ScoredMember;
    static double score(const Element& element) { return element.score(); }
    static void set_score(Element& element, double score) { element.score_ = score; }
    static int compare_ties(const Element& left, const Element& right);
    static int compare_member(const Element& element, std::string_view member);
  };
  using Table = HashTable<TableTraits, 0>;
  using Tree = OrderedTree<TreeTraits, ObjectHeap>;

 public:
  // A member to look for or to insert: encoded and hashed once, and remembers where a prefetch has
  // found its bucket. Borrows what the member borrows.
  class Sought {
   public:
    Sought() = default;
    explicit Sought(const SetMember& member) : Sought(member, member.hash()) {}
    // REQUIRES: the hash is the member's.
    Sought(const SetMember& member, std::uint64_t hash) : probe_(member.probe()), hash_(hash) {}

   private:
    friend class LargeSortedSet;

    bool matches(const ScoredMember& element) const { return probe_.matches_at(element.encoded()); }

    PackedProbe probe_{std::int64_t{0}};
    std::uint64_t hash_ = 0;
    Table::Hint hint_;
  };

  // An element's place in the order, with its rank; see OrderedTree::Position.
  using Position = Tree::Position;

  explicit LargeSortedSet(ObjectHeap& heap) : Collection(heap), tree_(heap) {}

  std::size_t size() const override { return table_.size(); }
  std::size_t memory_bytes() const override;
  LargeSortedSet* clone() const override;
  bool dismantle(std::size_t max_elements) override;
  std::uint64_t gather(std::uint64_t cursor, std::size_t max_elements, Gathered& gathered) override;
  std::uint64_t move_outside(std::uint64_t cursor, OutsideMover& mover) override;
  LargeSortedSet* move() override;
  void prefetch_members(std::span<const std::string_view> members) const override;
  HashTableStats table_stats() const { return table_.stats(); }

  // ---- One member ----------------------------------------------------------------------------

  // The element, or nullptr.
  const ScoredMember* find(const Sought& member) const { return slot_of(member).get(); }
  // Finds the bucket of the member, so that find() and insert() need not both do it. For a batch,
  // also fetches what find() will read, so that the cache misses of all overlap.
  void locate(Sought& member) const { member.hint_ = table_.locate(member.hash_); }
  void locate(std::span<Sought> batch) const;

  // REQUIRES: not present, and the score is not a NaN. O(log n), as are rescore() and erase().
  void insert(const Sought& member, double score);
  // REQUIRES: an element of this set.
  void rescore(const ScoredMember& element, double score) {
    tree_.rescore(const_cast<ScoredMember&>(element), score);
  }
  // Returns whether it was present.
  bool erase(const Sought& member);
  // Those of ranks [first, first + count). O(log n + count)
  void erase_ranks(std::size_t first, std::size_t count);

  // Inserts behind all that are present. Amortized O(1). REQUIRES: in order, and not present.
  void append(const Sought& member, double score);

  // ---- The order -----------------------------------------------------------------------------

  std::size_t rank_of(const ScoredMember& element) const { return tree_.rank_of(element); }
  // For positions by rank, score and member, and for walking from there.
  const Tree& order() const { return tree_; }

  // ---- All members ---------------------------------------------------------------------------

  // One step of a scan, in the order of hashes: see HashTable::scan. fn(const ScoredMember&)
  template <class Fn>
  std::uint64_t scan(std::uint64_t cursor, Fn&& fn) const {
    return table_.scan(cursor, [&fn](const ScoredMember* element) { fn(*element); });
  }
  // Calls fn(const ScoredMember&) for all in the order of hashes, which is the fastest to walk and
  // to look up or insert elsewhere.
  template <class Fn>
  void for_each_unordered(Fn&& fn) const {
    table_.for_each([&fn](const ScoredMember* element) { fn(*element); });
  }

  // ---- Making one as a whole -----------------------------------------------------------------
  //
  // The members first, in whatever order and with scores that may yet change; the order at the end,
  // which is far cheaper than to keep it all along. Until then only find() and these may be used.

  // REQUIRES: not present.
  void insert_unordered(const Sought& member, double score) { insert_in_table(member, score); }
  void rescore_unordered(const ScoredMember& element, double score) {
    const_cast<ScoredMember&>(element).score_ = score;
  }
  // O(n log n). REQUIRES: all members were inserted unordered.
  void order_all();

  // Asserts every invariant. O(n), for tests.
  void check() const;

 private:
  Table::Slot slot_of(const Sought& member) const {
    return table_.find_slot(
        member.hash_, [&](const ScoredMember& e) { return member.matches(e); }, member.hint_);
  }
  ScoredMember* insert_in_table(const Sought& member, double score);
  void release(ScoredMember* element);

  Table table_;
  Tree tree_;
  std::size_t element_bytes_ = 0;  // that the elements hold in the heap
};

}  // namespace tarn
