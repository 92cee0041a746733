#include "core/containers/list_chunk.h"

#include <lz4.h>
#include <malloc.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <vector>

#include "core/base/assert.h"
#include "core/memory/malloc_slabs.h"
#include "core/memory/reclaimer.h"

namespace tarn {
namespace {

// Blocks on their way to the helper thread.
struct DroppedBlocks {
  explicit DroppedBlocks(std::span<const ListChunk> chunks) {
    blocks.reserve(chunks.size());
    for (const ListChunk& chunk : chunks) blocks.push_back(chunk.block);
  }
  ~DroppedBlocks() {
    for (char* block : blocks) std::free(block);
  }
  std::vector<char*> blocks;
};

// What jemalloc rounds a size up to: multiples of 16, and from 128 on four sizes to a power of two.
std::size_t size_class(std::size_t bytes) {
  const std::size_t spacing = std::max<std::size_t>(16, std::bit_ceil(bytes) / 8);
  return (bytes + spacing - 1) / spacing * spacing;
}

int lz4_size(std::size_t bytes) { return static_cast<int>(bytes); }

// Where runs are compressed to before their size is known.
char* compression_buffer() {
  thread_local const auto kBuffer = std::make_unique<char[]>(ListChunk::kMaxCompressBytes);
  return kBuffer.get();
}

}  // namespace

void ListMemory::allocate(ListChunk& chunk, std::size_t bytes) {
  void* block = std::malloc(std::max<std::size_t>(bytes, 1));
  if (block == nullptr) throw std::bad_alloc();
  take_over(chunk, block);
}

void ListMemory::take_over(ListChunk& chunk, void* block) {
  const std::size_t usable = ::malloc_usable_size(block);
  TARN_ASSERT(usable <= std::numeric_limits<std::uint32_t>::max());
  chunk.block = static_cast<char*>(block);
  chunk.capacity = static_cast<std::uint32_t>(usable);
  bytes_ += usable;
}

void ListMemory::free(const ListChunk& chunk) {
  bytes_ -= chunk.capacity;
  std::free(chunk.block);
}

void ListMemory::free(std::span<const ListChunk> chunks) {
  if (chunks.size() < kReclaimBlocks) {
    for (const ListChunk& chunk : chunks) free(chunk);
    return;
  }
  for (const ListChunk& chunk : chunks) bytes_ -= chunk.capacity;
  Reclaimer::destroy_later(std::make_unique<DroppedBlocks>(chunks));
}

void ListMemory::move(ListChunk& chunk) {
  ListChunk moved = chunk;
  take_over(moved, MallocSlabs::allocate(chunk.capacity));
  if (chunk.compressed()) {
    std::memcpy(moved.block, chunk.block, chunk.lz4_bytes);
  } else {
    std::memcpy(moved.data(), chunk.data(), chunk.bytes);
  }
  bytes_ -= chunk.capacity;
  MallocSlabs::free(chunk.block);
  chunk = moved;
}

ListChunk ListChunk::make(ListMemory& memory, std::size_t capacity, ListEnd end) {
  ListChunk chunk;
  memory.allocate(chunk, capacity);
  if (end == ListEnd::kFront) chunk.begin = chunk.capacity;
  return chunk;
}

ListChunk ListChunk::copy_of(ListMemory& memory, std::string_view run) {
  ListChunk chunk = make(memory, run.size(), ListEnd::kBack);
  std::memcpy(chunk.extend(ListEnd::kBack, run.size()), run.data(), run.size());
  return chunk;
}

ListChunk ListChunk::clone(ListMemory& memory) const {
  if (!compressed()) return copy_of(memory, run());
  ListChunk chunk = *this;
  memory.allocate(chunk, lz4_bytes);
  std::memcpy(chunk.block, block, lz4_bytes);
  return chunk;
}

// ---- Edits --------------------------------------------------------------------------------------

void ListChunk::move_to(ListMemory& memory, std::size_t capacity_then, ListEnd room_then) {
  ListChunk moved = make(memory, capacity_then, room_then);
  std::memcpy(moved.extend(room_then, bytes), data(), bytes);
  memory.free(*this);
  *this = moved;
}

void ListChunk::make_room(ListMemory& memory, ListEnd end, std::size_t needed,
                          std::size_t capacity_then) {
  if (room(end) >= needed) return;
  if (!can_shift(needed)) {
    return move_to(memory, std::max(capacity_then, bytes + needed), end);
  }
  const std::size_t all_room = std::size_t{capacity} - bytes;
  const std::size_t room_then = std::max(needed, all_room / 2);
  const std::size_t begin_then = end == ListEnd::kFront ? room_then : all_room - room_then;
  std::memmove(block + begin_then, data(), bytes);
  begin = static_cast<std::uint32_t>(begin_then);
}

char* ListChunk::splice(ListMemory& memory, std::size_t offset, std::size_t removed,
                        std::size_t inserted, std::size_t limit) {
  const std::size_t after = bytes - offset - removed;
  const std::size_t bytes_then = offset + inserted + after;
  const char* const from = data();

  if (bytes_then > capacity) {
    const std::size_t roomy = std::min(limit, bytes_then + bytes_then / 4);
    ListChunk moved = make(memory, std::max(bytes_then, roomy), ListEnd::kBack);
    char* gap = moved.extend(ListEnd::kBack, bytes_then) + offset;
    std::memcpy(moved.data(), from, offset);
    std::memcpy(gap + inserted, from + offset + removed, after);
    memory.free(*this);
    *this = moved;
    return gap;
  }

  // Where the run begins then: as now if only what is after the gap moves, or where what is before
  // it ends at the gap if only that moves. Where neither side has all the room, both move.
  const std::size_t begin_back = begin;
  const std::size_t begin_front = begin + removed - inserted;  // wraps around if there is no room
  const bool back_fits = begin_back + bytes_then <= capacity;
  const bool front_fits = begin + removed >= inserted;
  std::size_t begin_then = 0;
  if (front_fits && (offset < after || !back_fits)) {
    begin_then = begin_front;
  } else if (back_fits) {
    begin_then = begin_back;
  }
  char* const to = block + begin_then;
  // One side moves towards its end of the block or not at all, so neither overwrites the other.
  if (to != from) std::memmove(to, from, offset);
  if (to + offset + inserted != from + offset + removed) {
    std::memmove(to + offset + inserted, from + offset + removed, after);
  }
  begin = static_cast<std::uint32_t>(begin_then);
  bytes = static_cast<std::uint32_t>(bytes_then);
  return to + offset;
}

void ListChunk::trim(ListMemory& memory) {
  if (size_class(bytes) < capacity) move_to(memory, bytes, ListEnd::kBack);
}

// ---- Compression --------------------------------------------------------------------------------

void ListChunk::compress(ListMemory& memory) {
  if (form != Form::kPlain || bytes < kMinCompressBytes || bytes > kMaxCompressBytes) return;
  const std::size_t allowed = bytes - std::max<std::size_t>(kMinSavedBytes, bytes / 8);
  char* const packed = compression_buffer();
  const int packed_bytes =
      ::LZ4_compress_default(data(), packed, lz4_size(bytes), lz4_size(allowed));
  if (packed_bytes <= 0) {
    form = Form::kIncompressible;
    return;
  }
  ListChunk compressed = *this;
  compressed.begin = 0;
  compressed.lz4_bytes = static_cast<std::uint32_t>(packed_bytes);
  compressed.form = Form::kCompressed;
  memory.allocate(compressed, compressed.lz4_bytes);
  std::memcpy(compressed.block, packed, compressed.lz4_bytes);
  memory.free(*this);
  *this = compressed;
}

void ListChunk::expand(ListMemory& memory) {
  ListChunk expanded = make(memory, bytes, ListEnd::kBack);
  expand_to(expanded.extend(ListEnd::kBack, bytes));
  memory.free(*this);
  *this = expanded;
}

void ListChunk::expand_to(char* to) const {
  TARN_ASSERT(compressed());
  const int expanded = ::LZ4_decompress_safe(block, to, lz4_size(lz4_bytes), lz4_size(bytes));
  TARN_ASSERT(expanded == lz4_size(bytes));
}

}  // namespace tarn
