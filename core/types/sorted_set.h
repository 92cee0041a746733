#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/base/random.h"
#include "core/containers/packed_list.h"
#include "core/types/collection.h"
#include "core/types/large_sorted_set.h"
#include "core/types/lex_range.h"
#include "core/types/rank_range.h"
#include "core/types/score_range.h"
#include "core/types/set_member.h"

namespace tarn {

// Sorted sets: members, each with a score, in order of their scores; members of one score are in
// order of their bytes. Two encodings:
//
//   kPacked  member, score, member, score ... in order. 0 and -0 are the same there, namely 0.
//   kLarge   a LargeSortedSet
//
// A packed set becomes large when it gets a member
// that is too long or one too many; it never becomes packed again.

struct MemberScore {
  SetMember member;
  double score = 0;
};

// Members that go through an operation together, and their scores.
struct ScoredBatch {
  using Scores = std::array<double, MemberBatch::kCapacity>;

  MemberBatch members;
  Scores scores;  // the i-th member's is the i-th

  // REQUIRES: not full
  void push(const SetMember& member, double score) {
    scores[members.size()] = score;
    members.push(member);
  }
  void clear() { members.clear(); }
  // Leaves only those of the mask, in order.
  void keep(MemberBatch::Mask mask) {
    members.keep(mask);
    for (std::size_t kept = 0; mask != 0; mask &= mask - 1, ++kept) {
      scores[kept] = scores[static_cast<std::size_t>(std::countr_zero(mask))];
    }
  }
};

// Runs walk(take), which calls take(const SetMember&, double score) for some members, and calls
// fn(ScoredBatch&) for as many at once as a batch takes.
template <class Walk, class Fn>
void in_batches(Walk&& walk, Fn&& fn) {
  ScoredBatch batch;
  walk([&](const SetMember& member, double score) {
    batch.push(member, score);
    if (!batch.members.full()) return;
    fn(batch);
    batch.clear();
  });
  if (!batch.members.empty()) fn(batch);
}

// A score as packed sets hold it.
inline PackedProbe packed_score(double score) { return PackedProbe::score(score + 0.0); }

// Up to where a sorted set is packed.
struct SortedSetLimits {
  std::size_t max_members = 128;
  std::size_t max_member_bytes = 64;

  bool allow(std::size_t members, std::size_t longest_bytes) const {
    return members <= max_members && longest_bytes <= max_member_bytes;
  }
};

// A sorted set for reading. A view: good until the set is changed, as are the members that it hands
// out.
class SortedSetView {
 public:
  // A member's place.
  struct Place {
    std::size_t rank;
    double score;
  };
  using Mask = MemberBatch::Mask;
  using Scores = ScoredBatch::Scores;

  // The empty set, which no key holds.
  SortedSetView() : view_{CollectionEncoding::kPacked, kEmptyPackedList, nullptr} {}
  // REQUIRES: the value of a sorted set
  SortedSetView(const CollectionView& view) : view_(view) {}

  bool is_packed() const { return !large(); }
  // What a large one is; nullptr for others.
  Collection* large_collection() const { return view_.large; }
  // O(1), or O(n) for packed sets beyond PackedList::kMaxKnownCount.
  std::size_t size() const { return large() ? large()->size() : packed().size() / 2; }
  bool empty() const { return !large() && packed().empty(); }

  // ---- By member: expected O(1), and O(n) in packed sets ---------------------------------------

  std::optional<double> score(const SetMember& member) const;
  // O(log n)
  std::optional<Place> place(const SetMember& member) const;
  // Which of the batch are members; their scores are at the same places of `scores`.
  Mask scores(MemberBatch& batch, Scores& scores) const;

  // ---- By place: O(log n), and O(n) in packed sets ---------------------------------------------

  RankRange all() const { return {0, size()}; }
  RankRange ranks(const ScoreRange& range) const;
  // Where the scores are not all the same, members are in no order that would suit the range. A
  // packed set then answers what a walk over it finds first: of the members within the bounds that
  // follow each other, those nearest to the low end, or to the high end.
  RankRange ranks(const LexRange& range) const;
  RankRange ranks_from_end(const LexRange& range) const;
  // REQUIRES: rank < size()
  MemberScore at(std::size_t rank) const;

  // Call fn(const SetMember&, double score) for the elements of `range`, upward or downward.
  // REQUIRES: they exist.
  template <class Fn>
  void for_each(RankRange range, Fn&& fn) const;
  template <class Fn>
  void for_each_downward(RankRange range, Fn&& fn) const;

  // ---- By chance -------------------------------------------------------------------------------

  // One element, each with the same probability. REQUIRES: not empty
  MemberScore random(Rng& rng) const { return at(rng.below(size())); }
  // Calls visit(const SetMember&, double score) for `count` different elements, each choice of so
  // many with the same probability, in no particular order. O(count log n), or O(n) where that is
  // less. REQUIRES: count <= size()
  using Visit = std::function<void(const SetMember&, double)>;
  void sample(std::size_t count, Rng& rng, const Visit& visit) const;

  // ---- All -------------------------------------------------------------------------------------

  // Calls fn(const SetMember&, double score) for all in whatever order is fastest: in large sets
  // that of their hashes.
  template <class Fn>
  void for_each_unordered(Fn&& fn) const;

  // Calls fn(ScoredBatch&) for all in that order, as many at once as a batch takes.
  template <class Fn>
  void for_each_batch(Fn&& fn) const {
    in_batches([&](auto&& take) { for_each_unordered(take); }, fn);
  }

  // One step of ZSCAN: see HashTable::scan. A packed set is one step.
  template <class Fn>
  std::uint64_t scan(std::uint64_t cursor, Fn&& fn) const;

 private:
  const LargeSortedSet* large() const { return static_cast<const LargeSortedSet*>(view_.large); }
  PackedList packed() const { return PackedList(view_.bytes); }

  template <class Fn>
  static PackedList::Cursor visit(const PackedList& list, PackedList::Cursor cursor, Fn& fn) {
    PackedElement member;
    PackedElement score;
    cursor = list.read(list.read(cursor, member), score);
    fn(SetMember(member), score.score());
    return cursor;
  }

  CollectionView view_;
};

// On which members of a set a new score has an effect.
struct ScoreRules {
  bool only_new = false;
  bool only_present = false;
  // Present members keep their score unless the new one is greater, or less.
  bool only_greater = false;
  bool only_less = false;
};

// A sorted set for writing, in a cell. Members that are given to it must not lie in the cell.
class SortedSet {
 public:
  enum class Outcome : std::uint8_t {
    kAdded,
    kUpdated,
    kSame,        // it had that score already
    kRefused,     // the rules left it alone
    kNotANumber,  // the sum of two infinities; nothing was changed
  };
  // What became of a member.
  struct Verdict {
    Outcome outcome;
    double score;  // that it has now, if it is present
  };
  struct Tally {
    std::size_t added = 0;
    std::size_t updated = 0;

    void count(Outcome outcome) {
      added += outcome == Outcome::kAdded ? 1 : 0;
      updated += outcome == Outcome::kUpdated ? 1 : 0;
    }
  };

  // REQUIRES: the cell is vacant or holds a sorted set.
  SortedSet(CollectionCell& cell, const SortedSetLimits& limits) : cell_(cell), limits_(limits) {}

  // Empty where the cell is vacant.
  SortedSetView view() const {
    return cell_.vacant() ? SortedSetView() : SortedSetView(cell_.view());
  }

  // Makes an empty large set, for who knows that the limits will not allow what is put next: a
  // packed set would lose the sign of a zero on the way. REQUIRES: the cell is vacant
  void begin_large();
  // Gives members scores, one after the other. REQUIRES: none is a NaN.
  Tally put(std::span<const MemberScore> members, const ScoreRules& rules);
  // Adds to a member's score, or gives it the score `by`. The rules compare the sum.
  Verdict increment(const SetMember& member, double by, const ScoreRules& rules);

  // Returns how many of them were present.
  std::size_t erase(std::span<const std::string_view> members);
  // REQUIRES: they exist, and are some.
  void erase(RankRange range);

 private:
  class Packed;

  bool is_large() const {
    return !cell_.vacant() && cell_.encoding() == CollectionEncoding::kLarge;
  }
  LargeSortedSet& large() { return static_cast<LargeSortedSet&>(*cell_.large()); }

  template <class Judge>
  Verdict put(const SetMember& member, Judge&& judge);
  template <class Judge>
  Verdict put_large(const LargeSortedSet::Sought& member, Judge&& judge);
  void put_batch(std::span<const MemberScore> members, const ScoreRules& rules, Tally& tally);
  std::size_t erase_batch(std::span<const std::string_view> members);
  bool erase_packed(const SetMember& member);
  void create(const SetMember& member, double score);
  void enlarge();

  CollectionCell& cell_;
  const SortedSetLimits limits_;
};

// ---- Inline bodies ------------------------------------------------------------------------------

template <class Fn>
void SortedSetView::for_each(RankRange range, Fn&& fn) const {
  if (range.empty()) return;
  if (large()) {
    LargeSortedSet::Position position = large()->order().at(range.first);
    fn(position->member(), position->score());
    for (std::size_t i = 1; i < range.count; ++i) {
      position.next();
      fn(position->member(), position->score());
    }
    return;
  }
  PackedList::Cursor cursor = packed().skip(packed().begin(), 2 * range.first);
  for (std::size_t i = 0; i < range.count; ++i) cursor = visit(packed(), cursor, fn);
}

template <class Fn>
void SortedSetView::for_each_downward(RankRange range, Fn&& fn) const {
  if (range.empty()) return;
  const std::size_t end = range.first + range.count;
  if (large()) {
    LargeSortedSet::Position position = large()->order().at(end - 1);
    fn(position->member(), position->score());
    for (std::size_t i = 1; i < range.count; ++i) {
      position.previous();
      fn(position->member(), position->score());
    }
    return;
  }
  const std::vector<PackedList::Cursor> cursors = packed().cursors(2);
  for (std::size_t i = 0; i < range.count; ++i) visit(packed(), cursors[end - 1 - i], fn);
}

template <class Fn>
void SortedSetView::for_each_unordered(Fn&& fn) const {
  if (!large()) return for_each(all(), fn);
  large()->for_each_unordered(
      [&fn](const ScoredMember& element) { fn(element.member(), element.score()); });
}

template <class Fn>
std::uint64_t SortedSetView::scan(std::uint64_t cursor, Fn&& fn) const {
  if (large()) {
    return large()->scan(
        cursor, [&fn](const ScoredMember& element) { fn(element.member(), element.score()); });
  }
  for_each(all(), fn);
  return 0;
}

}  // namespace tarn
