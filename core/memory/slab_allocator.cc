#include "core/memory/slab_allocator.h"

#include <sys/mman.h>

#include <cstring>
#include <functional>
#include <new>
#include <utility>

#include "core/memory/pages.h"

#ifdef TARN_SLAB_ASAN
#include <sanitizer/lsan_interface.h>
#endif

namespace tarn {
namespace {

// Setting aside what is this sparse would let memory grow from child to child, where nobody
// evacuates.
constexpr size_t kMostSparseShare = 4;
// Postponed objects that are freed together, so that their cache misses overlap.
constexpr size_t kFreeGroup = 16;
// A class with so many slabs is likely to fill another; of one with fewer, only pages that get
// objects are taken from the system.
constexpr size_t kManySlabs = 4;

void* require_pages(size_t bytes) {
  void* pages = map_pages(bytes);
  if (pages == nullptr) throw std::bad_alloc();
  return pages;
}

void release_pages(void* pages, size_t bytes) { TARN_ASSERT(unmap_pages(pages, bytes)); }

// Pages at a multiple of `bytes`. The kernel puts one mapping beside the other, so after the
// first the plain attempt succeeds.
void* map_aligned_pages(size_t bytes) {
  void* pages = require_pages(bytes);
  if (reinterpret_cast<uintptr_t>(pages) % bytes == 0) return pages;
  release_pages(pages, bytes);
  auto* start = static_cast<std::byte*>(require_pages(2 * bytes));
  const size_t head = (bytes - reinterpret_cast<uintptr_t>(start) % bytes) % bytes;
  release_pages(start, head);
  release_pages(start + head + bytes, bytes - head);
  return start + head;
}

// Pointers from slabs into the heap must count when leaks are looked for.
void tell_leak_checker([[maybe_unused]] void* region, [[maybe_unused]] bool mapped) {
#ifdef TARN_SLAB_ASAN
  if (mapped) {
    __lsan_register_root_region(region, SlabAllocator::kRegionBytes);
  } else {
    __lsan_unregister_root_region(region, SlabAllocator::kRegionBytes);
  }
#endif
}

}  // namespace

SlabAllocator::~SlabAllocator() {
  while (postponed_ != nullptr) unmap_last_postponed();
  while (regions_ != nullptr) unmap_region(regions_);
  if (classes_ != nullptr) release_pages(classes_, kClassCount * sizeof(SizeClass));
}

SlabAllocator& SlabAllocator::operator=(SlabAllocator&& other) noexcept {
  SlabAllocator taken(std::move(other));
  swap(taken);
  return *this;
}

void SlabAllocator::swap(SlabAllocator& other) noexcept {
  std::swap(classes_, other.classes_);
  std::swap(regions_, other.regions_);
  open_regions_.swap(other.open_regions_);
  warm_.swap(other.warm_);
  std::swap(warm_count_, other.warm_count_);
  std::swap(victim_, other.victim_);
  std::swap(victim_number_, other.victim_number_);
  std::swap(victim_position_, other.victim_position_);
  std::swap(next_victim_class_, other.next_victim_class_);
  std::swap(leaving_slabs_, other.leaving_slabs_);
  std::swap(watches_, other.watches_);
  std::swap(sharing_, other.sharing_);
  std::swap(epoch_, other.epoch_);
  set_aside_.swap(other.set_aside_);
  std::swap(postponed_, other.postponed_);
  std::swap(bytes_in_use_, other.bytes_in_use_);
  std::swap(slab_count_, other.slab_count_);
  std::swap(metadata_bytes_, other.metadata_bytes_);
}

void SlabAllocator::trim() {
  if (classes_ == nullptr) return;
  for (size_t index = 0; index < kClassCount; ++index) flush(index, 0);
  while (warm_count_ > 0) give_back(warm_[--warm_count_]);
}

std::vector<SlabAllocator::ClassStats> SlabAllocator::class_stats() const {
  std::vector<ClassStats> rows;
  for (size_t index = 0; classes_ != nullptr && index < kClassCount; ++index) {
    const SizeClass& size_class = classes_[index];
    if (size_class.slabs == 0) continue;
    rows.push_back({.object_bytes = class_bytes(index),
                    .slabs = size_class.slabs,
                    .live_objects = size_class.used - size_class.cached - size_class.postponed,
                    .capacity = size_class.slabs * class_capacity(index)});
  }
  return rows;
}

// ---- The magazine and the slabs of a class

std::byte* SlabAllocator::objects_of(const Slab* slab) {
  Region* region = region_of(slab);
  const auto number = static_cast<size_t>(slab - region->slabs.data());
  return reinterpret_cast<std::byte*>(region) + number * kSlabBytes;
}

// Divides by multiplying with the reciprocal, rounded up: exact, as offsets stay below 2^13 units
// and sizes at most 2^7 units of 8 bytes.
size_t SlabAllocator::object_index(const void* object, size_t class_index) {
  static constexpr auto kReciprocals = [] {
    std::array<uint32_t, kClassCount> reciprocals{};
    for (size_t i = 0; i < kClassCount; ++i) {
      const uint64_t units = class_bytes(i) / 8;
      reciprocals[i] = static_cast<uint32_t>(((uint64_t{1} << 32) + units - 1) / units);
    }
    return reciprocals;
  }();
  const size_t offset = reinterpret_cast<uintptr_t>(object) % kSlabBytes;
  return (offset / 8 * kReciprocals[class_index]) >> 32;
}

// Fills an empty magazine from the current slab, or the next one if that is used up, and leaves the
// lowest address on top. Does not start a slab for the sake of a fuller magazine.
void SlabAllocator::refill(size_t index) {
  if (classes_ == nullptr) {
    classes_ = static_cast<SizeClass*>(require_pages(kClassCount * sizeof(SizeClass)));
  }
  SizeClass& size_class = classes_[index];
  while (size_class.cached == 0) {
    if (size_class.current == nullptr) {
      size_class.current = next_slab(index);
      size_class.current->next_word = 0;
    }
    take_words(size_class, index);
  }
  std::reverse(size_class.magazine.begin(), size_class.magazine.begin() + size_class.cached);
}

// Moves free objects of the current slab to the magazine, whole bitmap words at a time, until it is
// half full or the slab is used up.
void SlabAllocator::take_words(SizeClass& size_class, size_t index) {
  Slab* slab = size_class.current;
  const size_t words = (slab->capacity + 63u) / 64;
  const size_t object_bytes = class_bytes(index);
  std::byte* objects = objects_of(slab);
  for (; slab->next_word < words; ++slab->next_word) {
    uint64_t& taken = slab->taken[slab->next_word];
    const auto count = static_cast<uint32_t>(std::popcount(~taken));
    if (size_class.cached >= kMagazineObjects / 2) return;
    if (size_class.cached + count > kMagazineObjects) return;
    for (uint64_t free = ~taken; free != 0; free &= free - 1) {
      const size_t bit = slab->next_word * size_t{64} + static_cast<size_t>(std::countr_zero(free));
      size_class.magazine[size_class.cached++] = objects + bit * object_bytes;
    }
    taken = ~uint64_t{0};
    slab->used = static_cast<uint16_t>(slab->used + count);
    size_class.used += count;
  }
  size_class.current = nullptr;
  place_by_occupancy(slab);
}

// Returns the oldest objects of the magazine to their slabs. Those are all over the memory, so
// their metadata is fetched beforehand.
void SlabAllocator::flush(size_t index, size_t keep) {
  SizeClass& size_class = classes_[index];
  if (size_class.cached <= keep) return;
  const size_t count = size_class.cached - keep;
  for (size_t i = 0; i < count; ++i) {
    const void* object = size_class.magazine[i];
    const Slab* slab = slab_of(object);
    __builtin_prefetch(slab, 1);
    __builtin_prefetch(&slab->taken[object_index(object, index) / 64], 1);
  }
  for (size_t i = 0; i < count; ++i) return_to_slab(size_class.magazine[i], index);
  std::memmove(size_class.magazine.data(), size_class.magazine.data() + count,
               keep * sizeof(void*));
  size_class.cached = static_cast<uint32_t>(keep);
}

void SlabAllocator::return_to_slab(void* object, size_t index) {
  Slab* slab = slab_of(object);
  const size_t bit = object_index(object, index);
  const uint64_t mask = uint64_t{1} << (bit % 64);
  TARN_ASSERT(slab->class_index == index && slab->place != kUnused);
  TARN_ASSERT(bit < slab->capacity && (slab->taken[bit / 64] & mask) != 0);
  TARN_ASSERT(objects_of(slab) + bit * class_bytes(index) == object);
  slab->taken[bit / 64] &= ~mask;
  --slab->used;
  --classes_[index].used;
  if (slab->used == 0) return close_slab(slab);
  const bool stays = slab->place == kCurrent || slab->place == kVictim;
  if (!stays && slab->place != kLeavingList) place_by_occupancy(slab);
}

// The slab to allocate from next, as kCurrent: the fullest with room, else one that evacuation gave
// up, else an empty one.
SlabAllocator::Slab* SlabAllocator::next_slab(size_t index) {
  SizeClass& size_class = classes_[index];
  const unsigned by_occupancy = size_class.nonempty_lists & kByOccupancy;
  Slab* slab = by_occupancy != 0
                   ? size_class.lists[static_cast<size_t>(std::bit_width(by_occupancy)) - 1]
                   : size_class.lists[kRefusedList];
  if (slab == nullptr) return open_slab(index);
  unlink(slab);
  slab->place = kCurrent;
  return slab;
}

void SlabAllocator::link(Slab* slab, Place place) {
  SizeClass& size_class = classes_[slab->class_index];
  Slab*& head = size_class.lists[place];
  slab->place = place;
  slab->next = head != nullptr ? head : slab;
  slab->previous = head != nullptr ? head->previous : slab;
  slab->previous->next = slab;
  slab->next->previous = slab;
  head = slab;
  size_class.nonempty_lists = static_cast<uint16_t>(size_class.nonempty_lists | 1u << place);
}

// Takes the slab out of its list, if it is in one.
void SlabAllocator::unlink(Slab* slab) {
  if (slab->place >= kLists) return;
  SizeClass& size_class = classes_[slab->class_index];
  Slab*& head = size_class.lists[slab->place];
  if (slab->next == slab) {
    head = nullptr;
    size_class.nonempty_lists =
        static_cast<uint16_t>(size_class.nonempty_lists & ~(1u << slab->place));
    return;
  }
  slab->previous->next = slab->next;
  slab->next->previous = slab->previous;
  if (head == slab) head = slab->next;
}

void SlabAllocator::place_by_occupancy(Slab* slab) {
  const int free = slab->capacity - slab->used;
  const bool full = free < std::max(1, slab->capacity / 32);
  const auto place = static_cast<Place>(
      full ? int{kFull} : slab->used * static_cast<int>(kOccupancyLists) / slab->capacity);
  if (slab->place == place) return;
  unlink(slab);
  if (full) {
    slab->place = kFull;
  } else {
    link(slab, place);
  }
}

void SlabAllocator::count_leaving(SizeClass& size_class, int change) {
  for (size_t* count : {&size_class.leaving, &leaving_slabs_, &watches_}) {
    *count += static_cast<size_t>(change);
  }
}

// ---- Sharing with a child

void SlabAllocator::begin_sharing() {
  TARN_ASSERT(!sharing_);
  if (classes_ == nullptr || bytes_sparse() > bytes_resident() / kMostSparseShare) return;
  if (victim_ != nullptr) place_by_occupancy(leave_victim());
  auto aside = std::make_unique<std::array<SetAside, kClassCount>>();
  for (size_t index = 0; index < kClassCount; ++index) {
    SizeClass& size_class = classes_[index];
    if (size_class.slabs == 0) continue;
    flush(index, 0);
    if (Slab* current = std::exchange(size_class.current, nullptr)) place_by_occupancy(current);
    (*aside)[index] = {std::exchange(size_class.lists, {}),
                       std::exchange(size_class.nonempty_lists, uint16_t{0})};
  }
  // The pages of warm slabs would be copied like others, though nobody reads them.
  while (warm_count_ > 0) give_back(warm_[--warm_count_]);
  set_aside_ = std::move(aside);
  sharing_ = true;
  ++watches_;
  ++epoch_;
}

void SlabAllocator::end_sharing() {
  if (!sharing_) return;
  for (size_t index = 0; index < kClassCount; ++index) {
    SizeClass& size_class = classes_[index];
    const SetAside& aside = (*set_aside_)[index];
    if (aside.nonempty_lists == 0) continue;
    for (size_t place = 0; place < kLists; ++place) {
      Slab* old = aside.lists[place];
      Slab*& head = size_class.lists[place];
      if (old != nullptr && head != nullptr) {
        // Two rings become one.
        std::swap(old->previous->next, head->previous->next);
        std::swap(old->previous, head->previous);
      }
      if (old != nullptr) head = old;
    }
    size_class.nonempty_lists =
        static_cast<uint16_t>(size_class.nonempty_lists | aside.nonempty_lists);
  }
  set_aside_.reset();
  sharing_ = false;
  --watches_;
}

void SlabAllocator::postpone(void* object, size_t index) {
  constexpr size_t kRoom = std::tuple_size_v<decltype(PostponedChunk::objects)>;
  if (postponed_ == nullptr || postponed_->count == kRoom) {
    // Fresh pages: no child has them.
    auto* chunk = static_cast<PostponedChunk*>(require_pages(sizeof(PostponedChunk)));
    chunk->previous = std::exchange(postponed_, chunk);
    metadata_bytes_ += sizeof(PostponedChunk);
  }
  postponed_->objects[postponed_->count++] = object;
  ++classes_[index].postponed;
}

bool SlabAllocator::free_postponed(size_t max_objects) {
  if (sharing_) return false;
  while (postponed_ != nullptr && max_objects > 0) {
    const size_t count = std::min({max_objects, postponed_->count, kFreeGroup});
    void* const* group = &postponed_->objects[postponed_->count - count];
    for (size_t i = 0; i < count; ++i) __builtin_prefetch(slab_of(group[i]), 1);
    for (size_t i = 0; i < count; ++i) {
      const Slab* slab = slab_of(group[i]);
      __builtin_prefetch(&slab->taken[object_index(group[i], slab->class_index) / 64], 1);
    }
    for (size_t i = 0; i < count; ++i) {
      const size_t index = slab_of(group[i])->class_index;
      --classes_[index].postponed;
      return_to_slab(group[i], index);
    }
    max_objects -= count;
    postponed_->count -= count;
    if (postponed_->count == 0) unmap_last_postponed();
  }
  return has_postponed();
}

void SlabAllocator::unmap_last_postponed() {
  PostponedChunk* chunk = std::exchange(postponed_, postponed_->previous);
  metadata_bytes_ -= sizeof(PostponedChunk);
  release_pages(chunk, sizeof(PostponedChunk));
}

// ---- Slabs and regions

// An empty slab for the class, as kCurrent.
SlabAllocator::Slab* SlabAllocator::open_slab(size_t index) {
  SizeClass& size_class = classes_[index];
  const bool warm = warm_count_ > 0;
  Slab* slab = warm ? warm_[--warm_count_] : take_free_slab();
  if (!warm && size_class.slabs >= kManySlabs) fetch_pages(objects_of(slab), kSlabBytes);
  if (!size_class.touched) metadata_bytes_ += sizeof(SizeClass);
  size_class.touched = true;
  ++size_class.slabs;
  slab->epoch = epoch_;
  slab->used = 0;
  slab->capacity = static_cast<uint16_t>(class_capacity(index));
  slab->class_index = static_cast<uint8_t>(index);
  slab->place = kCurrent;
  const size_t words = (slab->capacity + 63u) / 64;
  std::fill_n(slab->taken.begin(), words, uint64_t{0});
  // Bits past the capacity stay set, so that they are never handed out.
  if (slab->capacity % 64 != 0) slab->taken[words - 1] = ~uint64_t{0} << slab->capacity % 64;
  return slab;
}

// Parts the slab, which has lost its last object, from its class.
void SlabAllocator::close_slab(Slab* slab) {
  SizeClass& size_class = classes_[slab->class_index];
  const bool leaving = slab->place == kLeavingList;
  const bool keep_warm = slab->place != kVictim && !leaving && warm_count_ < kWarmSlabs;
  if (leaving) count_leaving(size_class, -1);
  if (slab->place == kCurrent) size_class.current = nullptr;
  if (slab->place == kVictim) leave_victim();
  unlink(slab);
  slab->place = kUnused;
  --size_class.slabs;
  if (keep_warm) {
    warm_[warm_count_++] = slab;
  } else {
    give_back(slab);
  }
}

SlabAllocator::Slab* SlabAllocator::take_free_slab() {
  Region* region = open_regions_.empty() ? map_region() : open_regions_.back();
  size_t word = 0;
  while (region->free[word] == 0) ++word;
  const size_t number = word * 64 + static_cast<size_t>(std::countr_zero(region->free[word]));
  region->free[word] &= region->free[word] - 1;
  if (--region->free_count == 0) open_regions_.pop_back();
  if (number >= region->touched_count) {
    metadata_bytes_ += (number + 1 - region->touched_count) * sizeof(Slab);
    region->touched_count = number + 1;
  }
  ++slab_count_;
  return &region->slabs[number];
}

// Returns the pages of an unused slab to the system, and the region with the last of them.
void SlabAllocator::give_back(Slab* slab) {
  Region* region = region_of(slab);
  const auto number = static_cast<size_t>(slab - region->slabs.data());
  --slab_count_;
  region->free[number / 64] |= uint64_t{1} << number % 64;
  if (region->free_count++ == 0) {
    const auto position = std::lower_bound(open_regions_.begin(), open_regions_.end(), region,
                                           std::greater<Region*>());
    open_regions_.insert(position, region);
  }
  if (region->free_count == kSlabsPerRegion - kMetadataSlabs) {
    std::erase(open_regions_, region);
    unmap_region(region);
  } else {
    TARN_ASSERT(madvise(objects_of(slab), kSlabBytes, MADV_DONTNEED) == 0);
  }
}

SlabAllocator::Region* SlabAllocator::map_region() {
  auto* region = static_cast<Region*>(map_aligned_pages(kRegionBytes));
  tell_leak_checker(region, true);
  auto* start = reinterpret_cast<std::byte*>(region);
  poison(start + kMetadataSlabs * kSlabBytes, kRegionBytes - kMetadataSlabs * kSlabBytes);
  region->free_count = kSlabsPerRegion - kMetadataSlabs;
  region->free.fill(~uint64_t{0});
  region->free[0] = ~uint64_t{0} << kMetadataSlabs;
  region->next = regions_;
  if (regions_ != nullptr) regions_->previous = region;
  regions_ = region;
  open_regions_.push_back(region);
  metadata_bytes_ += offsetof(Region, slabs);
  return region;
}

void SlabAllocator::unmap_region(Region* region) {
  metadata_bytes_ -= offsetof(Region, slabs) + region->touched_count * sizeof(Slab);
  if (region->next != nullptr) region->next->previous = region->previous;
  (region->previous != nullptr ? region->previous->next : regions_) = region->next;
  unpoison(region, kRegionBytes);
  tell_leak_checker(region, false);
  release_pages(region, kRegionBytes);
}

// ---- Evacuation

// Whether the class would keep 1/16 of room to grow if it had to do with one slab less than those
// that are not marked.
bool SlabAllocator::fits_in_one_slab_less(size_t index) const {
  const SizeClass& size_class = classes_[index];
  const size_t slabs = size_class.slabs - size_class.leaving;
  return slabs > 1 && size_class.used * 17 <= (slabs - 1) * class_capacity(index) * 16;
}

size_t SlabAllocator::bytes_sparse() const {
  size_t slabs = 0;
  for (size_t index = 0; classes_ != nullptr && index < kClassCount; ++index) {
    const SizeClass& size_class = classes_[index];
    if (size_class.slabs <= 1) continue;
    const size_t room = class_capacity(index) * 16;
    const size_t needed = std::max<size_t>((size_class.used * 17 + room - 1) / room, 1);
    if (size_class.slabs > needed) slabs += size_class.slabs - needed;
  }
  return slabs * kSlabBytes;
}

// Picks the sparsest slab of the first class, in turn, that is worth it.
bool SlabAllocator::choose_victim() {
  if (classes_ == nullptr) return false;
  for (size_t tried = 0; tried < kClassCount; ++tried) {
    const size_t index = next_victim_class_;
    SizeClass& size_class = classes_[index];
    if (size_class.slabs > 1 && fits_in_one_slab_less(index)) {
      flush(index, 0);
      const unsigned by_occupancy = size_class.nonempty_lists & kByOccupancy;
      if (by_occupancy != 0 && fits_in_one_slab_less(index)) {
        victim_ = size_class.lists[static_cast<size_t>(std::countr_zero(by_occupancy))];
        victim_number_ = slab_number(objects_of(victim_));
        victim_position_ = 0;
        unlink(victim_);
        victim_->place = kVictim;
        return true;
      }
    }
    next_victim_class_ = (index + 1) % kClassCount;
  }
  return false;
}

bool SlabAllocator::mark_sparse(size_t max_slabs) {
  TARN_ASSERT(victim_ == nullptr);
  if (classes_ == nullptr || sharing_) return false;
  for (size_t index = 0; index < kClassCount; ++index) {
    SizeClass& size_class = classes_[index];
    if (size_class.slabs <= 1 || !fits_in_one_slab_less(index)) continue;
    flush(index, 0);
    while (fits_in_one_slab_less(index)) {
      const unsigned by_occupancy = size_class.nonempty_lists & kByOccupancy;
      if (by_occupancy == 0) break;
      if (max_slabs-- == 0) return true;
      Slab* slab = size_class.lists[static_cast<size_t>(std::countr_zero(by_occupancy))];
      unlink(slab);
      link(slab, kLeavingList);
      count_leaving(size_class, 1);
    }
  }
  return false;
}

bool SlabAllocator::unmark(size_t max_slabs) {
  for (size_t index = 0; leaving_slabs_ != 0 && index < kClassCount; ++index) {
    SizeClass& size_class = classes_[index];
    while (Slab* slab = size_class.lists[kLeavingList]) {
      if (max_slabs-- == 0) return true;
      unlink(slab);
      link(slab, kRefusedList);
      count_leaving(size_class, -1);
    }
  }
  return false;
}

// Ends the evacuation of the victim; the caller finds it another place.
SlabAllocator::Slab* SlabAllocator::leave_victim() {
  victim_number_ = kNoSlab;
  return std::exchange(victim_, nullptr);
}

// Fills `objects` with the next live ones of the victim and returns how many. Gives the victim up,
// and returns 0, after the last or when its class has grown in the meantime.
size_t SlabAllocator::next_victim_objects(std::span<void*> objects) {
  if (!fits_in_one_slab_less(victim_->class_index)) {
    place_by_occupancy(leave_victim());
    return 0;
  }
  const size_t object_bytes = class_bytes(victim_->class_index);
  std::byte* const start = objects_of(victim_);
  size_t count = 0;
  while (count < objects.size() && victim_position_ < victim_->capacity) {
    const uint64_t taken = victim_->taken[victim_position_ / 64] >> victim_position_ % 64;
    const auto skip = static_cast<size_t>(std::countr_zero(taken));
    if (taken == 0) {
      victim_position_ = (victim_position_ / 64 + 1) * 64;
    } else if (victim_position_ + skip < victim_->capacity) {
      objects[count] = start + (victim_position_ + skip) * object_bytes;
      __builtin_prefetch(objects[count++]);
      victim_position_ += skip + 1;
    } else {
      victim_position_ = victim_->capacity;
    }
  }
  if (count == 0) link(leave_victim(), kRefusedList);
  return count;
}

}  // namespace tarn
