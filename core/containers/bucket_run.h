#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/base/assert.h"
#include "core/containers/hash_segment.h"

namespace tarn {

// What a small HashTable is before its first segment: a few buckets, all of which are searched.
//
//   1 bucket, doubling to 16     64 to 1024 bytes, for 9 to 144 elements
//
// 1. An element lies in any slot. A lookup compares the tags of a bucket at a time, in order; even
//    sixteen lines that lie side by side are read in the time of one cache miss.
// 2. A run without a free slot doubles. The longest one does not: the table then puts its elements
//    into a segment, which they fill to a quarter.
// 3. An erase that leaves a quarter halves it.
//
// So ten elements take 128 bytes instead of a segment's 4096, and no number of them takes more than
// 28 bytes an element from the tenth on. The run counts nothing; the table does.
//
// Invariant: buckets behind the last are never touched, and slots are free or hold an element's
// tag.
class BucketRun {
 public:
  static constexpr unsigned kMaxBuckets = 16;
  static constexpr unsigned kMaxCapacity = kMaxBuckets * HashBucket::kSlots;

  BucketRun() = default;
  BucketRun(const BucketRun&) = delete;
  BucketRun& operator=(const BucketRun&) = delete;
  ~BucketRun() { clear(); }
  void swap(BucketRun& other) noexcept;

  // Without buckets, hence without elements.
  bool vacant() const { return length_ == 0; }
  std::size_t bytes() const { return length_ * sizeof(HashBucket); }
  std::span<const HashBucket> buckets() const { return {buckets_, length_}; }
  unsigned capacity() const { return length_ * HashBucket::kSlots; }

  // The element of this hash for which `same(reference)` holds.
  template <class Same>
  HashPlace find(std::uint64_t hash, Same&& same) const {
    const std::uint8_t tag = HashSegment::tag_of(hash);
    for (HashBucket* bucket = buckets_; bucket != buckets_ + length_; ++bucket) {
      for (unsigned mask = bucket->match(tag); mask != 0; mask &= mask - 1) {
        const auto slot = static_cast<unsigned>(std::countr_zero(mask));
        if (same(bucket->reference(slot))) return {bucket, slot};
      }
    }
    return {};
  }

  // Makes room first, if there is none. Returns false, with nothing changed, if there cannot be.
  bool place(std::uint64_t hash, void* reference);
  // Halves the run if it can do without; `left` elements remain. Places end.
  void remove(HashPlace place, unsigned left);

  // Writes the references of all elements to `out`, which has room for kMaxCapacity. Returns how
  // many.
  unsigned collect(void** out) const;
  // The n-th element in order of position. REQUIRES: there are more than n.
  void* nth(unsigned n) const;
  void clear();

  const void* block() const { return buckets_; }
  // Moves to other memory (see MallocSlabs). Places end. REQUIRES: not vacant()
  void move_block();

 private:
  void resize(unsigned length);

  HashBucket* buckets_ = nullptr;
  unsigned length_ = 0;
};

}  // namespace tarn
