#pragma once

// Those bodies of OrderedTree that leave the tree as it is. Included by ordered_tree.h.

#include <algorithm>

#include "core/containers/ordered_tree.h"

namespace tarn {

// ---- Positions ---------------------------------------------------------------------------------

template <class Traits, class Allocator>
void OrderedTree<Traits, Allocator>::Position::next() {
  ++rank_;
  ++index_;
  if (index_ == leaf_->count() && leaf_->next() != nullptr) {
    leaf_ = leaf_->next();
    index_ = 0;
    if (leaf_->next() != nullptr) leaf_->next()->prefetch();
    const unsigned ahead = std::min(kAhead, leaf_->count());
    for (unsigned i = 0; i < ahead; ++i) __builtin_prefetch(leaf_->reference(i));
  }
  if (index_ + kAhead < leaf_->count()) __builtin_prefetch(leaf_->reference(index_ + kAhead));
}

template <class Traits, class Allocator>
void OrderedTree<Traits, Allocator>::Position::previous() {
  --rank_;
  if (index_ == 0) {
    if (leaf_ != nullptr) leaf_ = leaf_->previous();
    if (leaf_ == nullptr) return;
    index_ = leaf_->count();
    if (leaf_->previous() != nullptr) leaf_->previous()->prefetch();
    for (unsigned i = index_ - std::min(kAhead, index_); i < index_; ++i) {
      __builtin_prefetch(leaf_->reference(i));
    }
  }
  --index_;
  if (index_ >= kAhead) __builtin_prefetch(leaf_->reference(index_ - kAhead));
}

// ---- Searching ---------------------------------------------------------------------------------

// The first index in [first, last) whose element does not precede the place. While one element is
// compared, the two that may be next are fetched.
template <class Traits, class Allocator>
template <class ElementAt, class Precedes>
unsigned OrderedTree<Traits, Allocator>::first_behind(unsigned first, unsigned last,
                                                      ElementAt&& element_at, Precedes&& precedes) {
  while (first < last) {
    const unsigned middle = first + (last - first) / 2;
    if (last - first > 2) {
      __builtin_prefetch(element_at(first + (middle - first) / 2));
      __builtin_prefetch(element_at(middle + 1 + (last - middle - 1) / 2));
    }
    if (precedes(element_at(middle))) {
      first = middle + 1;
    } else {
      last = middle;
    }
  }
  return first;
}

// The last child whose smallest element precedes the place: the place is below it, or at its end.
template <class Traits, class Allocator>
template <class Place>
unsigned OrderedTree<Traits, Allocator>::child_index(const OrderedBranch& branch,
                                                     const Place& place) {
  const OrderedBranch::Run equal = branch.equal(place.score);
  const unsigned gap = first_behind(
      equal.first, equal.last, [&](unsigned i) { return element_of(branch.smallest(i)); },
      [&](const Element* element) { return place.precedes(element); });
  return gap == 0 ? 0 : gap - 1;
}

template <class Traits, class Allocator>
template <class Place>
unsigned OrderedTree<Traits, Allocator>::gap_in(const OrderedLeaf& leaf, const Place& place) {
  const OrderedLeaf::Run run = leaf.candidates(score_code(place.score));
  return first_behind(
      run.first, run.last, [&](unsigned i) { return element_of(leaf.reference(i)); },
      [&](const Element* element) {
        const double score = Traits::score(*element);
        return score < place.score || (score == place.score && place.precedes(element));
      });
}

// Walks down to a leaf; choose(level, branch) returns which child to follow.
template <class Traits, class Allocator>
template <class Choose>
OrderedLeaf* OrderedTree<Traits, Allocator>::descend(Choose&& choose) const {
  void* node = root_;
  for (unsigned level = 0; level < height_; ++level) {
    OrderedBranch* branch = branch_of(node);
    node = branch->child(choose(level, *branch));
    if (level + 1 == height_) {
      leaf_of(node)->prefetch();
    } else {
      branch_of(node)->prefetch();
    }
  }
  return leaf_of(node);
}

template <class Traits, class Allocator>
template <class Place>
OrderedLeaf* OrderedTree<Traits, Allocator>::descend_to(const Place& place, Path& path) const {
  return descend([&](unsigned level, OrderedBranch& branch) {
    path[level] = {&branch, child_index(branch, place)};
    return path[level].index;
  });
}

// The rank becomes the index in the leaf.
template <class Traits, class Allocator>
OrderedLeaf* OrderedTree<Traits, Allocator>::descend_to_rank(std::size_t& rank, Path& path) const {
  return descend([&](unsigned level, OrderedBranch& branch) {
    path[level] = {&branch, branch.child_of(rank)};
    return path[level].index;
  });
}

template <class Traits, class Allocator>
OrderedLeaf* OrderedTree<Traits, Allocator>::descend_to_last(Path& path) const {
  return descend([&](unsigned level, OrderedBranch& branch) {
    path[level] = {&branch, branch.count() - 1};
    return path[level].index;
  });
}

template <class Traits, class Allocator>
template <class Place>
auto OrderedTree<Traits, Allocator>::search(const Place& place) const -> Position {
  if (empty()) return end();
  std::size_t rank = 0;
  const OrderedLeaf* leaf = descend([&](unsigned, OrderedBranch& branch) {
    const unsigned index = child_index(branch, place);
    rank += branch.elements_before(index);
    return index;
  });
  const unsigned index = gap_in(*leaf, place);
  rank += index;
  if (index == leaf->count() && leaf->next() != nullptr) return {leaf->next(), 0, rank};
  return {leaf, index, rank};
}

template <class Traits, class Allocator>
auto OrderedTree<Traits, Allocator>::find(const Element& element) const -> Position {
  const ThroughElement place{Traits::score(element), &element, &element};
  std::size_t rank = 0;
  const OrderedLeaf* leaf = descend([&](unsigned, OrderedBranch& branch) {
    const unsigned index = child_index(branch, place);
    rank += branch.elements_before(index);
    return index;
  });
  const unsigned index = leaf->index_of(&element, score_code(place.score));
  return {leaf, index, rank + index};
}

template <class Traits, class Allocator>
auto OrderedTree<Traits, Allocator>::at(std::size_t rank) const -> Position {
  if (rank >= size_) return end();
  // Of each node a line or two are read, and nothing is searched: to fetch them whole, as descend()
  // does, would take longer.
  std::size_t left = rank;
  void* node = root_;
  for (unsigned level = 0; level < height_; ++level) {
    node = branch_of(node)->child(branch_of(node)->child_of(left));
  }
  return {leaf_of(node), static_cast<unsigned>(left), rank};
}

// ---- Looking inside ----------------------------------------------------------------------------

// What a walk over all nodes has met so far.
template <class Traits, class Allocator>
struct OrderedTree<Traits, Allocator>::Checked {
  std::size_t elements = 0;
  std::size_t leaves = 0;
  std::size_t branches = 0;
  const OrderedLeaf* last_leaf = nullptr;
  const Element* last_element = nullptr;

  void add(const OrderedLeaf& leaf) {
    TARN_ASSERT(leaf.previous() == last_leaf);
    leaf.check(code_of);
    for (unsigned i = 0; i < leaf.count(); ++i) {
      const Element* element = element_of(leaf.reference(i));
      const double score = Traits::score(*element);
      TARN_ASSERT(last_element == nullptr || Traits::score(*last_element) < score ||
                  (Traits::score(*last_element) == score &&
                   Traits::compare_ties(*last_element, *element) < 0));
      last_element = element;
    }
    elements += leaf.count();
    ++leaves;
    last_leaf = &leaf;
  }
};

template <class Traits, class Allocator>
void OrderedTree<Traits, Allocator>::check() const {
  TARN_ASSERT((root_ == nullptr) == empty() && (first_ == nullptr) == empty());
  Checked checked;
  if (root_ != nullptr) check_below(root_, 0, nullptr, checked);
  TARN_ASSERT(checked.last_leaf == last_ && (last_ == nullptr || last_->next() == nullptr));
  TARN_ASSERT(checked.elements == size_);
  TARN_ASSERT(checked.leaves == leaves_ && checked.branches == branches_);
}

// `entry` is the node's in its parent.
template <class Traits, class Allocator>
void OrderedTree<Traits, Allocator>::check_below(void* node, unsigned level,
                                                 const OrderedEntry* entry,
                                                 Checked& checked) const {
  const std::size_t before = checked.elements;
  const void* smallest = nullptr;
  if (level == height_) {
    if (checked.leaves == 0) TARN_ASSERT(leaf_of(node) == first_);
    smallest = leaf_of(node)->reference(0);
    checked.add(*leaf_of(node));
  } else {
    const OrderedBranch& branch = *branch_of(node);
    TARN_ASSERT(branch.count() >= 2 && branch.count() <= OrderedBranch::kCapacity);
    smallest = branch.smallest(0);
    ++checked.branches;
    for (unsigned i = 0; i < branch.count(); ++i) {
      const OrderedEntry child = branch.entry(i);
      check_below(child.child, level + 1, &child, checked);
    }
  }
  if (entry == nullptr) return;
  TARN_ASSERT(entry->smallest == smallest && entry->score == score_of(smallest));
  TARN_ASSERT(entry->elements == checked.elements - before);
}

}  // namespace tarn
