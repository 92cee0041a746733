#include "core/types/sorted_set.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <compare>
#include <cstring>
#include <string_view>
#include <unordered_set>

#include "core/base/assert.h"

namespace tarn {
namespace {

using Cursor = PackedList::Cursor;
using Sought = LargeSortedSet::Sought;

constexpr unsigned kPair = 2;
// A sample of more than this share of a set is drawn by a pass over all of it.
constexpr std::size_t kPassWorthwhile = 3;
// Members whose cache misses are made to overlap.
constexpr std::size_t kBatch = 32;

double score_after(const PackedList& list, Cursor member) {
  return list.element(list.next(member)).score();
}

// What the rules make of a new score for a member that has the score `old`, or is missing.
SortedSet::Verdict judge(const ScoreRules& rules, std::optional<double> old, double score) {
  using Outcome = SortedSet::Outcome;
  if (!old) return {rules.only_present ? Outcome::kRefused : Outcome::kAdded, score};
  const bool refused =
      rules.only_new || (rules.only_greater && score <= *old) || (rules.only_less && score >= *old);
  if (refused) return {Outcome::kRefused, *old};
  return {score == *old ? Outcome::kSame : Outcome::kUpdated, score};
}

// The same for an amount that is added to the old score.
SortedSet::Verdict judge_sum(const ScoreRules& rules, std::optional<double> old, double by) {
  using Outcome = SortedSet::Outcome;
  if (!old || rules.only_new) return judge(rules, old, by);
  const double sum = *old + by;
  if (std::isnan(sum)) return {Outcome::kNotANumber, *old};
  return judge(rules, old, sum);
}

// Whether a range may hold any of the members, of which text(i) is the i-th. Where scores differ,
// the first and the last decide it all the same.
template <class Text>
bool may_hold_any(const LexRange& range, std::size_t members, Text text) {
  return members > 0 && !range.empty() && range.above_min(text(members - 1)) &&
         range.below_max(text(0));
}

// Visits the members of a packed set by index.
class LexWalk {
 public:
  LexWalk(const PackedList& list, const LexRange& range)
      : list_(list), range_(range), cursors_(list.cursors(kPair)) {}

  std::size_t size() const { return cursors_.size(); }
  bool above_min(std::size_t i) const { return range_.above_min(text(i)); }
  bool below_max(std::size_t i) const { return range_.below_max(text(i)); }
  bool may_have_any() const {
    return may_hold_any(range_, size(), [this](std::size_t i) { return text(i); });
  }

 private:
  std::string_view text(std::size_t i) const {
    element_ = list_.element(cursors_[i]);
    return element_.text(scratch_);
  }

  PackedList list_;
  const LexRange& range_;
  std::vector<Cursor> cursors_;
  mutable PackedElement element_;
  mutable PackedElement::Scratch scratch_;
};

// All members of a large set lie between these scores, which should be the same: the scores to
// search the bounds with.
std::size_t rank_of_min(const LargeSortedSet& set, const LexBound& bound) {
  if (bound.kind == LexBound::Kind::kLowest) return 0;
  if (bound.kind == LexBound::Kind::kHighest) return set.size();
  const double score = set.order().begin()->score();
  return (bound.exclusive ? set.order().first_above(score, bound.member)
                          : set.order().first_not_below(score, bound.member))
      .rank();
}

std::size_t rank_behind_max(const LargeSortedSet& set, const LexBound& bound) {
  if (bound.kind == LexBound::Kind::kLowest) return 0;
  if (bound.kind == LexBound::Kind::kHighest) return set.size();
  const double score = set.order().at(set.size() - 1)->score();
  return (bound.exclusive ? set.order().first_not_below(score, bound.member)
                          : set.order().first_above(score, bound.member))
      .rank();
}

RankRange ranks_between(std::size_t first, std::size_t end) {
  return first < end ? RankRange{first, end - first} : RankRange{};
}

RankRange ranks_in(const LargeSortedSet& set, const LexRange& range) {
  SetMember::Scratch scratch;
  const auto text = [&](std::size_t rank) { return set.order().at(rank)->member().text(scratch); };
  if (!may_hold_any(range, set.size(), text)) return {};
  return ranks_between(rank_of_min(set, range.min), rank_behind_max(set, range.max));
}

}  // namespace

// ---- Reading ------------------------------------------------------------------------------------

std::optional<double> SortedSetView::score(const SetMember& member) const {
  if (large()) {
    const ScoredMember* element = large()->find(Sought(member));
    return element == nullptr ? std::nullopt : std::optional(element->score());
  }
  const Cursor cursor = packed().find(member.probe(), packed().begin(), kPair);
  if (cursor == packed().end()) return std::nullopt;
  return score_after(packed(), cursor);
}

std::optional<SortedSetView::Place> SortedSetView::place(const SetMember& member) const {
  if (large()) {
    const ScoredMember* element = large()->find(Sought(member));
    if (element == nullptr) return std::nullopt;
    return Place{large()->rank_of(*element), element->score()};
  }
  const PackedProbe probe = member.probe();
  std::size_t rank = 0;
  for (Cursor cursor = packed().begin(); cursor != packed().end(); ++rank) {
    if (probe.matches(packed().element(cursor))) return Place{rank, score_after(packed(), cursor)};
    cursor = packed().skip(cursor, kPair);
  }
  return std::nullopt;
}

SortedSetView::Mask SortedSetView::scores(MemberBatch& batch, Scores& scores) const {
  Mask found = 0;
  const auto take = [&](std::size_t i, double score) {
    scores[i] = score;
    found |= Mask{1} << i;
  };
  if (!large()) {
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (const std::optional<double> known = score(batch[i])) take(i, *known);
    }
    return found;
  }
  std::array<Sought, MemberBatch::kCapacity> sought;
  const std::uint64_t* hashes = batch.hashes();
  for (std::size_t i = 0; i < batch.size(); ++i) sought[i] = Sought(batch[i], hashes[i]);
  large()->locate(std::span(sought).first(batch.size()));
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (const ScoredMember* element = large()->find(sought[i])) take(i, element->score());
  }
  return found;
}

RankRange SortedSetView::ranks(const ScoreRange& range) const {
  if (large()) {
    const auto& order = large()->order();
    const auto first =
        range.min_exclusive ? order.first_above(range.min) : order.first_not_below(range.min);
    const auto end =
        range.max_exclusive ? order.first_not_below(range.max) : order.first_above(range.max);
    return ranks_between(first.rank(), end.rank());
  }
  RankRange ranks;
  for (Cursor cursor = packed().begin(); cursor != packed().end();) {
    const double score = score_after(packed(), cursor);
    const bool above = range.above_min(score);
    if (above && !range.below_max(score)) break;
    ++(above ? ranks.count : ranks.first);
    cursor = packed().skip(cursor, kPair);
  }
  return ranks;
}

RankRange SortedSetView::ranks(const LexRange& range) const {
  if (large()) return ranks_in(*large(), range);
  const LexWalk walk(packed(), range);
  if (!walk.may_have_any()) return {};
  std::size_t first = 0;
  while (!walk.above_min(first)) ++first;
  std::size_t end = first;
  while (end < walk.size() && walk.below_max(end)) ++end;
  return ranks_between(first, end);
}

RankRange SortedSetView::ranks_from_end(const LexRange& range) const {
  if (large()) return ranks_in(*large(), range);
  const LexWalk walk(packed(), range);
  if (!walk.may_have_any()) return {};
  std::size_t end = walk.size();
  while (!walk.below_max(end - 1)) --end;
  std::size_t first = end;
  while (first > 0 && walk.above_min(first - 1)) --first;
  return ranks_between(first, end);
}

MemberScore SortedSetView::at(std::size_t rank) const {
  MemberScore found;
  for_each({rank, 1}, [&found](const SetMember& member, double score) { found = {member, score}; });
  return found;
}

// Where many are wanted, one pass that takes each element with the probability that those still
// wanted have among those still to come (Knuth, "The Art of Computer Programming" 2, 3.4.2,
// algorithm S). Otherwise R. Floyd's: of the ranks up to `last`, one that was taken stands for
// `last` itself.
void SortedSetView::sample(std::size_t count, Rng& rng, const Visit& visit) const {
  std::size_t left = size();
  if (count * kPassWorthwhile > left) {
    for_each(all(), [&](const SetMember& member, double score) {
      if (rng.below(left--) >= count) return;
      --count;
      visit(member, score);
    });
    return;
  }
  std::unordered_set<std::size_t> taken;
  for (std::size_t last = left - count; last < left; ++last) {
    std::size_t rank = rng.below(last + 1);
    if (!taken.insert(rank).second) taken.insert(rank = last);
    const MemberScore chosen = at(rank);
    visit(chosen.member, chosen.score);
  }
}

// ---- Changing a packed set ----------------------------------------------------------------------

// The pairs of a packed set in a cell. Each change is one splice at most.
class SortedSet::Packed {
 public:
  explicit Packed(CollectionCell& cell) : cell_(cell) {}

  PackedList list() const { return PackedList(cell_.bytes()); }
  Cursor find(const PackedProbe& member) const {
    return list().find(member, list().begin(), kPair);
  }

  void insert(const SetMember& member, double score) {
    packed::insert_pair(cell_, place_of(member, score), member.probe(), packed_score(score));
  }
  void rescore(Cursor cursor, const SetMember& member, double score);
  void erase(Cursor cursor, std::size_t members) { packed::erase(cell_, cursor, kPair * members); }

 private:
  Cursor place_of(const SetMember& member, double score) const;

  CollectionCell& cell_;
};

// The first pair that comes after this one.
Cursor SortedSet::Packed::place_of(const SetMember& member, double score) const {
  SetMember::Scratch scratch;
  const std::string_view text = member.text(scratch);
  Cursor cursor = list().begin();
  while (cursor != list().end()) {
    const double other = score_after(list(), cursor);
    if (other > score) break;
    if (other == score && std::is_gt(packed::compare(list().element(cursor), text))) break;
    cursor = list().skip(cursor, kPair);
  }
  return cursor;
}

// Makes the pair as large as it will be, where it is; then moves it past those that it has
// overtaken.
void SortedSet::Packed::rescore(Cursor cursor, const SetMember& member, double score) {
  const PackedProbe first = member.probe();
  const PackedProbe second = packed_score(score);
  const std::size_t new_bytes = first.encoded_bytes() + second.encoded_bytes();
  const std::size_t old_bytes = list().skip(cursor, kPair) - cursor;
  Cursor place = place_of(member, score);

  if (new_bytes != old_bytes) cell_.splice(cursor, old_bytes, new_bytes);
  char* bytes = cell_.data();
  if (place <= cursor) {
    std::memmove(bytes + place + new_bytes, bytes + place, cursor - place);
  } else {
    place -= old_bytes;
    std::memmove(bytes + cursor, bytes + cursor + new_bytes, place - cursor);
  }
  second.write(first.write(bytes + place));
}

// ---- Changing any -------------------------------------------------------------------------------

void SortedSet::create(const SetMember& member, double score) {
  if (!limits_.allow(1, member.text_bytes())) {
    auto* set = new LargeSortedSet(cell_.heap());
    set->insert(Sought(member), score);
    return cell_.put_large(set);
  }
  PackedString bytes;
  bytes.append_pair(member.probe(), packed_score(score));
  cell_.put_bytes(CollectionEncoding::kPacked, bytes.bytes());
}

void SortedSet::begin_large() {
  TARN_ASSERT(cell_.vacant());
  cell_.put_large(new LargeSortedSet(cell_.heap()));
}

void SortedSet::enlarge() {
  auto* set = new LargeSortedSet(cell_.heap());
  const SortedSetView before = view();
  before.for_each(before.all(), [set](const SetMember& member, double score) {
    set->append(Sought(member), score);
  });
  cell_.put_large(set);
}

template <class Judge>
SortedSet::Verdict SortedSet::put_large(const Sought& member, Judge&& judge) {
  const ScoredMember* element = large().find(member);
  const Verdict verdict =
      judge(element == nullptr ? std::nullopt : std::optional(element->score()));
  if (verdict.outcome == Outcome::kAdded) {
    large().insert(member, verdict.score);
  } else if (verdict.outcome == Outcome::kUpdated) {
    large().rescore(*element, verdict.score);
  }
  return verdict;
}

template <class Judge>
SortedSet::Verdict SortedSet::put(const SetMember& member, Judge&& judge) {
  if (cell_.vacant()) {
    const Verdict verdict = judge(std::nullopt);
    if (verdict.outcome == Outcome::kAdded) create(member, verdict.score);
    return verdict;
  }
  if (is_large()) {
    Sought sought(member);
    large().locate(sought);
    return put_large(sought, judge);
  }
  Packed packed(cell_);
  const Cursor cursor = packed.find(member.probe());
  const bool present = cursor != packed.list().end();
  const Verdict verdict =
      judge(present ? std::optional(score_after(packed.list(), cursor)) : std::nullopt);
  if (verdict.outcome == Outcome::kUpdated) {
    packed.rescore(cursor, member, verdict.score);
  } else if (verdict.outcome == Outcome::kAdded) {
    if (limits_.allow(view().size() + 1, member.text_bytes())) {
      packed.insert(member, verdict.score);
    } else {
      enlarge();
      large().insert(Sought(member), verdict.score);
    }
  }
  return verdict;
}

SortedSet::Tally SortedSet::put(std::span<const MemberScore> members, const ScoreRules& rules) {
  Tally tally;
  while (!members.empty()) {
    const bool as_batch = members.size() > 1 && is_large();
    const auto part = members.first(as_batch ? std::min(members.size(), kBatch) : 1);
    members = members.subspan(part.size());
    if (as_batch) {
      put_batch(part, rules, tally);
      continue;
    }
    const MemberScore& one = part.front();
    tally.count(put(one.member, [&](std::optional<double> old) {
                  return judge(rules, old, one.score);
                }).outcome);
  }
  return tally;
}

// Members' places are fetched in stages over the batch: their new ones, which follow from the
// scores alone, and once the members are at hand, those that they have.
void SortedSet::put_batch(std::span<const MemberScore> members, const ScoreRules& rules,
                          Tally& tally) {
  std::array<Sought, kBatch> all;
  const auto sought = std::span(all).first(members.size());
  for (std::size_t i = 0; i < members.size(); ++i) sought[i] = Sought(members[i].member);
  large().locate(sought);
  for (const MemberScore& member : members) large().order().prefetch(member.score);
  for (const Sought& member : sought) {
    const ScoredMember* element = large().find(member);
    if (element != nullptr) large().order().prefetch(element->score());
  }
  for (std::size_t i = 0; i < members.size(); ++i) {
    tally.count(put_large(sought[i], [&](std::optional<double> old) {
                  return judge(rules, old, members[i].score);
                }).outcome);
  }
}

SortedSet::Verdict SortedSet::increment(const SetMember& member, double by,
                                        const ScoreRules& rules) {
  return put(member, [&](std::optional<double> old) { return judge_sum(rules, old, by); });
}

std::size_t SortedSet::erase(std::span<const std::string_view> members) {
  std::size_t erased = 0;
  while (!members.empty() && !cell_.vacant()) {
    const auto part = members.first(is_large() ? std::min(members.size(), kBatch) : 1);
    members = members.subspan(part.size());
    erased += is_large() ? erase_batch(part) : erase_packed(SetMember(part.front())) ? 1 : 0;
  }
  return erased;
}

std::size_t SortedSet::erase_batch(std::span<const std::string_view> members) {
  std::array<Sought, kBatch> sought;
  for (std::size_t i = 0; i < members.size(); ++i) sought[i] = Sought(SetMember(members[i]));
  const auto batch = std::span(sought).first(members.size());
  large().locate(batch);
  std::size_t erased = 0;
  for (const Sought& member : batch) erased += large().erase(member) ? 1 : 0;
  if (large().size() == 0) cell_.vacate();
  return erased;
}

bool SortedSet::erase_packed(const SetMember& member) {
  Packed packed(cell_);
  const Cursor cursor = packed.find(member.probe());
  if (cursor == packed.list().end()) return false;
  packed.erase(cursor, 1);
  if (packed.list().empty()) cell_.vacate();
  return true;
}

void SortedSet::erase(RankRange range) {
  if (range.count == view().size()) return cell_.vacate();
  if (is_large()) return large().erase_ranks(range.first, range.count);
  Packed packed(cell_);
  packed.erase(packed.list().skip(packed.list().begin(), kPair * range.first), range.count);
}

}  // namespace tarn
