#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/base/assert.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TARN_SLAB_ASAN 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define TARN_SLAB_ASAN 1
#endif
#ifdef TARN_SLAB_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace tarn {

// Memory for many small objects of one owner, that can be compacted.
//
// Idea. An object in a database has one owner, who finds every reference to it again (by hashing
// its key). So objects may move, and memory that deletes have left sparse can be emptied and given
// back, which no general-purpose allocator can do.
//
//  1. Sizes are rounded up to classes of 16, 24, 32 ... 1024 bytes. Nothing is stored in or next to
//     an object.
//  2. Memory comes in regions of 16 MiB, aligned to their size. A region is cut into slabs of
//     64 KiB, and each slab serves one class. The region's first slabs hold the metadata of all:
//     class, count and a bitmap of the objects taken. Masking a pointer gives its region, shifting
//     its slab. A region is reserved address space; only what is touched becomes resident.
//  3. A class hands out objects from its magazine, a short LIFO stack. An empty magazine is
//     refilled from the bitmap of the class's current slab, a word of 64 objects at a time and in
//     address order; a full one returns its older half to the bitmaps.
//  4. When the current slab is used up, the fullest slab with room becomes the next, so that sparse
//     ones get a chance to die out; failing that, the lowest free slab of a region. Slabs are kept
//     in lists by eighths of occupancy. One that has less than 1/32 free is in none: refilling a
//     magazine one object a slab would cost more than the space is worth.
//  5. A slab whose last object is returned gives its pages back to the system, apart from a few
//     warm ones; a region without slabs in use is unmapped.
//  6. Evacuation takes the sparsest slab (the victim) of a class that would fit in one slab less
//     with 1/16 to spare, and moves its objects into other slabs.
//  7. An owner who cannot find the reference to an object, but comes by all of them on a walk, has
//     all sparse slabs marked instead. Nothing is handed out from those, and the walk moves what
//     is_leaving() is true of.
//  8. While a forked child shares the memory, every page that is written is copied for it. So from
//     begin_sharing() to end_sharing() slabs that were open before are left alone: their lists are
//     set aside as they are, objects come from slabs opened since, and those freed in old slabs
//     are only written down, to be freed in slices when the child is gone. A slab is old if its
//     epoch is not the present one. (What is opened anew may have its metadata in a page with that
//     of old slabs: one copied page for seven slabs.)
//
// Invariants: a bit is set while its object is live, in the magazine or postponed; a slab's `used`
// counts its bits; no object of the victim is in a magazine or will be handed out. While the memory
// is shared, magazines hold objects of new slabs only, and there is no victim.
//
// Single-threaded. The allocator shares nothing with others, so a whole one may be moved to another
// thread and destroyed there. Objects are never destroyed, only their memory is: they must be
// trivially destructible, or the owner must have ended them.
//
// Under AddressSanitizer all memory that is not a live object is poisoned.
class SlabAllocator {
 public:
  static constexpr size_t kMinBytes = 16;
  static constexpr size_t kMaxBytes = 1024;
  static constexpr size_t kSlabBytes = size_t{64} << 10;
  static constexpr size_t kRegionBytes = size_t{16} << 20;
  static constexpr size_t kMoveGroup = 16;  // objects that are moved together, at most

  // What an object requested with `bytes` really takes. REQUIRES: bytes <= kMaxBytes
  static constexpr size_t usable_bytes(size_t bytes) { return class_bytes(class_of(bytes)); }

  struct ClassStats {
    size_t object_bytes;
    size_t slabs;
    size_t live_objects;
    size_t capacity;  // objects that the slabs have room for
  };

  struct EvacuationStep {
    size_t moved_objects = 0;
    size_t refused_objects = 0;  // `move` said false
    size_t released_bytes = 0;   // slabs given back to the system
    bool more = false;           // there is something left to evacuate
  };

  SlabAllocator() = default;  // takes no memory until the first allocate()
  ~SlabAllocator();           // unmaps everything; about 0.1 ms a resident MiB
  SlabAllocator(SlabAllocator&& other) noexcept { swap(other); }  // leaves `other` empty
  SlabAllocator& operator=(SlabAllocator&& other) noexcept;

  void swap(SlabAllocator& other) noexcept;

  // Memory for one object, aligned to 8 bytes and uninitialized. Throws std::bad_alloc when the
  // system has no more. REQUIRES: 1 <= bytes <= kMaxBytes
  [[nodiscard]] void* allocate(size_t bytes) {
    TARN_ASSERT(bytes - 1 < kMaxBytes);
    const size_t index = class_of(bytes);
    if (classes_ == nullptr || classes_[index].cached == 0) [[unlikely]]
      refill(index);
    SizeClass& size_class = classes_[index];
    void* object = size_class.magazine[--size_class.cached];
    bytes_in_use_ += class_bytes(index);
    unpoison(object, class_bytes(index));
    return object;
  }

  // Takes back what allocate(bytes) returned. `bytes` may be any size of the same class.
  // A double free, or one with a wrong size, is caught by an assertion, if only at the next flush.
  void deallocate(void* object, size_t bytes) {
    const size_t index = class_of(bytes);
    TARN_ASSERT(!is_poisoned(object));
    poison(object, class_bytes(index));
    bytes_in_use_ -= class_bytes(index);
    if (slab_number(object) == victim_number_ || watches_ != 0) [[unlikely]] {
      if (is_shared(object)) return postpone(object, index);
      if (is_leaving(object)) return return_to_slab(object, index);
    }
    SizeClass& size_class = classes_[index];
    if (size_class.cached == kMagazineObjects) [[unlikely]]
      flush(index, kMagazineObjects / 2);
    size_class.magazine[size_class.cached++] = object;
  }

  // One slice of evacuation: for up to `max_moves` objects in sparse slabs calls
  //   bool move(void* from, void* to, size_t usable_bytes)
  // which copies the object and redirects the owner's reference, or returns false and leaves it
  // (a slab with such an object is tried again only after something in it was freed). If `move` has
  // a member prefetch(std::span<void* const>), it is told of each group of objects before they are
  // moved. `move` must not allocate from or free to this allocator; between two steps everything is
  // allowed. Besides the moves a step costs O(classes). At the end every class holds at most 17/16
  // of the slabs it needs, plus one. Postponed frees are made up for first; while the memory is
  // shared there is nothing to do.
  template <class Move>
  EvacuationStep evacuate(size_t max_moves, Move&& move);

  // Marks up to `max_slabs` slabs, the sparsest of their classes, that the classes could do
  // without. Returns whether there may be more. Not to be mixed with evacuate(). None are marked
  // while the memory is shared.
  bool mark_sparse(size_t max_slabs);
  // Whether the object is to be moved: its slab is marked, or being evacuated.
  bool is_leaving(const void* object) const {
    const uint8_t place = slab_of(object)->place;
    return place == kLeavingList || place == kVictim;
  }
  bool has_leaving() const { return leaving_slabs_ != 0; }
  // Takes up to `max_slabs` marks back. What is still in those slabs is thought immovable, as after
  // a refusal in evacuate(). Returns whether there are more.
  bool unmark(size_t max_slabs);

  // To be called before a child is forked, and when it is gone (or there is none after all). Where
  // a fourth of the memory is sparse already, setting the rest of it aside too would be too much:
  // nothing is shared then, so to speak, and old slabs are written as ever. O(classes)
  // REQUIRES: begin and end take turns; an end without a begin is fine.
  void begin_sharing();
  void end_sharing();
  // Whether writing to the object would copy its page for a child.
  bool is_shared(const void* object) const { return sharing_ && slab_of(object)->epoch != epoch_; }
  // Frees up to `max_objects` of those that were freed while they were shared. Returns whether
  // there are more. Nothing happens while the memory is shared.
  bool free_postponed(size_t max_objects);
  bool has_postponed() const { return postponed_ != nullptr; }

  // Returns the magazines' objects to their slabs and warm slabs to the system.
  void trim();

  // Drops all objects and memory at once.
  void clear() { *this = SlabAllocator(); }

  // Usable bytes of all live objects; those whose end is postponed are none. O(1)
  size_t bytes_in_use() const { return bytes_in_use_; }

  // An upper bound of the resident memory: slabs in use or warm, and metadata. O(1)
  size_t bytes_resident() const { return slab_count_ * kSlabBytes + metadata_bytes_; }

  // How much of that evacuation would give back, about. O(classes)
  size_t bytes_sparse() const;

  // One row for each class that has slabs. O(classes)
  std::vector<ClassStats> class_stats() const;

 private:
  static constexpr size_t kClassCount = (kMaxBytes - kMinBytes) / 8 + 1;
  static constexpr size_t kMagazineObjects = 64;
  static constexpr size_t kBitmapWords = kSlabBytes / kMinBytes / 64;
  static constexpr size_t kSlabsPerRegion = kRegionBytes / kSlabBytes;
  static constexpr size_t kMetadataSlabs = 3;
  static constexpr size_t kWarmSlabs = 8;
  static constexpr size_t kOccupancyLists = 8;
  static constexpr uintptr_t kNoSlab = 0;

  // Where a slab is. Values below kOccupancyLists are the list of slabs filled to that many
  // eighths.
  enum Place : uint8_t {
    kRefusedList = kOccupancyLists,  // holds objects that could not be moved
    kLeavingList,                    // marked
    kFull,                           // has next to no room
    kCurrent,                        // the one that its class allocates from
    kVictim,                         // the one that is being evacuated
    kUnused,                         // belongs to no class
  };
  static constexpr size_t kLists = kLeavingList + 1;
  static constexpr unsigned kByOccupancy = (1u << kOccupancyLists) - 1;  // in `nonempty_lists`

  // Lists are rings: the first one's `previous` is the last.
  struct alignas(64) Slab {
    Slab* previous;
    Slab* next;
    uint32_t epoch;     // when it was opened
    uint16_t used;      // bits set, those past the capacity apart
    uint16_t capacity;  // objects
    uint8_t class_index;
    uint8_t place;
    uint8_t next_word;  // kCurrent: words before this one have been handed out
    alignas(64) std::array<uint64_t, kBitmapWords> taken;
  };

  struct Region {
    Region* previous;
    Region* next;
    size_t free_count;
    size_t touched_count;  // slabs [0, touched_count) have resident metadata
    std::array<uint64_t, kSlabsPerRegion / 64> free;
    std::array<Slab, kSlabsPerRegion> slabs;
  };
  static_assert(sizeof(Region) <= kMetadataSlabs * kSlabBytes);

  // All zeros when empty: rows live in fresh pages and are never constructed.
  struct SizeClass {
    uint32_t cached;  // objects in the magazine
    uint16_t nonempty_lists;
    bool touched;
    size_t slabs;
    size_t leaving;    // of these, marked
    size_t used;       // live, in the magazine or postponed
    size_t postponed;  // of these
    Slab* current;
    std::array<Slab*, kLists> lists;
    std::array<void*, kMagazineObjects> magazine;
  };

  // The lists of a class's old slabs, while the memory is shared.
  struct SetAside {
    std::array<Slab*, kLists> lists;
    uint16_t nonempty_lists;
  };

  // Addresses of objects to be freed later.
  struct PostponedChunk {
    PostponedChunk* previous;
    size_t count;
    std::array<void*, kSlabBytes / sizeof(void*) - 2> objects;
  };
  static_assert(sizeof(PostponedChunk) == kSlabBytes);

  static constexpr size_t class_of(size_t bytes) {
    return (std::max(bytes, kMinBytes) - kMinBytes + 7) / 8;
  }
  static constexpr size_t class_bytes(size_t index) { return kMinBytes + index * 8; }
  static constexpr size_t class_capacity(size_t index) { return kSlabBytes / class_bytes(index); }

  static uintptr_t slab_number(const void* object) {
    return reinterpret_cast<uintptr_t>(object) / kSlabBytes;
  }
  static Region* region_of(const void* pointer) {
    return reinterpret_cast<Region*>(reinterpret_cast<uintptr_t>(pointer) & ~(kRegionBytes - 1));
  }
  static Slab* slab_of(const void* object) {
    return &region_of(object)->slabs[slab_number(object) % kSlabsPerRegion];
  }
  static std::byte* objects_of(const Slab* slab);
  static size_t object_index(const void* object, size_t class_index);

  static void poison([[maybe_unused]] void* from, [[maybe_unused]] size_t bytes) {
#ifdef TARN_SLAB_ASAN
    __asan_poison_memory_region(from, bytes);
#endif
  }
  static void unpoison([[maybe_unused]] void* from, [[maybe_unused]] size_t bytes) {
#ifdef TARN_SLAB_ASAN
    __asan_unpoison_memory_region(from, bytes);
#endif
  }

  static bool is_poisoned([[maybe_unused]] const void* object) {
#ifdef TARN_SLAB_ASAN
    return __asan_address_is_poisoned(object) != 0;
#else
    return false;
#endif
  }

  // The magazine and the slabs of a class.
  void refill(size_t index);
  void flush(size_t index, size_t keep);
  void take_words(SizeClass& size_class, size_t index);
  void return_to_slab(void* object, size_t index);
  void postpone(void* object, size_t index);
  void unmap_last_postponed();
  Slab* next_slab(size_t index);
  void link(Slab* slab, Place place);
  void unlink(Slab* slab);
  void place_by_occupancy(Slab* slab);
  void count_leaving(SizeClass& size_class, int change);

  // Slabs and regions.
  Slab* open_slab(size_t index);
  void close_slab(Slab* slab);
  Slab* take_free_slab();
  void give_back(Slab* slab);
  Region* map_region();
  void unmap_region(Region* region);

  // Evacuation.
  bool fits_in_one_slab_less(size_t index) const;
  bool choose_victim();
  Slab* leave_victim();
  size_t next_victim_objects(std::span<void*> objects);

  SizeClass* classes_ = nullptr;          // kClassCount rows, mapped at the first use
  Region* regions_ = nullptr;             // all, linked
  std::vector<Region*> open_regions_;     // those with free slabs, the lowest address last
  std::array<Slab*, kWarmSlabs> warm_{};  // unused slabs that keep their pages
  size_t warm_count_ = 0;
  Slab* victim_ = nullptr;
  uintptr_t victim_number_ = kNoSlab;  // slab_number() of the victim's objects
  size_t victim_position_ = 0;         // objects before this one have been tried
  size_t next_victim_class_ = 0;
  size_t leaving_slabs_ = 0;  // marked
  size_t watches_ = 0;        // the same, and one more while the memory is shared
  bool sharing_ = false;
  uint32_t epoch_ = 0;
  std::unique_ptr<std::array<SetAside, kClassCount>> set_aside_;
  PostponedChunk* postponed_ = nullptr;  // the last one, which is not empty
  size_t bytes_in_use_ = 0;
  size_t slab_count_ = 0;  // in use or warm
  size_t metadata_bytes_ = 0;
};

template <class Move>
SlabAllocator::EvacuationStep SlabAllocator::evacuate(size_t max_moves, Move&& move) {
  EvacuationStep step;
  if (sharing_) return step;
  if (has_postponed()) {
    const size_t slabs_before = slab_count_;
    free_postponed(max_moves);
    return {.released_bytes = (slabs_before - slab_count_) * kSlabBytes, .more = true};
  }
  size_t budget = max_moves;
  while ((step.more = victim_ != nullptr || choose_victim()) && budget > 0) {
    const size_t index = victim_->class_index;
    const size_t usable = class_bytes(index);
    std::array<void*, kMoveGroup> buffer;
    std::array<void*, kMoveGroup> targets;
    const size_t count = next_victim_objects(std::span(buffer).first(std::min(budget, kMoveGroup)));
    if (count == 0) continue;
    const std::span<void* const> group(buffer.data(), count);
    if constexpr (requires { move.prefetch(group); }) move.prefetch(group);
    for (size_t i = 0; i < count; ++i) {
      targets[i] = allocate(usable);
      __builtin_prefetch(targets[i], 1);
    }
    const size_t slabs_before = slab_count_;
    for (size_t i = 0; i < count; ++i) {
      const bool moved = move(group[i], targets[i], usable);
      ++(moved ? step.moved_objects : step.refused_objects);
      deallocate(moved ? group[i] : targets[i], usable);
    }
    step.released_bytes += (slabs_before - slab_count_) * kSlabBytes;
    budget -= count;
  }
  return step;
}

}  // namespace tarn
