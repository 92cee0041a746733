#pragma once

// Those bodies of OrderedTree that change the tree. Included by ordered_tree.h.

#include <algorithm>
#include <new>

#include "core/containers/ordered_tree.h"

namespace tarn {

template <class Traits, class Allocator>
void OrderedTree<Traits, Allocator>::swap(OrderedTree& other) noexcept {
  std::swap(allocator_, other.allocator_);
  std::swap(root_, other.root_);
  std::swap(first_, other.first_);
  std::swap(last_, other.last_);
  std::swap(size_, other.size_);
  std::swap(leaves_, other.leaves_);
  std::swap(branches_, other.branches_);
  std::swap(height_, other.height_);
}

// ---- Keeping the branches true -----------------------------------------------------------------

template <class Traits, class Allocator>
void OrderedTree<Traits, Allocator>::add_elements(const Path& path, std::uint32_t change) {
  for (unsigned level = 0; level < height_; ++level) {
    path[level].branch->add_elements(path[level].index, change);
  }
}

// The branch at `level` may have another smallest element: tells those above.
template <class Traits, class Allocator>
void OrderedTree<Traits, Allocator>::refresh_smallest(const Path& path, unsigned level) {
  for (; level > 0; --level) {
    const OrderedBranch& branch = *path[level].branch;
    const Step& above = path[level - 1];
    above.branch->set_smallest(above.index, branch.score(0), branch.smallest(0));
    if (above.index > 0) return;
  }
}

template <class Traits, class Allocator>
void OrderedTree<Traits, Allocator>::refresh_smallest(const Path& path, OrderedLeaf& leaf) {
  if (height_ == 0) return;
  const Step& above = path[height_ - 1];
  above.branch->set_smallest(above.index, score_of(leaf.reference(0)), leaf.reference(0));
  if (above.index == 0) refresh_smallest(path, height_ - 1);
}

// ---- Growing -----------------------------------------------------------------------------------

template <class Traits, class Allocator>
void OrderedTree<Traits, Allocator>::insert(Element* element) {
  const double score = Traits::score(*element);
  if (empty()) {
    OrderedLeaf* leaf = new_leaf(nullptr, nullptr);
    leaf->append(element, score_code(score));
    root_ = leaf;
    size_ = 1;
    return;
  }
  const BeforeElement place{score, element};
  Path path;
  OrderedLeaf* leaf = descend_to(place, path);
  const unsigned index = gap_in(*leaf, place);
  ++size_;
  if (leaf->full()) [[unlikely]] {
    return insert_into_full(path, *leaf, index, element);
  }
  leaf->insert(index, element, score_code(score));
  add_elements(path, 1);
  if (index == 0) refresh_smallest(path, *leaf);
}

template <class Traits, class Allocator>
void OrderedTree<Traits, Allocator>::insert_into_full(Path& path, OrderedLeaf& leaf, unsigned index,
                                                      Element* element) {
  const std::uint64_t code = code_of(element);
  if (&leaf == last_ && index == leaf.count()) {
    OrderedLeaf* behind = new_leaf(last_, nullptr);
    behind->append(element, code);
    return append_leaf(*behind);
  }
  if (&leaf == first_ && index == 0) {
    OrderedLeaf* before = new_leaf(nullptr, first_);
    before->append(element, code);
    return prepend_leaf(*before);
  }
  if (height_ == 0) plant_branch(path);
  add_elements(path, 1);
  const Step& step = path[height_ - 1];
  const Window window = window_around(step);
  OrderedLeafDeal deal;
  for (unsigned i = window.first; i < window.first + window.count; ++i) {
    const OrderedLeaf& source = *leaf_of(step.branch->child(i));
    i == step.index ? deal.take(source, index, element, code) : deal.take(source);
  }
  const unsigned room = window.count * (OrderedLeaf::kCapacity - kLeafSlack);
  deal_out(path, window, deal, window.count + unsigned{deal.count() > room});
}

template <class Traits, class Allocator>
template <class Next>
void OrderedTree<Traits, Allocator>::append(std::size_t count, Next&& next) {
  const auto fill = [&](OrderedLeaf& leaf) {
    const unsigned before = leaf.count();
    for (; count > 0 && !leaf.full(); --count) {
      Element* element = next();
      leaf.append(element, code_of(element));
    }
    const unsigned added = leaf.count() - before;
    size_ += added;
    return added;
  };
  if (last_ != nullptr) {
    Path path;
    descend_to_last(path);
    add_elements(path, fill(*last_));
  }
  while (count > 0) {  // NOLINT(bugprone-infinite-loop): fill() counts down
    OrderedLeaf* leaf = new_leaf(last_, nullptr);
    fill(*leaf);
    append_leaf(*leaf);
  }
}

template <class Traits, class Allocator>
OrderedLeaf* OrderedTree<Traits, Allocator>::new_leaf(OrderedLeaf* previous, OrderedLeaf* next) {
  auto* leaf = new (allocator_->allocate(sizeof(OrderedLeaf))) OrderedLeaf;
  leaf->link(previous, next);
  if (previous == nullptr) first_ = leaf;
  if (next == nullptr) last_ = leaf;
  ++leaves_;
  return leaf;
}

template <class Traits, class Allocator>
OrderedBranch* OrderedTree<Traits, Allocator>::new_branch() {
  ++branches_;
  return new (allocator_->allocate(sizeof(OrderedBranch))) OrderedBranch;
}

// Puts a branch above the only leaf, which is about to get a neighbour.
template <class Traits, class Allocator>
void OrderedTree<Traits, Allocator>::plant_branch(Path& path) {
  OrderedBranch* branch = new_branch();
  branch->insert(0, entry_of(*leaf_of(root_)));
  root_ = branch;
  height_ = 1;
  path[0] = {branch, 0};
}

// The leaf, already linked, becomes the last of the tree.
template <class Traits, class Allocator>
void OrderedTree<Traits, Allocator>::append_leaf(OrderedLeaf& leaf) {
  if (root_ == nullptr) {
    root_ = &leaf;
    return;
  }
  Path path;
  if (height_ == 0) {
    plant_branch(path);
  } else {
    descend_to_last(path);
  }
  for (unsigned level = 0; level + 1 < height_; ++level) {
    path[level].branch->add_elements(path[level].index, leaf.count());
  }
  const Step& step = path[height_ - 1];
  insert_entry(path, height_ - 1, step.index + 1, entry_of(leaf), Growth::kBack);
}

template <class Traits, class Allocator>
void OrderedTree<Traits, Allocator>::prepend_leaf(OrderedLeaf& leaf) {
  Path path;
  if (height_ == 0) {
    plant_branch(path);
  } else {
    descend([&path](unsigned level, OrderedBranch& branch) {
      path[level] = {&branch, 0};
      return 0U;
    });
  }
  for (unsigned level = 0; level + 1 < height_; ++level) {
    path[level].branch->add_elements(0, leaf.count());
  }
  insert_entry(path, height_ - 1, 0, entry_of(leaf), Growth::kFront);
}

// Adds an entry to the branch at `level`, and splits it if it is full. The branches above have
// counted the elements below the new entry already.
template <class Traits, class Allocator>
void OrderedTree<Traits, Allocator>::insert_entry(const Path& path, unsigned level, unsigned index,
                                                  const OrderedEntry& entry, Growth growth) {
  OrderedBranch* branch = path[level].branch;
  if (!branch->full()) {
    branch->insert(index, entry);
    return refresh_smallest(path, level);
  }
  OrderedEntries entries;
  entries.take(*branch);
  entries.insert(index, entry);
  OrderedBranch* right = new_branch();
  const unsigned left_count = growth == Growth::kFront  ? 2
                              : growth == Growth::kBack ? entries.count() - 2
                                                        : entries.count() / 2;
  entries.give(*branch, left_count, *right);
  if (level > 0) {
    const Step& above = path[level - 1];
    above.branch->set_entry(above.index, branch->summary());
    return insert_entry(path, level - 1, above.index + 1, right->summary(), growth);
  }
  TARN_ASSERT(height_ < kMaxHeight);
  OrderedBranch* root = new_branch();
  root->insert(0, branch->summary());
  root->insert(1, right->summary());
  root_ = root;
  ++height_;
}

// ---- Shrinking ---------------------------------------------------------------------------------

template <class Traits, class Allocator>
void OrderedTree<Traits, Allocator>::erase(const Element& element) {
  const double score = Traits::score(element);
  Path path;
  OrderedLeaf* leaf = descend_to(ThroughElement{score, &element, &element}, path);
  const unsigned index = leaf->index_of(&element, score_code(score));
  leaf->erase(index, 1);
  --size_;
  add_elements(path, std::uint32_t{0} - 1);
  finish_erase(path, *leaf, index == 0);
}

template <class Traits, class Allocator>
template <class Fn>
void OrderedTree<Traits, Allocator>::erase_ranks(std::size_t first, std::size_t count, Fn&& fn) {
  if (first >= size_) return;
  std::array<void*, OrderedLeaf::kCapacity> erased;
  std::size_t left = std::min(count, size_ - first);
  bool several = false;
  while (left > 0) {
    Path path;
    std::size_t rank = first;
    OrderedLeaf* leaf = descend_to_rank(rank, path);
    const auto index = static_cast<unsigned>(rank);
    const auto taken = static_cast<unsigned>(std::min<std::size_t>(left, leaf->count() - index));
    for (unsigned i = 0; i < taken; ++i) erased[i] = leaf->reference(index + i);
    leaf->erase(index, taken);
    size_ -= taken;
    left -= taken;
    add_elements(path, std::uint32_t{0} - taken);
    // What is left of the first of several leaves must not be mended before the last is reached.
    several |= left > 0;
    if (left == 0 || leaf->count() == 0) finish_erase(path, *leaf, index == 0);
    for (unsigned i = 0; i < taken; ++i) {
      if (i + kAhead < taken) __builtin_prefetch(erased[i + kAhead]);
      fn(element_of(erased[i]));
    }
  }
  if (!several || first == 0 || empty()) return;
  Path path;
  std::size_t rank = first - 1;
  const OrderedLeaf* leaf = descend_to_rank(rank, path);
  mend_leaf(path, *leaf);
}

template <class Traits, class Allocator>
void OrderedTree<Traits, Allocator>::clear() {
  if (root_ != nullptr) clear_below(root_, 0);
  root_ = nullptr;
  first_ = last_ = nullptr;
  size_ = 0;
  height_ = 0;
  TARN_ASSERT(leaves_ == 0 && branches_ == 0);
}

template <class Traits, class Allocator>
void OrderedTree<Traits, Allocator>::clear_below(void* node, unsigned level) {
  if (level == height_) {
    allocator_->deallocate(node, sizeof(OrderedLeaf));
    --leaves_;
    return;
  }
  OrderedBranch* branch = branch_of(node);
  for (unsigned i = 0; i < branch->count(); ++i) clear_below(branch->child(i), level + 1);
  drop_branch(branch);
}

template <class Traits, class Allocator>
bool OrderedTree<Traits, Allocator>::clear_step(std::size_t max_leaves) {
  for (; max_leaves > 0 && last_ != nullptr; --max_leaves) {
    Path path;
    OrderedLeaf* leaf = descend_to_last(path);
    size_ -= leaf->count();
    add_elements(path, std::uint32_t{0} - leaf->count());
    remove_leaf(path, *leaf);
  }
  return !empty();
}

template <class Traits, class Allocator>
void OrderedTree<Traits, Allocator>::drop_leaf(OrderedLeaf& leaf) {
  leaf.unlink();
  if (first_ == &leaf) first_ = leaf.next();
  if (last_ == &leaf) last_ = leaf.previous();
  allocator_->deallocate(&leaf, sizeof(OrderedLeaf));
  --leaves_;
}

template <class Traits, class Allocator>
void OrderedTree<Traits, Allocator>::drop_branch(OrderedBranch* branch) {
  allocator_->deallocate(branch, sizeof(OrderedBranch));
  --branches_;
}

// Restores the invariants after slots of the leaf were erased and the branches counted it.
template <class Traits, class Allocator>
void OrderedTree<Traits, Allocator>::finish_erase(Path& path, OrderedLeaf& leaf,
                                                  bool first_erased) {
  if (leaf.count() == 0) return remove_leaf(path, leaf);
  if (first_erased) refresh_smallest(path, leaf);
  mend_leaf(path, leaf);
}

template <class Traits, class Allocator>
void OrderedTree<Traits, Allocator>::remove_leaf(Path& path, OrderedLeaf& leaf) {
  drop_leaf(leaf);
  if (height_ == 0) {
    root_ = nullptr;
    return;
  }
  erase_entries(path, height_ - 1, path[height_ - 1].index, 1);
}

// Merges the leaf with its neighbours if they are few enough, or has them give it some of theirs.
// A leaf at an end of the tree gets none: where elements are popped, that would be in vain.
template <class Traits, class Allocator>
void OrderedTree<Traits, Allocator>::mend_leaf(Path& path, const OrderedLeaf& leaf) {
  if (leaf.count() > kLeafHalf || height_ == 0) return;
  const Step& step = path[height_ - 1];
  const Window window = window_around(step);
  unsigned leaves = (window.elements + kMergedMax - 1) / kMergedMax;
  if (leaves >= window.count) {
    if (leaf.count() > kLeafLow || &leaf == first_ || &leaf == last_) return;
    leaves = window.count;
  }
  OrderedLeafDeal deal;
  for (unsigned i = 0; i < window.count; ++i) {
    deal.take(*leaf_of(step.branch->child(window.first + i)));
  }
  deal_out(path, window, deal, leaves);
}

// Erases entries of the branch at `level`, but not all of them.
template <class Traits, class Allocator>
void OrderedTree<Traits, Allocator>::erase_entries(const Path& path, unsigned level, unsigned first,
                                                   unsigned count) {
  OrderedBranch* branch = path[level].branch;
  branch->erase(first, count);
  TARN_ASSERT(branch->count() > 0);
  refresh_smallest(path, level);
  if (level > 0) {
    if (branch->count() < kBranchLow) mend_branch(path, level);
  } else if (branch->count() == 1) {
    root_ = branch->child(0);
    --height_;
    drop_branch(branch);
  }
}

// Joins the branch with a neighbour, or takes some of the neighbour's entries.
template <class Traits, class Allocator>
void OrderedTree<Traits, Allocator>::mend_branch(const Path& path, unsigned level) {
  const Step& above = path[level - 1];
  const unsigned left_index = above.index == 0 ? 0 : above.index - 1;
  OrderedBranch* left = branch_of(above.branch->child(left_index));
  OrderedBranch* right = branch_of(above.branch->child(left_index + 1));
  OrderedEntries entries;
  entries.take(*left);
  entries.take(*right);
  const bool merges = entries.count() <= kMergedBranchMax;
  entries.give(*left, merges ? entries.count() : entries.count() / 2, *right);
  above.branch->set_entry(left_index, left->summary());
  if (merges) {
    drop_branch(right);
    erase_entries(path, level - 1, left_index + 1, 1);
  } else {
    above.branch->set_entry(left_index + 1, right->summary());
  }
}

// ---- Sharing out -------------------------------------------------------------------------------

template <class Traits, class Allocator>
auto OrderedTree<Traits, Allocator>::window_around(const Step& step) const -> Window {
  const unsigned count = std::min(kWindow, step.branch->count());
  const unsigned before = std::min(step.index, kWindow / 2);
  Window window{std::min(step.index - before, step.branch->count() - count), count, 0};
  for (unsigned i = window.first; i < window.first + count; ++i) {
    window.elements += step.branch->elements(i);
  }
  return window;
}

// Fills as many leaves as asked for evenly with what was taken from the window's: one more than
// there are, or as many, or fewer.
template <class Traits, class Allocator>
void OrderedTree<Traits, Allocator>::deal_out(Path& path, Window window, OrderedLeafDeal& deal,
                                              unsigned leaves) {
  OrderedBranch* branch = path[height_ - 1].branch;
  const unsigned kept = std::min(leaves, window.count);
  unsigned left = deal.count();
  const auto give = [&](OrderedLeaf& leaf, unsigned share_of) {
    const unsigned share = left / share_of;
    deal.give(leaf, share, code_of);
    left -= share;
    return entry_of(leaf);
  };
  for (unsigned i = 0; i < kept; ++i) {
    OrderedLeaf& leaf = *leaf_of(branch->child(window.first + i));
    branch->set_entry(window.first + i, give(leaf, leaves - i));
  }
  refresh_smallest(path, height_ - 1);
  if (leaves > kept) {
    OrderedLeaf* previous = leaf_of(branch->child(window.first + kept - 1));
    OrderedLeaf* fresh = new_leaf(previous, previous->next());
    insert_entry(path, height_ - 1, window.first + kept, give(*fresh, 1), Growth::kMiddle);
  } else if (leaves < window.count) {
    for (unsigned i = kept; i < window.count; ++i) {
      drop_leaf(*leaf_of(branch->child(window.first + i)));
    }
    erase_entries(path, height_ - 1, window.first + kept, window.count - kept);
  }
}

// ---- Changing an element -----------------------------------------------------------------------

template <class Traits, class Allocator>
void OrderedTree<Traits, Allocator>::rescore(Element& element, double score) {
  const double old_score = Traits::score(element);
  if (score == old_score) return Traits::set_score(element, score);  // 0 and -0 are not the same
  Path path;
  OrderedLeaf* leaf = descend_to(ThroughElement{old_score, &element, &element}, path);
  const unsigned old_index = leaf->index_of(&element, score_code(old_score));
  leaf->erase(old_index, 1);
  Traits::set_score(element, score);
  const unsigned index = gap_in(*leaf, BeforeElement{score, &element});
  // At the leaf's ends it stays if it moved inwards, for what is outside is further away.
  const bool behind_previous = index > 0 || score > old_score || leaf == first_;
  const bool before_next = index < leaf->count() || score < old_score || leaf == last_;
  if (behind_previous && before_next) {
    leaf->insert(index, &element, score_code(score));
    if (old_index == 0 || index == 0) refresh_smallest(path, *leaf);
    return;
  }
  --size_;
  add_elements(path, std::uint32_t{0} - 1);
  finish_erase(path, *leaf, old_index == 0);
  insert(&element);
}

// ---- Moving in memory --------------------------------------------------------------------------

template <class Traits, class Allocator>
template <class Leaves, class Move>
std::size_t OrderedTree<Traits, Allocator>::relocate(std::size_t first, std::size_t max_elements,
                                                     Leaves&& leaves, Move&& move) {
  Path path;
  std::size_t index = first;
  OrderedLeaf* leaf = descend_to_rank(index, path);
  for (unsigned level = 0; level < height_; ++level) {
    if (leaves(path[level].branch, sizeof(OrderedBranch))) path[level].branch = renew(path, level);
  }
  if (leaves(leaf, sizeof(OrderedLeaf))) leaf = renew(path, *leaf);

  const auto begin = static_cast<unsigned>(index);
  const auto end =
      static_cast<unsigned>(std::min<std::size_t>(leaf->count(), index + max_elements));
  for (unsigned i = begin; i < end; ++i) {
    if (i + kAhead < end) __builtin_prefetch(leaf->reference(i + kAhead));
    leaf->set_reference(i, move(element_of(leaf->reference(i))));
  }
  if (begin == 0) refresh_smallest(path, *leaf);
  return first + (end - begin);
}

template <class Traits, class Allocator>
OrderedBranch* OrderedTree<Traits, Allocator>::renew(const Path& path, unsigned level) {
  OrderedBranch* old = path[level].branch;
  auto* copy = new (allocator_->allocate(sizeof *old)) OrderedBranch(*old);
  set_child(path, level, copy);
  allocator_->deallocate(old, sizeof *old);
  return copy;
}

template <class Traits, class Allocator>
OrderedLeaf* OrderedTree<Traits, Allocator>::renew(const Path& path, OrderedLeaf& leaf) {
  OrderedLeaf* previous = leaf.previous();
  OrderedLeaf* next = leaf.next();
  auto* copy = new (allocator_->allocate(sizeof leaf)) OrderedLeaf(leaf);
  leaf.unlink();
  copy->link(previous, next);
  if (first_ == &leaf) first_ = copy;
  if (last_ == &leaf) last_ = copy;
  set_child(path, height_, copy);
  allocator_->deallocate(&leaf, sizeof leaf);
  return copy;
}

// The node at `level` of the path is this one now; below the last branch, that is the leaf.
template <class Traits, class Allocator>
void OrderedTree<Traits, Allocator>::set_child(const Path& path, unsigned level, void* node) {
  if (level == 0) {
    root_ = node;
  } else {
    path[level - 1].branch->set_child(path[level - 1].index, node);
  }
}

}  // namespace tarn
