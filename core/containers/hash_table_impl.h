#pragma once

// The bodies of HashTable that are not hot enough to stand in the class. Included by hash_table.h.

#include "core/containers/hash_table.h"

namespace tarn {

template <class Traits, unsigned kDirectoryBits>
void HashTable<Traits, kDirectoryBits>::swap(HashTable& other) noexcept {
  if (this == &other) return;
  std::swap(roots_, other.roots_);
  run_.swap(other.run_);
  std::swap(size_, other.size_);
  std::swap(first_occupied_, other.first_occupied_);
  std::swap(expected_depth_, other.expected_depth_);
  std::swap(segments_, other.segments_);
  std::swap(directory_entries_, other.directory_entries_);
  std::swap(splits_, other.splits_);
  std::swap(merges_, other.merges_);
  version_ = new_table_version();
  other.version_ = new_table_version();
}

// ---- Growing -----------------------------------------------------------------------------------

template <class Traits, unsigned kDirectoryBits>
void HashTable<Traits, kDirectoryBits>::insert_with_room(std::uint64_t hash, Element* element) {
  TARN_ASSERT(hash <= kHashMask);
  if (kStartsAsRun && segments_ == 0) {
    if (run_.place(hash, element)) return;
    leave_run();
  }
  for (;;) {
    HashSegment* segment = segment_of(hash);
    if (segment == nullptr) {
      add_segment(hash);
    } else if (segment->place(segment->home(hash), hash, element)) {
      return;
    } else {
      split(hash);
    }
  }
}

// The elements of a full run go to a segment.
template <class Traits, unsigned kDirectoryBits>
void HashTable<Traits, kDirectoryBits>::leave_run() {
  std::array<void*, BucketRun::kMaxCapacity> references;
  const unsigned count = run_.collect(references.data());
  run_.clear();
  add_segment(hash_of(references[0]));
  for (unsigned i = 0; i < count; ++i) {
    insert_with_room(hash_of(references[i]), static_cast<Element*>(references[i]));
  }
}

// The opposite. REQUIRES: the root's only segment has at most kRunAgain elements.
template <class Traits, unsigned kDirectoryBits>
void HashTable<Traits, kDirectoryBits>::become_run(Root& root) {
  std::array<void*, HashSegment::kCapacity> references;
  const unsigned count = root.entries[0]->collect(references.data());
  release_segment(root, {0, 1});
  release_directory(root);
  for (unsigned i = 0; i < count; ++i) run_.place(hash_of(references[i]), references[i]);
  root.count = count;
}

template <class Traits, unsigned kDirectoryBits>
void HashTable<Traits, kDirectoryBits>::expect(std::uint64_t elements) {
  constexpr unsigned kDeepest = 24;  // 2^24 segments a root: more than any memory has room for
  expected_depth_ = 0;
  while (expected_depth_ < kDeepest &&
         (elements >> (kDirectoryBits + expected_depth_)) > kExpectedFill) {
    ++expected_depth_;
  }
}

// Adds a segment for the largest range around the hash that is free of others, or for the one that
// is expected to fill it.
template <class Traits, unsigned kDirectoryBits>
void HashTable<Traits, kDirectoryBits>::add_segment(std::uint64_t hash) {
  Root& root = root_of(hash);
  if (root.entries == nullptr) {
    root.entries = new HashSegment* [1] { nullptr };
    root.depth = 0;
    ++directory_entries_;
  }
  while (root.depth < expected_depth_) double_directory(root);
  unsigned depth = root.depth;
  while (depth > expected_depth_) {
    const Range own = range_of(root, hash, depth);
    if (!vacant(root, {own.first ^ own.span, own.span})) break;
    --depth;
  }
  fill(root, range_of(root, hash, depth), HashSegment::create(depth));
  first_occupied_ = std::min(first_occupied_, start_of(hash, depth));
  ++segments_;
  version_ = new_table_version();
}

// Makes two segments of the hash's one. Where all elements go to one half, that one takes the old
// segment's place at the greater depth, and the caller splits again.
template <class Traits, unsigned kDirectoryBits>
void HashTable<Traits, kDirectoryBits>::split(std::uint64_t hash) {
  Root& root = root_of(hash);
  HashSegment* lower = segment_of(hash);
  const unsigned depth = lower->depth();
  TARN_ASSERT(kDirectoryBits + depth < kHashBits);
  if (depth == root.depth) double_directory(root);

  const Range range = range_of(root, hash, depth);
  const Range lower_range{range.first, range.span / 2};
  const Range upper_range{range.first + range.span / 2, range.span / 2};
  HashSegment* upper = HashSegment::create(depth + 1);
  ++segments_;
  lower->split_into(*upper, split_bit(depth), hash_of);
  lower->set_depth(depth + 1);
  fill(root, upper_range, upper);
  if (lower->count() == 0) release_segment(root, lower_range);
  if (upper->count() == 0) release_segment(root, upper_range);
  ++splits_;
  version_ = new_table_version();
}

template <class Traits, unsigned kDirectoryBits>
void HashTable<Traits, kDirectoryBits>::double_directory(Root& root) {
  const std::size_t old_entries = std::size_t{1} << root.depth;
  auto** entries = new HashSegment*[2 * old_entries];
  for (std::size_t i = 0; i < old_entries; ++i) {
    entries[2 * i] = entries[2 * i + 1] = root.entries[i];
  }
  delete[] root.entries;
  root.entries = entries;
  ++root.depth;
  directory_entries_ += old_entries;
}

// ---- Shrinking ---------------------------------------------------------------------------------

template <class Traits, unsigned kDirectoryBits>
auto HashTable<Traits, kDirectoryBits>::erase(Slot slot) -> Element* {
  Element* element = slot.get();
  if (kStartsAsRun && segments_ == 0) {
    --root_of(slot.hash_).count;
    run_.remove(slot.place_, static_cast<unsigned>(--size_));
    return element;
  }
  HashSegment* segment = HashSegment::of(slot.place_.bucket);
  segment->remove(segment->home(slot.hash_), slot.place_);
  --root_of(slot.hash_).count;
  --size_;
  const unsigned left = segment->count();
  if (left <= kMergeOwnMax && left % kMergeInterval == 0) [[unlikely]] {
    shrink(slot.hash_);
  }
  return element;
}

// Merges the hash's segment upwards as long as it can be; frees it if it is empty, or few are left.
template <class Traits, unsigned kDirectoryBits>
void HashTable<Traits, kDirectoryBits>::shrink(std::uint64_t hash) {
  Root& root = root_of(hash);
  while (merge(root, hash)) halve_directory(root);
  const HashSegment* segment = segment_of(hash);
  if (segment->count() == 0) release_segment(root, range_of(root, hash, segment->depth()));
  if (root.count == 0) {
    release_directory(root);
  } else if (kStartsAsRun && root.depth == 0 && root.count <= kRunAgain) {
    become_run(root);
  }
}

// Joins the hash's segment with its buddy if they are few enough. Returns whether it did.
template <class Traits, unsigned kDirectoryBits>
bool HashTable<Traits, kDirectoryBits>::merge(Root& root, std::uint64_t hash) {
  HashSegment* segment = segment_of(hash);
  const unsigned depth = segment->depth();
  if (depth == 0) return false;
  const Range own = range_of(root, hash, depth);
  const Range other{own.first ^ own.span, own.span};
  HashSegment* buddy = root.entries[other.first];
  if (buddy == nullptr) {
    if (!vacant(root, other)) return false;
  } else {
    if (buddy->depth() != depth || segment->count() + buddy->count() > kMergeMax) return false;
    // The smaller moves to the larger.
    if (segment->count() < buddy->count()) {
      if (!buddy->absorb(*segment, hash_of)) return false;
      release_segment(root, own);
      segment = buddy;
    } else {
      if (!segment->absorb(*buddy, hash_of)) return false;
      release_segment(root, other);
    }
  }
  segment->set_depth(depth - 1);
  fill(root, range_of(root, hash, depth - 1), segment);
  first_occupied_ = std::min(first_occupied_, start_of(hash, depth - 1));
  ++merges_;
  version_ = new_table_version();
  return true;
}

// Drops the last bit of the directory as long as no segment needs it.
template <class Traits, unsigned kDirectoryBits>
void HashTable<Traits, kDirectoryBits>::halve_directory(Root& root) {
  while (root.depth > 0) {
    const std::size_t entries_count = std::size_t{1} << (root.depth - 1);
    for (std::size_t i = 0; i < entries_count; ++i) {
      if (root.entries[2 * i] != root.entries[2 * i + 1]) return;
    }
    auto** entries = new HashSegment*[entries_count];
    for (std::size_t i = 0; i < entries_count; ++i) entries[i] = root.entries[2 * i];
    delete[] root.entries;
    root.entries = entries;
    --root.depth;
    directory_entries_ -= entries_count;
  }
}

template <class Traits, unsigned kDirectoryBits>
void HashTable<Traits, kDirectoryBits>::release_segment(Root& root, Range range) {
  HashSegment::destroy(root.entries[range.first]);
  fill(root, range, nullptr);
  --segments_;
  version_ = new_table_version();
}

template <class Traits, unsigned kDirectoryBits>
void HashTable<Traits, kDirectoryBits>::release_directory(Root& root) {
  delete[] root.entries;
  directory_entries_ -= std::size_t{1} << root.depth;
  root = Root{};
  version_ = new_table_version();
}

template <class Traits, unsigned kDirectoryBits>
void HashTable<Traits, kDirectoryBits>::clear() {
  for (Root& root : roots_) {
    if (root.entries == nullptr) continue;
    for_each_segment(root, [](HashSegment* segment, std::size_t) {
      HashSegment::destroy(segment);
      return true;
    });
    release_directory(root);
  }
  run_.clear();
  roots_ = {};
  size_ = 0;
  segments_ = 0;
  first_occupied_ = 0;
}

template <class Traits, unsigned kDirectoryBits>
template <class Fn>
bool HashTable<Traits, kDirectoryBits>::clear_step(std::size_t max_elements, Fn&& fn) {
  std::array<void*, HashSegment::kCapacity> references;
  const auto hand_over = [&](unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
      if (i + kAhead < count) __builtin_prefetch(references[i + kAhead]);
      fn(static_cast<Element*>(references[i]));
    }
  };
  if (!run_.vacant()) {
    const unsigned count = run_.collect(references.data());
    clear();
    hand_over(count);
    return size_ > 0;
  }
  for (std::size_t handed = 0; handed < max_elements && size_ > 0;) {
    const std::uint64_t position = next_occupied(first_occupied_);
    Root& root = root_of(position);
    HashSegment* segment = segment_of(position);
    const unsigned depth = segment->depth();
    const unsigned count = segment->collect(references.data());
    first_occupied_ = position + (std::uint64_t{1} << (kRootShift - depth));
    release_segment(root, range_of(root, position, depth));
    size_ -= count;
    root.count -= count;
    if (root.count == 0) release_directory(root);
    hand_over(count);
    handed += count;
  }
  return size_ > 0;
}

// ---- Walking -----------------------------------------------------------------------------------

template <class Traits, unsigned kDirectoryBits>
void HashTable<Traits, kDirectoryBits>::prefetch_element(std::uint64_t hash, Hint& hint) const {
  if (hint.version_ != version_) hint = locate(hash);
  if (hint.home_ == nullptr) {
    run_.find(hash, [](const void* reference) {
      __builtin_prefetch(reference);
      return true;
    });
    return;
  }
  const std::uint8_t tag = HashSegment::tag_of(hash);
  const HashBucket* bucket = hint.home_;
  unsigned mask = bucket->match(tag);
  if (mask == 0 && bucket->in_next() != 0) {
    bucket = HashSegment::of(hint.home_)->next(hint.home_);
    mask = bucket->match(tag);
  }
  if (mask == 0) {
    // An insertion is counted at the segment's end.
    __builtin_prefetch(HashSegment::of(hint.home_)->header_line(), 1);
    return;
  }
  const auto* element =
      static_cast<const char*>(bucket->reference(static_cast<unsigned>(std::countr_zero(mask))));
  __builtin_prefetch(element);
  __builtin_prefetch(element + kPrefetchBytes);
}

// Calls fn(segment, first entry) for every segment until it returns false.
template <class Traits, unsigned kDirectoryBits>
template <class Fn>
void HashTable<Traits, kDirectoryBits>::for_each_segment(const Root& root, Fn&& fn) {
  if (root.entries == nullptr) return;
  const std::size_t end = std::size_t{1} << root.depth;
  for (std::size_t i = 0; i < end;) {
    HashSegment* segment = root.entries[i];
    const std::size_t span =
        segment == nullptr ? 1 : std::size_t{1} << (root.depth - segment->depth());
    if (segment != nullptr && !fn(segment, i)) return;
    i += span;
  }
}

template <class Traits, unsigned kDirectoryBits>
template <class Fn>
void HashTable<Traits, kDirectoryBits>::for_each(Fn&& fn) const {
  for_each_collected(fn, [](HashSegment*) {});
}

template <class Traits, unsigned kDirectoryBits>
template <class Fn>
void HashTable<Traits, kDirectoryBits>::for_each_at_last(Fn&& fn) const {
  for_each_collected(fn, HashSegment::forget);
}

// Calls after(segment) when the elements have been taken down, and before fn is called with them.
template <class Traits, unsigned kDirectoryBits>
template <class Fn, class After>
void HashTable<Traits, kDirectoryBits>::for_each_collected(Fn&& fn, After&& after) const {
  std::array<void*, HashSegment::kCapacity> references;
  const auto visit = [&](unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
      if (i + kAhead < count) __builtin_prefetch(references[i + kAhead]);
      fn(static_cast<Element*>(references[i]));
    }
  };
  visit(run_.collect(references.data()));
  for (const Root& root : roots_) {
    for_each_segment(root, [&](HashSegment* segment, std::size_t) {
      const unsigned count = segment->collect(references.data());
      after(segment);
      visit(count);
      return true;
    });
  }
}

template <class Traits, unsigned kDirectoryBits>
template <class Fn>
bool HashTable<Traits, kDirectoryBits>::for_some(Progress& progress, Fn&& fn) const {
  std::array<void*, HashSegment::kCapacity> references;
  unsigned count = 0;
  std::uint64_t end = kHashEnd;
  if (!run_.vacant()) {
    count = run_.collect(references.data());
  } else {
    progress.position = next_occupied(progress.position);
    if (progress.position == kHashEnd) return false;
    const HashSegment* segment = segment_of(progress.position);
    count = segment->collect(references.data());
    end = progress.position + (std::uint64_t{1} << (kRootShift - segment->depth()));
  }
  while (progress.done < count) {
    if (progress.done + kAhead < count) __builtin_prefetch(references[progress.done + kAhead]);
    if (!fn(static_cast<Element*>(references[progress.done++]))) break;
  }
  if (progress.done < count) return true;
  progress = {end, 0};
  return end != kHashEnd && next_occupied(end) != kHashEnd;
}

// The first hash from `position` on that a segment covers, or kHashEnd.
template <class Traits, unsigned kDirectoryBits>
std::uint64_t HashTable<Traits, kDirectoryBits>::next_occupied(std::uint64_t position) const {
  while (position < kHashEnd) {
    const Root& root = root_of(position);
    unsigned shift = kRootShift;
    if (root.entries != nullptr) {
      if (segment_of(position) != nullptr) return position;
      shift -= root.depth;
    }
    position = ((position >> shift) + 1) << shift;
  }
  return kHashEnd;
}

// A cursor names a block of hash space, the hashes from `start` on that share its first `length`
// bits, and a home bucket: all blocks before this one are done, and in this one all homes before
// that one. The block is the range of the segment as it was when the scan entered it.
//
//   cursor = | the `length` bits, a one, zeros: 49 bits | home: 6 bits |
//
// - The segment has split since: the block becomes its first part, in which the same homes are
//   done. The other parts are done from their first home, so some elements are returned again.
// - The segment has merged since: the block stays as it is, a part of the segment's range, and
//   only elements of that part are returned.
// - The table has become a run since, or begins as one: what lies before the block is done, all
//   else is returned in this step, and the scan is at its end.
// - The scan enters a block (home 0): it is the largest that starts here and lies within the
//   segment's range.
template <class Traits, unsigned kDirectoryBits>
template <class Fn>
std::uint64_t HashTable<Traits, kDirectoryBits>::scan(std::uint64_t cursor, Fn&& fn) const {
  Block block = block_of(cursor);
  if (!run_.vacant()) {
    scan_run(block.start, fn);
    return 0;
  }
  const std::uint64_t start = next_occupied(block.start);
  if (start == kHashEnd) return 0;
  if (start != block.start) block.home = 0;
  if (block.home == 0) block = {start, alignment(start), 0};
  const HashSegment* segment = segment_of(start);
  block.length = std::max(block.length, kDirectoryBits + segment->depth());
  const std::uint64_t last = start | (kHashMask >> block.length);

  std::array<void*, HashSegment::kMaxOfHome> references;
  const unsigned count = segment->collect_home(block.home, hash_of, references.data());
  const auto in_block = [start, last](const void* reference) {
    const std::uint64_t hash = hash_of(reference);
    return start <= hash && hash <= last;
  };
  const auto end = std::partition(references.begin(), references.begin() + count, in_block);

  // The cursor before the elements: fn may change the table, and the guarantee holds from here on.
  std::uint64_t next_cursor = cursor_of({start, block.length, block.home + 1});
  if (block.home + 1 == HashSegment::kHomes) {
    const std::uint64_t next_start = next_occupied(last + 1);
    next_cursor = next_start == kHashEnd ? 0 : cursor_of({next_start, kHashBits, 0});
  }
  std::for_each(references.begin(), end,
                [&fn](void* reference) { fn(static_cast<Element*>(reference)); });
  return next_cursor;
}

// Calls fn for the elements of a run whose hash is not below `start`. fn may change the table.
template <class Traits, unsigned kDirectoryBits>
template <class Fn>
void HashTable<Traits, kDirectoryBits>::scan_run(std::uint64_t start, Fn&& fn) const {
  std::array<void*, BucketRun::kMaxCapacity> references;
  const unsigned count = run_.collect(references.data());
  const auto end =
      std::partition(references.begin(), references.begin() + count,
                     [start](const void* reference) { return hash_of(reference) >= start; });
  std::for_each(references.begin(), end,
                [&fn](void* reference) { fn(static_cast<Element*>(reference)); });
}

// How many leading bits hold all the ones of `start`.
template <class Traits, unsigned kDirectoryBits>
unsigned HashTable<Traits, kDirectoryBits>::alignment(std::uint64_t start) {
  return start == 0 ? 0 : kHashBits - static_cast<unsigned>(std::countr_zero(start));
}

template <class Traits, unsigned kDirectoryBits>
std::uint64_t HashTable<Traits, kDirectoryBits>::cursor_of(Block block) {
  return (block.start << 1 | kHashEnd >> block.length) << kCursorHomeBits | block.home;
}

// What no table has returned starts over (0 among them), or is the end if it cannot name a block.
template <class Traits, unsigned kDirectoryBits>
auto HashTable<Traits, kDirectoryBits>::block_of(std::uint64_t cursor) -> Block {
  const std::uint64_t marked = cursor >> kCursorHomeBits;
  const auto home = static_cast<unsigned>(cursor & ((1U << kCursorHomeBits) - 1));
  if (marked == 0) return {0, 0, 0};
  if (marked > 2 * kHashMask + 1 || home >= HashSegment::kHomes) return {kHashEnd, 0, 0};
  return {(marked & (marked - 1)) >> 1, kHashBits - static_cast<unsigned>(std::countr_zero(marked)),
          home};
}

// ---- Drawing -----------------------------------------------------------------------------------

// A uniform number below `bound`.
template <class Traits, unsigned kDirectoryBits>
template <class Rng>
std::uint64_t HashTable<Traits, kDirectoryBits>::below(std::uint64_t bound, Rng& rng) {
  const std::uint64_t mask = std::bit_ceil(bound) - 1;
  for (;;) {
    const std::uint64_t drawn = rng() & mask;
    if (drawn < bound) return drawn;
  }
}

// A root is drawn in proportion to its count. In it, a directory entry, a slot and a ticket are
// drawn until the slot is used and the ticket, one of as many as the segment has entries, is the
// first: so every slot of the root has the same chance in a round. If that takes too long, or the
// directory is so small that counting is quicker, the n-th element is as good a draw.
template <class Traits, unsigned kDirectoryBits>
template <class Rng>
auto HashTable<Traits, kDirectoryBits>::random(Rng&& rng) const -> Element* {
  constexpr unsigned kCountedDepth = 2;
  constexpr unsigned kRounds = 64;
  if (size_ == 0) return nullptr;
  std::uint64_t n = below(size_, rng);
  if (!run_.vacant()) return static_cast<Element*>(run_.nth(static_cast<unsigned>(n)));
  const Root* root = roots_.data();
  for (; n >= root->count; ++root) n -= root->count;
  for (unsigned round = 0; root->depth > kCountedDepth && round < kRounds; ++round) {
    HashSegment* segment = root->entries[rng() >> (64 - root->depth)];
    if (segment == nullptr) continue;
    const std::uint64_t tickets = std::uint64_t{1} << (root->depth - segment->depth());
    if ((rng() & (tickets - 1)) != 0) continue;
    const auto position = static_cast<unsigned>(below(HashSegment::kPositions, rng));
    const HashBucket& bucket = *segment->bucket(position / HashBucket::kSlots);
    const unsigned slot = position % HashBucket::kSlots;
    if (bucket.tag(slot) != 0) return static_cast<Element*>(bucket.reference(slot));
  }
  return nth_in_root(*root, n);
}

template <class Traits, unsigned kDirectoryBits>
auto HashTable<Traits, kDirectoryBits>::nth_in_root(const Root& root, std::uint64_t n) const
    -> Element* {
  void* found = nullptr;
  for_each_segment(root, [&](HashSegment* segment, std::size_t) {
    if (n >= segment->count()) {
      n -= segment->count();
      return true;
    }
    found = segment->nth(static_cast<unsigned>(n));
    return false;
  });
  return static_cast<Element*>(found);
}

// ---- Looking inside ----------------------------------------------------------------------------

template <class Traits, unsigned kDirectoryBits>
HashTableStats HashTable<Traits, kDirectoryBits>::stats() const {
  HashTableStats stats;
  stats.elements = size_;
  stats.memory_bytes = memory_bytes();
  stats.segments = segments_;
  stats.directory_entries = directory_entries_;
  stats.splits = splits_;
  stats.merges = merges_;
  const auto count_bucket = [&stats](const HashBucket& bucket) {
    ++stats.buckets_by_fill[static_cast<std::size_t>(std::popcount(bucket.used_slots()))];
  };
  for (const HashBucket& bucket : run_.buckets()) count_bucket(bucket);
  for (const Root& root : roots_) {
    if (root.entries != nullptr) ++stats.directories;
    for_each_segment(root, [&](const HashSegment* segment, std::size_t) {
      for (unsigned i = 0; i < HashSegment::kBuckets; ++i) count_bucket(*segment->bucket(i));
      stats.neighbour_elements += segment->neighbour_count();
      stats.stash_elements += segment->stash_count();
      const std::size_t tenths = stats.segments_by_fill.size();
      const std::size_t tenth = segment->count() * tenths / (HashSegment::kCapacity + 1);
      ++stats.segments_by_fill[tenth];
      return true;
    });
  }
  return stats;
}

// Returns how many elements the run has.
template <class Traits, unsigned kDirectoryBits>
std::size_t HashTable<Traits, kDirectoryBits>::check_run() const {
  std::array<void*, BucketRun::kMaxCapacity> references;
  const unsigned count = run_.collect(references.data());
  TARN_ASSERT(run_.vacant() == (count == 0));
  TARN_ASSERT(run_.vacant() || (kStartsAsRun && segments_ == 0 && roots_[0].count == count));
  for (unsigned i = 0; i < count; ++i) {
    const void* reference = references[i];
    const HashPlace place = run_.find(
        hash_of(reference), [reference](const void* other) { return other == reference; });
    TARN_ASSERT(place);
  }
  return count;
}

template <class Traits, unsigned kDirectoryBits>
void HashTable<Traits, kDirectoryBits>::check() const {
  std::size_t elements = check_run();
  std::size_t segments = 0;
  std::size_t entries = 0;
  for (std::size_t index = 0; index < kRoots; ++index) {
    const Root& root = roots_[index];
    TARN_ASSERT((root.entries == nullptr) == (root.count == 0 || !run_.vacant()));
    if (root.entries == nullptr) continue;
    entries += std::size_t{1} << root.depth;
    std::size_t in_root = 0;
    for_each_segment(root, [&](const HashSegment* segment, std::size_t first) {
      TARN_ASSERT(segment->count() > 0 && segment->depth() <= root.depth);
      const std::size_t span = std::size_t{1} << (root.depth - segment->depth());
      TARN_ASSERT(first % span == 0);
      for (std::size_t i = first; i < first + span; ++i) TARN_ASSERT(root.entries[i] == segment);
      const unsigned prefix_length = kDirectoryBits + segment->depth();
      const std::uint64_t start = (std::uint64_t{index} << kRootShift) |
                                  (std::uint64_t{first} << (kRootShift - root.depth));
      TARN_ASSERT(start >= first_occupied_);
      segment->check(start, start | (kHashMask >> prefix_length), hash_of);
      in_root += segment->count();
      ++segments;
      return true;
    });
    TARN_ASSERT(in_root == root.count);
    elements += in_root;
  }
  TARN_ASSERT(elements == size_ && segments == segments_ && entries == directory_entries_);
}

}  // namespace tarn
