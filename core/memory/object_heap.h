#pragma once

#include <cstddef>

#include "core/memory/slab_allocator.h"

namespace tarn {

// Memory for the objects of one owner, of any size: small ones from slabs, larger ones from malloc.
//
// An object carries no size, so whoever frees it says what it asked for. Not safe for use by
// several threads, but a heap may be destroyed on another one.
class ObjectHeap {
 public:
  ObjectHeap() = default;
  // Takes the slabs down as a whole. Objects outside of them must have been freed one by one.
  ~ObjectHeap() = default;
  ObjectHeap(const ObjectHeap&) = delete;
  ObjectHeap& operator=(const ObjectHeap&) = delete;

  // Aligned to 8 bytes. Throws std::bad_alloc.
  [[nodiscard]] void* allocate(std::size_t bytes) {
    if (bytes <= SlabAllocator::kMaxBytes) [[likely]]
      return slabs_.allocate(bytes);
    return allocate_outside(bytes);
  }
  void deallocate(void* object, std::size_t bytes) {
    if (bytes <= SlabAllocator::kMaxBytes) [[likely]]
      return slabs_.deallocate(object, bytes);
    deallocate_outside(object);
  }

  // Moves an object that is not in slabs to other memory, and returns where. Its owner has what
  // refers to it refer there. Throws std::bad_alloc.
  [[nodiscard]] void* move_outside(void* object, std::size_t bytes);

  static bool in_slabs(std::size_t bytes) { return bytes <= SlabAllocator::kMaxBytes; }
  // Whether the object, allocated with `bytes`, is in a slab that is to be emptied.
  bool is_leaving(const void* object, std::size_t bytes) const {
    return in_slabs(bytes) && slabs_.is_leaving(object);
  }
  // Whether the object, allocated with `bytes`, had better not be written while a child lives.
  bool is_shared(const void* object, std::size_t bytes) const {
    return in_slabs(bytes) && slabs_.is_shared(object);
  }
  // How large the object at `object`, allocated with `bytes`, may grow without moving.
  static std::size_t usable_bytes(const void* object, std::size_t bytes);

  SlabAllocator& slabs() { return slabs_; }
  const SlabAllocator& slabs() const { return slabs_; }
  // Objects that are not in slabs, and the memory that they hold.
  std::size_t outside_objects() const { return outside_objects_; }
  std::size_t outside_bytes() const { return outside_bytes_; }
  // What is resident on behalf of this heap.
  std::size_t memory_bytes() const { return slabs_.bytes_resident() + outside_bytes_; }

 private:
  void* allocate_outside(std::size_t bytes);
  void deallocate_outside(void* object);

  SlabAllocator slabs_;
  std::size_t outside_objects_ = 0;
  std::size_t outside_bytes_ = 0;
};

}  // namespace tarn
