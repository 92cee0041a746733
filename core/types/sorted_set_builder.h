#pragma once

#include <array>
#include <cstddef>

#include "core/types/sorted_set.h"

namespace tarn {

// Makes a sorted set as a whole out of members that come in any order. They are gathered in a hash
// table and ordered once, at the end.
class SortedSetBuilder {
 public:
  // What becomes of a score (the first) when its member comes again (with the second).
  using Combine = double (*)(double, double);

  // The set will live in this heap.
  explicit SortedSetBuilder(ObjectHeap& heap) : set_(new LargeSortedSet(heap)) {}
  ~SortedSetBuilder() { discard(); }
  SortedSetBuilder(const SortedSetBuilder&) = delete;
  SortedSetBuilder& operator=(const SortedSetBuilder&) = delete;

  // REQUIRES for both: no score is a NaN, no two members are equal.
  // Adds members that were not added before.
  void add(ScoredBatch& batch);
  // Adds those that are new, and combines the scores of the others.
  void merge(ScoredBatch& batch, Combine combine);

  // Puts the set into the cell, or nothing if it is empty. The builder is of no further use.
  void finish(CollectionCell& cell, const SortedSetLimits& limits);

 private:
  using Sought = LargeSortedSet::Sought;
  using Batch = std::array<Sought, MemberBatch::kCapacity>;

  void locate(MemberBatch& batch, Batch& sought) const;
  void insert(const SetMember& member, const Sought& sought, double score);
  void discard();

  LargeSortedSet* set_;
  std::size_t longest_bytes_ = 0;  // of the members
};

}  // namespace tarn
