#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <variant>
#include <vector>

#include "core/types/set.h"
#include "core/types/sorted_set.h"
#include "core/types/sorted_set_builder.h"

namespace tarn {

// Unions, intersections and differences of sorted sets and sets in any encodings.
//
// Members go in batches from one input to the next and to the result. A large input is walked in
// the order of its hashes, and the tables of other large ones, and of the result, are read and
// filled in the same order, segment by segment. Scores are the result's concern only at the end,
// when it is ordered as a whole.

// One input: a sorted set, or a set, of which every member has the score 1.
class ScoredInput {
 public:
  using Mask = MemberBatch::Mask;

  explicit ScoredInput(const SortedSetView& view) : view_(view), size_(view.size()) {}
  explicit ScoredInput(const SetView& view) : view_(view), size_(view.size()) {}

  std::size_t size() const { return size_; }
  double weight() const { return weight_; }
  // Unions and intersections multiply every score with it.
  void set_weight(double weight) { weight_ = weight; }

  // Which of the batch are members, and their scores at the same places.
  Mask scores(MemberBatch& batch, ScoredBatch::Scores& scores) const;
  // Calls fn(ScoredBatch&) for all.
  template <class Fn>
  void for_each_batch(Fn&& fn) const;
  // One step of a scan: calls fn(const SetMember&, double score).
  template <class Fn>
  std::uint64_t scan(std::uint64_t cursor, Fn&& fn) const;

 private:
  std::variant<SortedSetView, SetView> view_;
  std::size_t size_;
  double weight_ = 1;
};

// How the scores that a member has in several inputs make one. Where a NaN would come about (from
// infinities, or an infinity and a weight of 0) the sum is 0, as is the score that an input begins
// with; as the lesser or the greater it does not count.
enum class Aggregate : std::uint8_t { kSum, kMin, kMax };

// The members of any of the inputs, of all of them, or of the first and none of the others; O(n)
// for n members altogether, O(n k) for k inputs of which the smallest has n, and of which the first
// has n. Smaller inputs come first, which the rounding of sums depends on.
// REQUIRES for all: at least one input, and an empty result
void unite(std::vector<ScoredInput> inputs, Aggregate aggregate, SortedSetBuilder& result);
void intersect(std::vector<ScoredInput> inputs, Aggregate aggregate, SortedSetBuilder& result);
void subtract(std::span<const ScoredInput> inputs, SortedSetBuilder& result);

// How many members all inputs have in common; as soon as they are known to be `limit`, that.
// REQUIRES: at least one input
std::size_t intersection_size(std::vector<ScoredInput> inputs, std::size_t limit);

// ---- Inline bodies ------------------------------------------------------------------------------

template <class Fn>
void ScoredInput::for_each_batch(Fn&& fn) const {
  if (const auto* sorted = std::get_if<SortedSetView>(&view_)) return sorted->for_each_batch(fn);
  in_batches(
      [this](auto&& take) {
        std::get<SetView>(view_).for_each([&take](const SetMember& member) { take(member, 1); });
      },
      fn);
}

template <class Fn>
std::uint64_t ScoredInput::scan(std::uint64_t cursor, Fn&& fn) const {
  if (const auto* sorted = std::get_if<SortedSetView>(&view_)) return sorted->scan(cursor, fn);
  return std::get<SetView>(view_).scan(cursor, [&fn](const SetMember& m) { fn(m, 1.0); });
}

}  // namespace tarn
