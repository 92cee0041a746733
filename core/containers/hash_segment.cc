#include "core/containers/hash_segment.h"

#include <sanitizer/asan_interface.h>
#include <sys/mman.h>
#include <atomic>

#include <array>
#include <bit>
#include <mutex>
#include <new>

#include "core/base/assert.h"
#include "core/memory/pages.h"

namespace tarn {
namespace {

// Segments are pages, cut from chunks of 1 MiB that the system maps. A chunk is aligned to its
// size, so a page finds its chunk by address; the chunk's first page is its header. A freed page
// goes back to the system at once (a page at a time, whatever its neighbours do), except for a
// reserve that spares a table which breathes the page faults; a chunk without used pages is
// unmapped. Huge pages would make the first touch of a page a stall of milliseconds.
constexpr std::size_t kPageBytes = HashSegment::kBytes;
constexpr std::size_t kChunkPages = 256;
constexpr std::size_t kChunkBytes = kPageBytes * kChunkPages;
constexpr std::size_t kReservePages = 64;

struct Chunk {
  Chunk* previous;  // among the chunks that have free pages
  Chunk* next;
  std::size_t used;
  std::array<std::uint64_t, kChunkPages / 64> free;      // a bit a page
  std::array<std::uint64_t, kChunkPages / 64> resident;  // those free pages that hold memory

  static Chunk* of(void* page) {
    return reinterpret_cast<Chunk*>(reinterpret_cast<std::uintptr_t>(page) & ~(kChunkBytes - 1));
  }
  char* page(std::size_t index) { return reinterpret_cast<char*>(this) + index * kPageBytes; }
};

class PagePool {
 public:
  void* allocate() {
    const std::lock_guard lock(mutex_);
    if (available_ == nullptr) link(map_chunk());
    Chunk* chunk = available_;
    const std::size_t index = pick(*chunk);
    const std::uint64_t bit = std::uint64_t{1} << (index % 64);
    chunk->free[index / 64] &= ~bit;
    if ((chunk->resident[index / 64] & bit) != 0) {
      chunk->resident[index / 64] &= ~bit;
      --reserve_;
    }
    used_.fetch_add(1, std::memory_order_relaxed);
    if (++chunk->used == kChunkPages - 1) unlink(chunk);
    ASAN_UNPOISON_MEMORY_REGION(chunk->page(index), kPageBytes);
    return chunk->page(index);
  }

  void free(void* page) {
    const std::lock_guard lock(mutex_);
    Chunk* chunk = Chunk::of(page);
    const auto index =
        static_cast<std::size_t>(static_cast<char*>(page) - chunk->page(0)) / kPageBytes;
    const std::uint64_t bit = std::uint64_t{1} << (index % 64);
    used_.fetch_sub(1, std::memory_order_relaxed);
    if (chunk->used-- == kChunkPages - 1) link(chunk);
    chunk->free[index / 64] |= bit;
    if (reserve_ < kReservePages) {
      chunk->resident[index / 64] |= bit;
      ++reserve_;
    } else {
      ::madvise(page, kPageBytes, MADV_DONTNEED);
    }
    ASAN_POISON_MEMORY_REGION(page, kPageBytes);
    if (chunk->used == 0 && (chunk->previous != nullptr || chunk->next != nullptr)) unmap(chunk);
  }

  std::size_t used() const { return used_.load(std::memory_order_relaxed); }

 private:
  // Maps twice the size and returns what lies outside the aligned middle.
  static Chunk* map_chunk() {
    void* mapped = map_pages(2 * kChunkBytes);
    if (mapped == nullptr) throw std::bad_alloc();
    char* begin = static_cast<char*>(mapped);
    char* aligned = reinterpret_cast<char*>(Chunk::of(begin + kChunkBytes - 1));
    unmap_pages(begin, static_cast<std::size_t>(aligned - begin));
    char* end = begin + 2 * kChunkBytes;
    char* aligned_end = aligned + kChunkBytes;
    unmap_pages(aligned_end, static_cast<std::size_t>(end - aligned_end));
    Chunk* chunk = new (aligned) Chunk{};
    chunk->free.fill(~std::uint64_t{0});
    chunk->free[0] &= ~std::uint64_t{1};
    return chunk;
  }

  void unmap(Chunk* chunk) {
    unlink(chunk);
    for (const std::uint64_t word : chunk->resident) {
      reserve_ -= static_cast<std::size_t>(std::popcount(word));
    }
    ASAN_UNPOISON_MEMORY_REGION(chunk, kChunkBytes);
    unmap_pages(chunk, kChunkBytes);
  }

  // A free page of the chunk, one that holds memory before one that does not.
  static std::size_t pick(const Chunk& chunk) {
    for (const auto* words : {&chunk.resident, &chunk.free}) {
      for (std::size_t word = 0; word < words->size(); ++word) {
        const std::uint64_t bits = (*words)[word];
        if (bits != 0) return word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
      }
    }
    TARN_ASSERT(false && "a listed chunk has a free page");
    return 0;
  }

  void link(Chunk* chunk) {
    chunk->previous = nullptr;
    chunk->next = available_;
    if (available_ != nullptr) available_->previous = chunk;
    available_ = chunk;
  }

  void unlink(Chunk* chunk) {
    if (chunk->previous != nullptr) chunk->previous->next = chunk->next;
    if (chunk->next != nullptr) chunk->next->previous = chunk->previous;
    if (available_ == chunk) available_ = chunk->next;
    chunk->previous = chunk->next = nullptr;
  }

  std::atomic<std::size_t> used_ = 0;  // pages
  std::mutex mutex_;
  Chunk* available_ = nullptr;  // the chunks that have free pages
  std::size_t reserve_ = 0;     // free pages that hold memory, over all chunks
};

// Never destroyed: tables of static lifetime may outlive any order of destruction.
PagePool& pool() {
  static PagePool& instance = *new PagePool;
  return instance;
}

void prefetch(const void* address) { __builtin_prefetch(address); }

}  // namespace

HashSegment* HashSegment::create(unsigned depth) {
  auto* segment = static_cast<HashSegment*>(pool().allocate());
  std::memset(static_cast<void*>(segment), 0, kBytes);
  segment->set_depth(depth);
  return segment;
}

void HashSegment::destroy(HashSegment* segment) { pool().free(segment); }

// Where the system refuses, the page stays, and is copied.
void HashSegment::forget(HashSegment* segment) { ::madvise(segment, kBytes, MADV_DONTNEED); }

std::size_t HashSegment::total_bytes() { return pool().used() * kPageBytes; }

bool HashSegment::place_overflow(HashBucket* home, std::uint64_t hash, void* reference) {
  const auto put = [&](HashBucket& bucket, unsigned free) {
    bucket.set(static_cast<unsigned>(std::countr_zero(free)), tag_of(hash), reference);
    add_count(1);
    return true;
  };
  HashBucket* neighbour = next(home);
  if (const unsigned free = neighbour->free_slots(); free != 0) {
    home->count_next(1);
    return put(*neighbour, free);
  }
  for (unsigned index = kHomes; index < kBuckets; ++index) {
    HashBucket& stash = buckets_[index];
    const unsigned usable = index == kBuckets - 1 ? kLastSlots : HashBucket::kAllSlots;
    if (const unsigned free = stash.free_slots() & usable; free != 0) {
      home->count_stash(1);
      return put(stash, free);
    }
  }
  return false;
}

// Moves an element that is not counted in its home's overflow byte to the best place there is. Its
// own slot is free by then, so there always is one.
void HashSegment::settle(HashPlace place, std::uint64_t hash) {
  void* reference = place.reference();
  place.bucket->clear(place.slot);
  add_count(-1);
  const bool placed = this->place(home(hash), hash, reference);
  TARN_ASSERT(placed);
}

// Every element keeps its bucket and slot, here or in `upper`, which needs no search and cannot
// fail. Then those outside their homes move as close to home as the new room allows.
void HashSegment::split_into(HashSegment& upper, std::uint64_t bit, HashOf hash_of) {
  struct Stray {
    HashSegment* segment;
    HashPlace place;
    std::uint64_t hash;
  };
  std::array<HashPlace, kCapacity> places;
  std::array<Stray, kCapacity> strays;
  unsigned place_count = 0;
  unsigned stray_count = 0;

  for (HashBucket& bucket : buckets_) {
    bucket.forget_overflow();
    for (unsigned mask = bucket.used_slots(); mask != 0; mask &= mask - 1) {
      places[place_count++] = {&bucket, static_cast<unsigned>(std::countr_zero(mask))};
    }
  }
  for (unsigned i = 0; i < kAhead && i < place_count; ++i) prefetch(places[i].reference());
  for (unsigned i = 0; i < place_count; ++i) {
    if (i + kAhead < place_count) prefetch(places[i + kAhead].reference());
    HashPlace place = places[i];
    const auto index = static_cast<unsigned>(place.bucket - buckets_);
    const std::uint64_t hash = hash_of(place.reference());
    HashSegment* segment = this;
    if ((hash & bit) != 0) {
      HashBucket& target = upper.buckets_[index];
      target.set(place.slot, tag_of(hash), place.reference());
      upper.add_count(1);
      place.bucket->clear(place.slot);
      add_count(-1);
      segment = &upper;
      place.bucket = &target;
    }
    if (index != home_of(hash)) strays[stray_count++] = {segment, place, hash};
  }
  for (unsigned i = 0; i < stray_count; ++i)
    strays[i].segment->settle(strays[i].place, strays[i].hash);
}

bool HashSegment::absorb(const HashSegment& other, HashOf hash_of) {
  std::array<void*, kCapacity> references;
  const unsigned count = other.collect(references.data());
  HashSegment joint = *this;
  for (unsigned i = 0; i < kAhead && i < count; ++i) prefetch(references[i]);
  for (unsigned i = 0; i < count; ++i) {
    if (i + kAhead < count) prefetch(references[i + kAhead]);
    const std::uint64_t hash = hash_of(references[i]);
    if (!joint.place(joint.home(hash), hash, references[i])) return false;
  }
  *this = joint;
  return true;
}

unsigned HashSegment::collect(void** out) const {
  unsigned count = 0;
  for (const HashBucket& bucket : buckets_) {
    for (unsigned mask = bucket.used_slots(); mask != 0; mask &= mask - 1) {
      out[count++] = bucket.reference(static_cast<unsigned>(std::countr_zero(mask)));
    }
  }
  return count;
}

unsigned HashSegment::collect_home(unsigned home, HashOf hash_of, void** out) const {
  unsigned found = 0;
  const auto take = [&](const HashBucket& bucket) {
    for (unsigned mask = bucket.used_slots(); mask != 0; mask &= mask - 1) {
      out[found++] = bucket.reference(static_cast<unsigned>(std::countr_zero(mask)));
    }
  };
  take(buckets_[home]);
  if (buckets_[home].in_next() != 0) take(buckets_[home + 1 == kHomes ? 0 : home + 1]);
  if (buckets_[home].in_stash() != 0) {
    for (unsigned index = kHomes; index < kBuckets; ++index) take(buckets_[index]);
  }
  for (unsigned i = 0; i < found; ++i) prefetch(out[i]);
  unsigned kept = 0;
  for (unsigned i = 0; i < found; ++i) {
    if (home_of(hash_of(out[i])) == home) out[kept++] = out[i];
  }
  return kept;
}

void* HashSegment::nth(unsigned n) const {
  for (const HashBucket& bucket : buckets_) {
    unsigned mask = bucket.used_slots();
    const auto used = static_cast<unsigned>(std::popcount(mask));
    if (n >= used) {
      n -= used;
      continue;
    }
    for (; n > 0; --n) mask &= mask - 1;
    return bucket.reference(static_cast<unsigned>(std::countr_zero(mask)));
  }
  TARN_ASSERT(false && "n < count()");
  return nullptr;
}

unsigned HashSegment::neighbour_count() const {
  unsigned count = 0;
  for (unsigned index = 0; index < kHomes; ++index) count += buckets_[index].in_next();
  return count;
}

unsigned HashSegment::stash_count() const {
  int count = 0;
  for (unsigned index = kHomes; index < kBuckets; ++index) {
    count += std::popcount(buckets_[index].used_slots());
  }
  return static_cast<unsigned>(count);
}

void HashSegment::check(std::uint64_t first, std::uint64_t last, HashOf hash_of) const {
  std::array<unsigned, kHomes> in_next{};
  std::array<unsigned, kHomes> in_stash{};
  unsigned elements = 0;
  TARN_ASSERT((buckets_[kBuckets - 1].used_slots() & ~kLastSlots) == 0);
  for (unsigned index = 0; index < kBuckets; ++index) {
    const HashBucket& bucket = buckets_[index];
    for (unsigned mask = bucket.used_slots(); mask != 0; mask &= mask - 1, ++elements) {
      const auto slot = static_cast<unsigned>(std::countr_zero(mask));
      const std::uint64_t hash = hash_of(bucket.reference(slot));
      TARN_ASSERT(first <= hash && hash <= last && bucket.tag(slot) == tag_of(hash));
      const unsigned home = home_of(hash);
      if (index >= kHomes) {
        ++in_stash[home];
      } else if (index != home) {
        TARN_ASSERT(index == (home + 1) % kHomes);
        ++in_next[home];
      }
    }
  }
  TARN_ASSERT(elements == count());
  for (unsigned home = 0; home < kHomes; ++home) {
    const HashBucket& bucket = buckets_[home];
    TARN_ASSERT(bucket.in_next() == in_next[home]);
    TARN_ASSERT(bucket.in_stash() == HashBucket::kManyInStash ||
                bucket.in_stash() == in_stash[home]);
  }
}

std::uint64_t new_table_version() {
  static std::atomic<std::uint64_t> last = 0;
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace tarn
