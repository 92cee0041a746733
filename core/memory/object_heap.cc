#include "core/memory/object_heap.h"

#include <malloc.h>

#include <cstdlib>
#include <cstring>
#include <new>

#include "core/memory/malloc_slabs.h"

namespace tarn {

std::size_t ObjectHeap::usable_bytes(const void* object, std::size_t bytes) {
  if (in_slabs(bytes)) return SlabAllocator::usable_bytes(bytes);
  return ::malloc_usable_size(const_cast<void*>(object));
}

void* ObjectHeap::allocate_outside(std::size_t bytes) {
  void* memory = std::malloc(bytes);
  if (memory == nullptr) throw std::bad_alloc();
  outside_bytes_ += ::malloc_usable_size(memory);
  ++outside_objects_;
  return memory;
}

void ObjectHeap::deallocate_outside(void* object) {
  outside_bytes_ -= ::malloc_usable_size(object);
  --outside_objects_;
  std::free(object);
}

void* ObjectHeap::move_outside(void* object, std::size_t bytes) {
  void* copy = MallocSlabs::allocate(bytes);
  std::memcpy(copy, object, bytes);
  outside_bytes_ += ::malloc_usable_size(copy);
  outside_bytes_ -= ::malloc_usable_size(object);
  MallocSlabs::free(object);
  return copy;
}

}  // namespace tarn
