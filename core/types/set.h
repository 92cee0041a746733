#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/base/random.h"
#include "core/containers/int_set.h"
#include "core/containers/packed_list.h"
#include "core/types/collection.h"
#include "core/types/large_set.h"
#include "core/types/set_member.h"

namespace tarn {

class DetachedCell;

// Sets. They are stored in one of three ways:
//
//   kIntSet   sorted integers, while there are no other members and not too many
//   kPacked   a packed list, while members are few and short
//   kLarge    a hash table: LargeSet
//
// A set starts with the first of these that suits its first member, and goes on to a later one when
// it has to: an IntSet that gets too long becomes large, one that gets another kind of member
// becomes packed if that suits what it then holds. It never goes back, but for what pop() leaves.

// How many members, and how long ones (as text), the small encodings take.
struct SetLimits {
  std::size_t max_intset_entries = 512;
  std::size_t max_packed_entries = 128;
  std::size_t max_packed_value_bytes = 64;
};

// A set for reading. A view: good until the set is changed, as are the members that it hands out.
class SetView {
 public:
  using Mask = MemberBatch::Mask;
  using Visit = LargeSet::Visit;

  // The empty set, which no key holds.
  SetView() : view_{CollectionEncoding::kPacked, kEmptyPackedList, nullptr} {}
  // REQUIRES: the value of a set
  SetView(const CollectionView& view) : view_(view) {}

  CollectionEncoding encoding() const { return view_.encoding; }
  bool is_large() const { return view_.encoding == CollectionEncoding::kLarge; }
  // What a large one is; nullptr for others.
  Collection* large_collection() const { return view_.large; }
  std::size_t size() const;
  bool empty() const { return size() == 0; }

  // O(1); small encodings: O(log n) and O(n)
  bool contains(const SetMember& member) const;
  // Those of a batch that are members.
  Mask contains(MemberBatch& batch) const;

  // Calls fn(const SetMember&) for all.
  template <class Fn>
  void for_each(Fn&& fn) const;
  // The same for a large set a bit at a time: see HashTable::for_some. REQUIRES: is_large()
  template <class Fn>
  bool for_some(LargeSet::Progress& progress, Fn&& fn) const {
    return large().for_some(progress, fn);
  }
  // Calls fn(MemberBatch&) for all, as many at once as a batch takes.
  template <class Fn>
  void for_each_batch(Fn&& fn) const;
  // The same until fn returns false. Large sets are walked more slowly.
  template <class Fn>
  void for_each_batch_while(Fn&& fn) const;

  // One step of SSCAN: calls fn(const SetMember&) for some members and returns the cursor of the
  // next step, 0 at the end. Small sets take one step. The guarantees are those of HashTable::scan.
  template <class Fn>
  std::uint64_t scan(std::uint64_t cursor, Fn&& fn) const;

  // One member, each with the same probability. REQUIRES: not empty
  SetMember random(Rng& rng) const;
  // So many, each of them as if it were the only one. REQUIRES: not empty
  void draw(std::uint64_t count, Rng& rng, const Visit& visit) const;
  // `count` different members (all, if there are no more), each choice of so many with the same
  // probability, in no particular order.
  void sample(std::size_t count, Rng& rng, const Visit& visit) const;

 private:
  friend class Set;

  IntSet ints() const { return IntSet(view_.bytes); }
  PackedList list() const { return PackedList(view_.bytes); }
  LargeSet& large() const { return static_cast<LargeSet&>(*view_.large); }

  CollectionView view_;
};

// A set for writing, in a cell. Members that are given to it must not lie in the cell.
class Set {
 public:
  using Visit = LargeSet::Visit;

  // REQUIRES: the cell is vacant or holds a set.
  Set(CollectionCell& cell, const SetLimits& limits) : cell_(cell), limits_(limits) {}

  // Empty where the cell is vacant.
  SetView view() const { return cell_.vacant() ? SetView() : SetView(cell_.view()); }
  std::size_t size() const { return view().size(); }

  // Each returns how many were missing. The set gets room for all that are given before it looks at
  // which are missing: it becomes large if they were too many for its encoding.
  std::size_t add(std::span<const std::string_view> members);
  bool add(const SetMember& member);
  // Those that were missing; of equal ones in the batch, the first.
  MemberBatch::Mask add(MemberBatch& batch);
  // REQUIRES: all are missing, and no two are equal.
  void add_new(MemberBatch& batch);

  // Return how many, or whether it was, present.
  std::size_t remove(std::span<const std::string_view> members);
  bool remove(const SetMember& member);

  // Removes `count` members (all, if there are no more), chosen as by SetView::sample. A large set
  // that loses most of its members becomes what fits the rest.
  void pop(std::size_t count, Rng& rng, const Visit& visit);

 private:
  bool is_large() const {
    return !cell_.vacant() && cell_.encoding() == CollectionEncoding::kLarge;
  }
  LargeSet& large() const { return static_cast<LargeSet&>(*cell_.large()); }

  // Encodings
  void expect(std::size_t members);
  bool fits_packed(std::size_t members, const SetMember& longest) const;
  bool ints_fit_packed(const SetMember& member) const;
  void start(const SetMember& member, std::size_t expected);
  void convert_to_large();
  void ints_to_packed(const SetMember& member);
  void put(DetachedCell& aside);
  void settle();

  bool add(const SetMember& member, std::size_t expected);
  bool add_to_ints(const SetMember& member);
  bool add_to_packed(const SetMember& member);
  void append_to_packed(const SetMember& member, const PackedProbe& probe);
  std::size_t add_aside(std::span<const std::string_view> members);
  std::size_t add_to_large(std::span<const std::string_view> members);

  void pop_from_ints(std::size_t count, Rng& rng, const Visit& visit);
  void pop_from_packed(std::size_t count, Rng& rng, const Visit& visit);

  CollectionCell& cell_;
  const SetLimits limits_;
};

// ---- Inline bodies ------------------------------------------------------------------------------

template <class Fn>
void SetView::for_each(Fn&& fn) const {
  switch (view_.encoding) {
    case CollectionEncoding::kIntSet:
      for (const std::int64_t integer : ints()) fn(SetMember(integer));
      return;
    case CollectionEncoding::kLarge: return large().for_each(fn);
    default: return list().for_each([&fn](const PackedElement& e) { fn(SetMember(e)); });
  }
}

template <class Fn>
void SetView::for_each_batch(Fn&& fn) const {
  MemberBatch batch;
  for_each([&](const SetMember& member) {
    batch.push(member);
    if (!batch.full()) return;
    fn(batch);
    batch.clear();
  });
  if (!batch.empty()) fn(batch);
}

template <class Fn>
void SetView::for_each_batch_while(Fn&& fn) const {
  MemberBatch batch;
  bool go_on = true;
  const auto add = [&](const SetMember& member) {
    batch.push(member);
    if (!batch.full()) return;
    go_on = go_on && fn(batch);
    batch.clear();
  };
  std::uint64_t cursor = 0;
  do {
    cursor = scan(cursor, add);
  } while (go_on && cursor != 0);
  if (go_on && !batch.empty()) fn(batch);
}

template <class Fn>
std::uint64_t SetView::scan(std::uint64_t cursor, Fn&& fn) const {
  if (is_large()) return large().scan(cursor, fn);
  for_each(fn);
  return 0;
}

}  // namespace tarn
