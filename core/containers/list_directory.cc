#include "core/containers/list_directory.h"

#include <malloc.h>

#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include "core/memory/malloc_slabs.h"

namespace tarn {
namespace {

// So many counts are added up at once. They fit 32 bits: a chunk has at most 65,536 elements.
constexpr std::size_t kStride = 64;

std::uint32_t sum(const std::uint32_t* counts) {
  std::uint32_t total = 0;
  for (std::size_t i = 0; i < kStride; ++i) total += counts[i];
  return total;
}

}  // namespace

ListDirectory::~ListDirectory() { std::free(block_); }

void ListDirectory::swap(ListDirectory& other) noexcept {
  std::swap(block_, other.block_);
  std::swap(capacity_, other.capacity_);
  std::swap(begin_, other.begin_);
  std::swap(size_, other.size_);
}

ListDirectory::Place ListDirectory::find(std::size_t index, std::size_t total) const {
  return index < total / 2 ? find_from_front(index) : find_from_back(total - index);
}

ListDirectory::Place ListDirectory::find_from_front(std::size_t index) const {
  const std::uint32_t* const counts = this->counts();
  std::size_t at = 0;
  for (; at + kStride <= size_; at += kStride) {
    const std::uint32_t skipped = sum(counts + at);
    if (index < skipped) break;
    index -= skipped;
  }
  while (index >= counts[at]) index -= counts[at++];
  return {at, index};
}

// `rest` elements, at least one, are the one looked for and those behind it.
ListDirectory::Place ListDirectory::find_from_back(std::size_t rest) const {
  const std::uint32_t* const counts = this->counts();
  std::size_t at = size_;
  for (; at >= kStride; at -= kStride) {
    const std::uint32_t skipped = sum(counts + at - kStride);
    if (rest <= skipped) break;
    rest -= skipped;
  }
  while (rest > counts[at - 1]) rest -= counts[--at];
  return {at - 1, counts[at - 1] - rest};
}

void ListDirectory::insert(std::size_t at, const ListChunk& chunk, std::uint32_t count) {
  const bool before = 2 * at < size_;
  if (before ? begin_ == 0 : begin_ + size_ == capacity_) {
    relocate(2 * size_ > capacity_ || capacity_ == 0 ? roomy() : capacity_);
  }
  if (before) {
    --begin_;
    shift(1, at, 0);
  } else {
    shift(at, size_ - at, at + 1);
  }
  ++size_;
  chunks()[at] = chunk;
  counts()[at] = count;
}

void ListDirectory::erase(std::size_t first, std::size_t n) {
  const std::size_t after = size_ - first - n;
  if (first < after) {
    shift(0, first, n);
    begin_ += n;
  } else {
    shift(first + n, after, first);
  }
  size_ -= n;
  if (capacity_ >= kMinShrinkCapacity && size_ < capacity_ / 4) relocate(roomy());
}

void ListDirectory::erase_empty(std::size_t first, std::size_t last) {
  std::size_t kept = first;
  for (std::size_t i = first; i < last; ++i) {
    if (counts()[i] == 0) continue;
    if (kept != i) shift(i, 1, kept);
    ++kept;
  }
  if (kept != last) erase(kept, last - kept);
}

std::size_t ListDirectory::memory_bytes() const { return ::malloc_usable_size(block_); }

void ListDirectory::move_block() {
  const std::size_t bytes = block_bytes(capacity_);
  void* copy = MallocSlabs::allocate(bytes);
  std::memcpy(copy, block_, bytes);
  MallocSlabs::free(std::exchange(block_, static_cast<ListChunk*>(copy)));
}

void ListDirectory::shift(std::size_t from, std::size_t n, std::size_t to) {
  if (n == 0) return;
  std::memmove(chunks() + to, chunks() + from, n * sizeof(ListChunk));
  std::memmove(counts() + to, counts() + from, n * sizeof(std::uint32_t));
}

void ListDirectory::relocate(std::size_t capacity) {
  ListDirectory moved;
  void* block = std::malloc(block_bytes(capacity));
  if (block == nullptr) throw std::bad_alloc();
  moved.block_ = static_cast<ListChunk*>(block);
  moved.capacity_ = capacity;
  moved.begin_ = (capacity - size_) / 2;
  moved.size_ = size_;
  if (size_ > 0) {
    std::memcpy(moved.chunks(), chunks(), size_ * sizeof(ListChunk));
    std::memcpy(moved.counts(), counts(), size_ * sizeof(std::uint32_t));
  }
  swap(moved);
}

}  // namespace tarn
