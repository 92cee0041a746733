#include "core/memory/blob.h"

#include <malloc.h>

#include <cstdlib>
#include <cstring>
#include <new>

#include "core/base/assert.h"
#include "core/memory/malloc_slabs.h"

namespace tarn {
namespace {

std::atomic<std::size_t> live_bytes = 0;

}  // namespace

BlobRef Blob::allocate(std::size_t size, std::size_t capacity) {
  if (capacity < size) capacity = size;
  void* memory = std::malloc(sizeof(Blob) + capacity);
  if (memory == nullptr) throw std::bad_alloc();
  return construct(memory, size);
}

BlobRef Blob::construct(void* memory, std::size_t size) {
  const std::size_t bytes = ::malloc_usable_size(memory);
  live_bytes.fetch_add(bytes, std::memory_order_relaxed);
  return BlobRef(new (memory) Blob(size, bytes - sizeof(Blob)));
}

BlobRef Blob::copy(std::string_view bytes) {
  BlobRef blob = allocate(bytes.size(), bytes.size());
  if (!bytes.empty()) std::memcpy(blob->data(), bytes.data(), bytes.size());
  return blob;
}

BlobRef Blob::move(BlobRef blob) {
  BlobRef moved = construct(MallocSlabs::allocate(blob->memory_bytes()), blob->size());
  std::memcpy(moved->data(), blob->data(), blob->size());
  Blob* old = blob.detach();
  live_bytes.fetch_sub(old->memory_bytes(), std::memory_order_relaxed);
  MallocSlabs::free(old);
  return moved;
}

void Blob::set_size(std::size_t size) {
  TARN_ASSERT(size <= capacity_);
  size_ = size;
}

std::size_t Blob::total_bytes() { return live_bytes.load(std::memory_order_relaxed); }

std::size_t Blob::memory_bytes() const { return sizeof(Blob) + capacity_; }

void Blob::destroy(Blob* blob) {
  live_bytes.fetch_sub(blob->memory_bytes(), std::memory_order_relaxed);
  std::free(blob);
}

}  // namespace tarn
