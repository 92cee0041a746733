#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "core/base/hash.h"

namespace tarn {

// The building block of HashTable: a page of 64 buckets, a bucket a cache line of nine slots.
//
//   segment   60 home buckets | 4 stash buckets                                   4096 bytes
//   bucket    9 tags (0: free) | overflow byte | 9 references of 6 bytes            64 bytes
//
// An element's hash names its home bucket and its tag. It lives in the home bucket, or, that being
// full, in the next one (59 wraps to 0), or, that being full, in the stash. The home bucket's
// overflow byte counts how many of its elements went where, so a lookup that finds no match in the
// home line reads on only where something may be found.
//
// The last slot of the last stash bucket is not a slot: its bytes hold depth and element count.
//
// Invariants:
//   - an element outside its home bucket is counted in its home's overflow byte; the stash count
//     stays at 15 once it got there, until a split recounts it;
//   - the order home, next, stash is a preference at insertion only; an erase pulls nothing back.

// A number that this function never returned before in this process. Thread-safe.
std::uint64_t new_table_version();

// One cache line: nine slots of a tag and a 48-bit reference.
class alignas(64) HashBucket {
 public:
  static constexpr unsigned kSlots = 9;
  static constexpr unsigned kAllSlots = (1U << kSlots) - 1;

  // The slots whose tag is `tag`, as a bit mask.
  unsigned match(std::uint8_t tag) const {
#if defined(__SSE2__)
    const __m128i tags = _mm_load_si128(reinterpret_cast<const __m128i*>(this));
    const __m128i same = _mm_cmpeq_epi8(tags, _mm_set1_epi8(static_cast<char>(tag)));
    return static_cast<unsigned>(_mm_movemask_epi8(same)) & kAllSlots;
#else
    return match_portable(tag);
#endif
  }
  unsigned match_portable(std::uint8_t tag) const {
    unsigned mask = 0;
    for (unsigned slot = 0; slot < kSlots; ++slot) mask |= unsigned{tags_[slot] == tag} << slot;
    return mask;
  }
  unsigned free_slots() const { return match(0); }
  unsigned used_slots() const { return free_slots() ^ kAllSlots; }

  std::uint8_t tag(unsigned slot) const { return tags_[slot]; }

  // A reference is read as the upper six of the eight bytes that end with it: these never leave
  // the line.
  void* reference(unsigned slot) const {
    static_assert(std::endian::native == std::endian::little);
    std::uint64_t word;
    std::memcpy(&word, reinterpret_cast<const char*>(this) + 8 + kReferenceBytes * slot, 8);
    return reinterpret_cast<void*>(word >> 16);
  }
  void set_reference(unsigned slot, void* reference) {
    const auto word = reinterpret_cast<std::uint64_t>(reference);
    std::memcpy(references_ + kReferenceBytes * slot, &word, kReferenceBytes);
  }
  void set(unsigned slot, std::uint8_t tag, void* reference) {
    tags_[slot] = tag;
    set_reference(slot, reference);
  }
  void clear(unsigned slot) { tags_[slot] = 0; }

  bool has_overflow() const { return overflow_ != 0; }
  unsigned in_next() const { return overflow_ & 0x0fU; }
  unsigned in_stash() const { return overflow_ >> 4; }
  void count_next(int change) { overflow_ = static_cast<std::uint8_t>(overflow_ + change); }
  void count_stash(int change) {
    if (in_stash() != kManyInStash) {
      overflow_ = static_cast<std::uint8_t>(overflow_ + 16 * change);
    }
  }
  void forget_overflow() { overflow_ = 0; }

  static constexpr unsigned kManyInStash = 15;

 private:
  friend class HashSegment;
  static constexpr unsigned kReferenceBytes = 6;

  std::uint8_t tags_[kSlots];
  std::uint8_t overflow_;  // low nibble: in the next bucket, high nibble: in the stash
  unsigned char references_[kSlots * kReferenceBytes];
};
static_assert(sizeof(HashBucket) == 64);

// Where an element lives; bucket is null if nowhere.
struct HashPlace {
  HashBucket* bucket = nullptr;
  unsigned slot = 0;

  explicit operator bool() const { return bucket != nullptr; }
  void* reference() const { return bucket->reference(slot); }
};

class HashSegment {
 public:
  static constexpr std::size_t kBytes = 4096;
  static constexpr unsigned kHomes = 60;
  static constexpr unsigned kBuckets = 64;
  static constexpr unsigned kPositions = kBuckets * HashBucket::kSlots;
  static constexpr unsigned kCapacity = kPositions - 1;

  // How many elements ahead a walk over all of them fetches, so that their cache misses overlap.
  static constexpr unsigned kAhead = 16;

  // How many slots an element of one home may be in: its own, the next, the stash.
  static constexpr unsigned kMaxOfHome = 6 * HashBucket::kSlots;

  using HashOf = std::uint64_t (*)(const void* reference);

  // Low 16 bits choose the home, the next 8 make the tag; a directory counts from the top.
  static unsigned home_of(std::uint64_t hash) {
    return static_cast<unsigned>(((hash & 0xffff) * kHomes) >> 16);
  }
  static std::uint8_t tag_of(std::uint64_t hash) {
    const auto bits = static_cast<std::uint8_t>(hash >> 16);
    return bits == 0 ? std::uint8_t{1} : bits;
  }

  // The segment that a bucket belongs to.
  static HashSegment* of(HashBucket* bucket) {
    return reinterpret_cast<HashSegment*>(reinterpret_cast<std::uintptr_t>(bucket) & ~(kBytes - 1));
  }

  // Segments come from a pool shared by all tables, page by page, and go back to the system except
  // for a small reserve. Both are safe to call from any thread.
  static HashSegment* create(unsigned depth);
  static void destroy(HashSegment* segment);
  // For a forked child that will not look at the segment again: it lets go of the page, so that the
  // parent can write it without its being copied.
  static void forget(HashSegment* segment);
  // What all segments of the process hold.
  static std::size_t total_bytes();

  unsigned depth() const { return header()[0]; }
  void set_depth(unsigned depth) { header()[0] = static_cast<unsigned char>(depth); }
  unsigned count() const {
    std::uint16_t count;
    std::memcpy(&count, header() + 2, sizeof(count));
    return count;
  }

  HashBucket* bucket(unsigned index) { return &buckets_[index]; }
  const HashBucket* bucket(unsigned index) const { return &buckets_[index]; }
  HashBucket* home(std::uint64_t hash) { return &buckets_[home_of(hash)]; }
  const void* header_line() const { return &buckets_[kBuckets - 1]; }

  // The element of this hash and home for which `same(reference)` holds.
  template <class Same>
  static HashPlace find(HashBucket* home, std::uint64_t hash, Same&& same) {
    const std::uint8_t tag = tag_of(hash);
    if (const HashPlace place = find_in(home, tag, same)) return place;
    if (!home->has_overflow()) [[likely]] {
      return {};
    }
    return of(home)->find_overflow(home, tag, same);
  }

  // Puts the element where it belongs. Returns false, with nothing changed, if there is no room.
  bool place(HashBucket* home, std::uint64_t hash, void* reference) {
    const unsigned free = home->free_slots();
    if (free == 0) [[unlikely]] {
      return place_overflow(home, hash, reference);
    }
    home->set(static_cast<unsigned>(std::countr_zero(free)), tag_of(hash), reference);
    add_count(1);
    return true;
  }

  // Takes the element of this home out of its place.
  void remove(HashBucket* home, HashPlace place) {
    place.bucket->clear(place.slot);
    add_count(-1);
    if (place.bucket != home) [[unlikely]] {
      place.bucket < &buckets_[kHomes] ? home->count_next(-1) : home->count_stash(-1);
    }
  }

  // Moves the elements whose hash has `bit` set to `upper`, which is empty. O(kPositions).
  void split_into(HashSegment& upper, std::uint64_t bit, HashOf hash_of);

  // Takes in all elements of `other`, which keeps its copy. Returns false, with nothing changed,
  // if they have no room here.
  bool absorb(const HashSegment& other, HashOf hash_of);

  // Writes the references of all elements to `out`, which has room for kCapacity. Returns how many.
  unsigned collect(void** out) const;

  // The same for the elements whose home is `home`; `out` has room for kMaxOfHome.
  unsigned collect_home(unsigned home, HashOf hash_of, void** out) const;

  // The n-th element in order of position. REQUIRES: n < count()
  void* nth(unsigned n) const;

  // How many elements live in the bucket next to their home, as counted there.
  unsigned neighbour_count() const;
  // How many elements live in the stash.
  unsigned stash_count() const;

  // Asserts that all hashes are in [first, last] and that places and counts are as they must be.
  void check(std::uint64_t first, std::uint64_t last, HashOf hash_of) const;

  HashBucket* next(HashBucket* bucket) {
    return bucket == &buckets_[kHomes - 1] ? &buckets_[0] : bucket + 1;
  }

 private:
  static constexpr unsigned kReferenceBytes = HashBucket::kReferenceBytes;
  static constexpr unsigned kLastSlots = HashBucket::kAllSlots >> 1;  // the header's is taken

  template <class Same>
  static HashPlace find_in(HashBucket* bucket, std::uint8_t tag, Same& same) {
    for (unsigned mask = bucket->match(tag); mask != 0; mask &= mask - 1) {
      const auto slot = static_cast<unsigned>(std::countr_zero(mask));
      if (same(bucket->reference(slot))) return {bucket, slot};
    }
    return {};
  }

  template <class Same>
  HashPlace find_overflow(HashBucket* home, std::uint8_t tag, Same& same) {
    if (home->in_next() != 0) {
      if (const HashPlace place = find_in(next(home), tag, same)) return place;
    }
    if (home->in_stash() != 0) {
      for (unsigned index = kHomes; index < kBuckets; ++index) {
        if (const HashPlace place = find_in(&buckets_[index], tag, same)) return place;
      }
    }
    return {};
  }

  bool place_overflow(HashBucket* home, std::uint64_t hash, void* reference);
  void settle(HashPlace place, std::uint64_t hash);

  // The bytes of the last reference: depth, a spare one, element count.
  unsigned char* header() {
    return buckets_[kBuckets - 1].references_ + (HashBucket::kSlots - 1) * kReferenceBytes;
  }
  const unsigned char* header() const { return const_cast<HashSegment*>(this)->header(); }
  void add_count(int change) {
    const auto count = static_cast<std::uint16_t>(static_cast<int>(this->count()) + change);
    std::memcpy(header() + 2, &count, sizeof(count));
  }

  HashBucket buckets_[kBuckets];
};
static_assert(sizeof(HashSegment) == HashSegment::kBytes);

}  // namespace tarn
