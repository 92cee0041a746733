#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "core/containers/list_chunk.h"

namespace tarn {

// The chunks of a list in order, each with the number of its elements: two arrays in one block,
// with free places at both ends, so chunks come and go at both ends in O(1) amortised.
//
//   | free | chunk chunk ... chunk | free || free | count count ... count | free |
//
// The counts lie side by side because that is what finding a position reads. The directory does not
// free the blocks of chunks that it forgets.
class ListDirectory {
 public:
  struct Place {
    std::size_t chunk;
    std::size_t offset;  // elements of that chunk before this one
  };

  ListDirectory() = default;
  ListDirectory(ListDirectory&& other) noexcept { swap(other); }
  ListDirectory& operator=(ListDirectory&& other) noexcept {
    swap(other);
    return *this;
  }
  ~ListDirectory();

  void swap(ListDirectory& other) noexcept;

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  ListChunk& operator[](std::size_t at) { return chunks()[at]; }
  const ListChunk& operator[](std::size_t at) const { return chunks()[at]; }
  std::uint32_t& count(std::size_t at) { return counts()[at]; }
  std::uint32_t count(std::size_t at) const { return counts()[at]; }
  std::span<const ListChunk> span(std::size_t first, std::size_t n) const {
    return {chunks() + first, n};
  }

  // Where the element at `index` of `total` is, counted from the nearer end. O(chunks), some
  // ten a nanosecond. REQUIRES: index < total, which is what the counts add up to
  Place find(std::size_t index, std::size_t total) const;

  // The new chunk will be at `at`. Moves what is on the shorter side of it.
  void insert(std::size_t at, const ListChunk& chunk, std::uint32_t count);
  void erase(std::size_t first, std::size_t n);
  // Forgets those of the chunks [first, last) that count no elements.
  void erase_empty(std::size_t first, std::size_t last);

  // Moves to another block of the same size (see MallocSlabs). REQUIRES: !empty()
  void move_block();
  const void* block() const { return block_; }
  std::size_t memory_bytes() const;

 private:
  static constexpr std::size_t kMinShrinkCapacity = 32;

  ListChunk* chunks() const { return block_ + begin_; }
  std::uint32_t* counts() const {
    return reinterpret_cast<std::uint32_t*>(block_ + capacity_) + begin_;
  }

  Place find_from_front(std::size_t index) const;
  Place find_from_back(std::size_t rest) const;

  // Moves n chunks and counts, as memmove does.
  void shift(std::size_t from, std::size_t n, std::size_t to);
  static std::size_t block_bytes(std::size_t capacity) {
    return capacity * (sizeof(ListChunk) + sizeof(std::uint32_t));
  }
  // Centres the chunks in a block with this many places.
  void relocate(std::size_t capacity);
  std::size_t roomy() const { return size_ + size_ / 2 + 4; }

  ListChunk* block_ = nullptr;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t size_ = 0;
};

}  // namespace tarn
