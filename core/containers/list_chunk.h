#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace tarn {

// Which end of a list: where to push and pop, and where an iteration starts.
enum class ListEnd : std::uint8_t { kFront, kBack };

struct ListChunk;

// The blocks of one list's chunks, and how much they are.
class ListMemory {
 public:
  // So many blocks that go at once are freed on the helper thread.
  static constexpr std::size_t kReclaimBlocks = 1024;

  // Sets the chunk's block, which has room for at least `bytes`, and its capacity.
  void allocate(ListChunk& chunk, std::size_t bytes);
  void free(const ListChunk& chunk);
  void free(std::span<const ListChunk> chunks);
  // Has the chunk in another block of the same capacity (see MallocSlabs).
  void move(ListChunk& chunk);

  // What the allocator has handed out for the blocks that live.
  std::size_t bytes() const { return bytes_; }

 private:
  void take_over(ListChunk& chunk, void* block);

  std::size_t bytes_ = 0;
};

// A run of packed elements in a block of its own: the link of a ChunkedList.
//
//   plain:       | room | element element ... | room |   the run is [begin, begin + bytes)
//   compressed:  | LZ4 block of the run |                `bytes` is what it takes when expanded
//
// Room is where the next elements go: in front in a list's first chunk, behind in its last, next to
// none in the others. This is a plain record: who has it frees the block, and keeps the number of
// elements (a ListDirectory, where they lie side by side).
//
// REQUIRES, of all functions whose comment does not say otherwise: not compressed()
struct ListChunk {
  enum class Form : std::uint8_t {
    kPlain,
    kIncompressible,  // plain, and LZ4 has been tried in vain
    kCompressed,
  };

  // Runs that are smaller gain nothing from compression, larger ones would hold up their reader.
  static constexpr std::size_t kMinCompressBytes = 64;
  static constexpr std::size_t kMaxCompressBytes = 256 * 1024;
  // What compression must save: an eighth, and this much.
  static constexpr std::size_t kMinSavedBytes = 48;

  char* block = nullptr;
  std::uint32_t begin = 0;
  std::uint32_t bytes = 0;
  std::uint32_t capacity = 0;   // of the block
  std::uint32_t lz4_bytes = 0;  // if compressed: of the LZ4 block
  Form form = Form::kPlain;

  // An empty chunk whose room of at least `capacity` bytes is all at `end`.
  static ListChunk make(ListMemory& memory, std::size_t capacity, ListEnd end);
  // A chunk without room that holds a copy of these elements.
  static ListChunk copy_of(ListMemory& memory, std::string_view run);
  // A copy in the same form, without room. Any form.
  ListChunk clone(ListMemory& memory) const;

  bool compressed() const { return form == Form::kCompressed; }
  char* data() const { return block + begin; }
  std::string_view run() const { return {data(), bytes}; }
  std::size_t room(ListEnd end) const {
    return end == ListEnd::kFront ? begin : std::size_t{capacity} - begin - bytes;
  }

  // ---- Edits: the caller writes elements where these say, and counts them ----------------------

  // Makes the run longer by `added` bytes at one end and returns where they go.
  // REQUIRES: added <= room(end)
  char* extend(ListEnd end, std::size_t added) {
    bytes += static_cast<std::uint32_t>(added);
    if (end == ListEnd::kBack) return data() + bytes - added;
    begin -= static_cast<std::uint32_t>(added);
    return data();
  }
  // Makes it shorter. REQUIRES: removed <= bytes
  void cut(ListEnd end, std::size_t removed) {
    bytes -= static_cast<std::uint32_t>(removed);
    if (end == ListEnd::kFront) begin += static_cast<std::uint32_t>(removed);
  }

  // Whether the other end has so much room that moving the run to get at it is worth the while.
  bool can_shift(std::size_t needed) const {
    return std::size_t{capacity} - bytes >= needed + bytes / 8;
  }
  // Sees that there is room for `needed` bytes at `end`: shares the other end's room if
  // can_shift(), else moves to a block of at least `capacity_then` bytes.
  void make_room(ListMemory& memory, ListEnd end, std::size_t needed, std::size_t capacity_then);

  // Replaces `removed` bytes at `offset` in the run by `inserted` ones and returns where they go.
  // Moves the shorter side of the run where there is room for that, and otherwise all of it, into a
  // block with a quarter more than is needed, if that stays within `limit`.
  char* splice(ListMemory& memory, std::size_t offset, std::size_t removed, std::size_t inserted,
               std::size_t limit);

  // Gives up the room, where that makes for a smaller block.
  void trim(ListMemory& memory);

  // ---- Compression -----------------------------------------------------------------------------

  // Compresses the run if that saves enough. If not, it is not tried again while the form stays
  // kIncompressible; who edits a run sets it to kPlain. Any form.
  void compress(ListMemory& memory);
  // REQUIRES, of both: compressed()
  void expand(ListMemory& memory);
  void expand_to(char* to) const;

 private:
  void move_to(ListMemory& memory, std::size_t capacity_then, ListEnd room_then);
};

}  // namespace tarn
