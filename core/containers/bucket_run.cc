#include "core/containers/bucket_run.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include "core/memory/malloc_slabs.h"

namespace tarn {

void BucketRun::swap(BucketRun& other) noexcept {
  std::swap(buckets_, other.buckets_);
  std::swap(length_, other.length_);
}

bool BucketRun::place(std::uint64_t hash, void* reference) {
  for (unsigned index = 0;; ++index) {
    if (index == length_) {
      if (length_ == kMaxBuckets) return false;
      resize(std::max(1U, 2 * length_));
    }
    const unsigned free = buckets_[index].free_slots();
    if (free == 0) continue;
    buckets_[index].set(static_cast<unsigned>(std::countr_zero(free)), HashSegment::tag_of(hash),
                        reference);
    return true;
  }
}

void BucketRun::remove(HashPlace place, unsigned left) {
  place.bucket->clear(place.slot);
  if (left == 0) {
    clear();
  } else if (length_ > 1 && left <= capacity() / 4) {
    resize(length_ / 2);
  }
}

// The tags go along, so no element is looked at.
void BucketRun::resize(unsigned length) {
  void* block = std::aligned_alloc(alignof(HashBucket), length * sizeof(HashBucket));
  if (block == nullptr) throw std::bad_alloc();
  auto* buckets = static_cast<HashBucket*>(block);
  std::memset(static_cast<void*>(buckets), 0, length * sizeof(HashBucket));
  unsigned position = 0;
  for (unsigned index = 0; index < length_; ++index) {
    const HashBucket& bucket = buckets_[index];
    for (unsigned mask = bucket.used_slots(); mask != 0; mask &= mask - 1, ++position) {
      const auto slot = static_cast<unsigned>(std::countr_zero(mask));
      TARN_ASSERT(position < length * HashBucket::kSlots);
      buckets[position / HashBucket::kSlots].set(position % HashBucket::kSlots, bucket.tag(slot),
                                                 bucket.reference(slot));
    }
  }
  clear();
  buckets_ = buckets;
  length_ = length;
}

unsigned BucketRun::collect(void** out) const {
  unsigned count = 0;
  for (unsigned index = 0; index < length_; ++index) {
    for (unsigned mask = buckets_[index].used_slots(); mask != 0; mask &= mask - 1) {
      out[count++] = buckets_[index].reference(static_cast<unsigned>(std::countr_zero(mask)));
    }
  }
  return count;
}

void* BucketRun::nth(unsigned n) const {
  void* references[kMaxCapacity];
  const unsigned count = collect(references);
  TARN_ASSERT(n < count);
  return references[n];
}

void BucketRun::move_block() {
  void* copy = MallocSlabs::allocate(bytes(), alignof(HashBucket));
  std::memcpy(copy, buckets_, bytes());
  MallocSlabs::free(std::exchange(buckets_, static_cast<HashBucket*>(copy)));
}

void BucketRun::clear() {
  std::free(buckets_);
  buckets_ = nullptr;
  length_ = 0;
}

}  // namespace tarn
