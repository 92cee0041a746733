#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "core/containers/list_chunk.h"
#include "core/containers/list_directory.h"
#include "core/containers/list_run.h"
#include "core/containers/packed_element.h"

namespace tarn {

// How much a chunk of a list may hold, and which chunks are compressed.
struct ListLimits {
  static constexpr std::uint32_t kNoLimit = std::numeric_limits<std::uint32_t>::max();
  static constexpr std::uint32_t kMaxChunkBytes = 64 * 1024;

  std::uint32_t max_bytes = 8 * 1024;     // at most kMaxChunkBytes
  std::uint32_t max_elements = kNoLimit;  // at least 1
  std::uint32_t compress_depth = 0;       // chunks at either end that stay plain; 0: all do

  // What the options list-max-listpack-size and list-compress-depth mean. Of the first, -1 .. -5
  // are 4, 8, 16, 32 and 64 KiB a chunk, less is as -5; n > 0 is n elements, but no more than
  // 8 KiB; and 0 is as 1.
  static ListLimits of_options(std::int64_t max_listpack_size, std::int64_t compress_depth);

  // Whether so much may be one chunk.
  bool fits(std::size_t bytes, std::size_t elements) const {
    return bytes <= max_bytes && elements <= max_elements;
  }
  // Whether it is half of that at most: a list that shrinks to this should become a small one.
  bool fits_half(std::size_t bytes, std::size_t elements) const {
    if (max_elements == kNoLimit) return bytes <= max_bytes / 2;
    return bytes <= max_bytes && elements <= max_elements / 2;
  }

  bool operator==(const ListLimits&) const = default;
};

// A large list: strings (or the integers that they spell) in order, cheap to reach from both ends
// and by position, at little more than a byte an element above its own length.
//
// Idea. Elements are packed into chunks of some KiB, each a run in one block of memory, and a
// directory holds the chunks in order. Which chunk an element is in is found by adding up counts
// that lie side by side, several million elements a microsecond; where in it, by walking.
//
//  1. The first chunk is filled from the back of its block downwards, the last one from the front
//     upwards, so a push writes its bytes and moves no others. A new block takes no more than its
//     neighbour or an eighth of the list, and doubles up to the limit.
//  2. A chunk is full when the next element would exceed the limits. An element that exceeds them
//     all by itself has a chunk to itself. A chunk that is no longer at an end is trimmed.
//  3. Inserting into a full chunk splits it there, and the element goes to the smaller half. What
//     erasing leaves less than half full is merged with a neighbour if both fit one chunk.
//  4. Runs have no links back. Who goes backwards walks forwards first and notes where elements
//     start: an iterator does so for one chunk at a time, and the list itself for the last quarter
//     of its last chunk (list_run::TailLengths), after which pushes, pops and replacements keep the
//     notes. So popping a chunk of n elements off the back costs 2.5 n steps of walking.
//  5. With a compress depth of d, all chunks but the first and last d are kept as LZ4 blocks if
//     that saves an eighth. Reading expands them into the reader's memory; an edit expands the
//     chunk in place, and compresses it when it is done.
//
// Invariants: no chunk is empty; one of several elements has at most kMaxChunkBytes; the first and
// the last chunk are plain, as are all within compress_depth of an end.
//
// Limits apply to what is written from then on. Elements read are views, good until the list is
// changed, and so are iterators; what is borrowed from a list must not be inserted into that list.
// One thread at a time, but a list may be destroyed on another than it lived on.
class ChunkedList {
 public:
  class Iterator;

  explicit ChunkedList(const ListLimits& limits = {}) : limits_(limits) {}
  ChunkedList(ChunkedList&& other) noexcept { swap(other); }
  ChunkedList& operator=(ChunkedList&& other) noexcept {
    swap(other);
    return *this;
  }
  ~ChunkedList();  // O(chunks): see clear_step

  void swap(ChunkedList& other) noexcept;

  // A copy, of compressed chunks as they are. O(bytes)
  ChunkedList clone() const;

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  const ListLimits& limits() const { return limits_; }
  void set_limits(const ListLimits& limits);

  // ---- Ends: O(1) amortised --------------------------------------------------------------------

  void push(ListEnd end, const PackedProbe& element);
  // Appends `count` elements that lie packed one after the other. O(bytes)
  // REQUIRES: trusted bytes
  void append_run(std::string_view run, std::size_t count);

  // REQUIRES, of both: !empty()
  PackedElement peek(ListEnd end) const;
  void pop(ListEnd end);
  // Drops `count` elements off that end. O(chunks dropped) REQUIRES: count <= size()
  void pop(ListEnd end, std::size_t count);

  // ---- By position: O(chunks / 64) and a walk through one chunk, amortised O(1) near the ends ---

  // An element of a compressed chunk is good only until the thread's next at(), of any list.
  // REQUIRES, of these two: index < size()
  PackedElement at(std::size_t index) const;
  void replace(std::size_t index, const PackedProbe& element);
  // The new element will be at `index`. REQUIRES: index <= size()
  void insert(std::size_t index, const PackedProbe& element);
  // REQUIRES: index <= size(), count <= size() - index
  void erase(std::size_t index, std::size_t count = 1);
  // Keeps the elements [first, first + count). REQUIRES: first <= size(), count <= size() - first
  void trim(std::size_t first, std::size_t count);

  // Removes the elements that equal the probe, no more than the `max_count` that come first from
  // that end on, and returns how many they were. O(bytes)
  std::size_t remove(const PackedProbe& probe, std::size_t max_count, ListEnd from);

  // Reads from the element at `index` on to the other end: forwards if `from` is kFront, backwards
  // if it is kBack. REQUIRES: index < size()
  Iterator iterate(ListEnd from, std::size_t index) const;
  // Reads all elements; there may be none.
  Iterator iterate(ListEnd from) const;

  // ---- Removal of all --------------------------------------------------------------------------

  void clear();
  // Drops up to `max_chunks` chunks off the back and returns whether elements remain; meanwhile the
  // list can be used as ever.
  bool clear_step(std::size_t max_chunks);

  // ---- Where it lies in memory -----------------------------------------------------------------

  // Moves the directory, or the block of a chunk, elsewhere (see MallocSlabs) if wanted(const
  // void*) is true of where it is. Iterators and elements read from there end. REQUIRES, of both:
  // chunk < chunk_count()
  template <class Wanted>
  void move_directory(Wanted&& wanted) {
    if (wanted(chunks_.block())) chunks_.move_block();
  }
  template <class Wanted>
  void move_chunk(std::size_t chunk, Wanted&& wanted) {
    if (wanted(chunks_[chunk].block)) memory_.move(chunks_[chunk]);
  }

  // ---- What it is made of ----------------------------------------------------------------------

  std::size_t chunk_count() const { return chunks_.size(); }
  std::size_t compressed_chunk_count() const { return compressed_chunks_; }
  // Of all elements, packed but not compressed.
  std::size_t element_bytes() const { return element_bytes_; }
  // Of all LZ4 blocks.
  std::size_t compressed_bytes() const { return compressed_bytes_; }
  // What it has of the allocator's memory, and the object itself. O(1)
  std::size_t memory_bytes() const;

  // Whether the list is one chunk and that is within the limits, or within half of them: the
  // encoding of small lists would do. (An oversized element is not within the limits.)
  bool fits_one_chunk() const { return chunk_count() == 1 && limits_.fits(element_bytes_, size_); }
  bool fits_half_chunk() const {
    return chunk_count() == 1 && limits_.fits_half(element_bytes_, size_);
  }
  // All elements, packed one after the other. REQUIRES: chunk_count() <= 1
  std::string_view only_run() const;

  // Asserts every invariant. O(bytes), for tests.
  void check() const;

 private:
  using Place = ListDirectory::Place;

  // Ends.
  std::size_t end_chunk(ListEnd end) const {
    return end == ListEnd::kFront ? 0 : chunks_.size() - 1;
  }
  char* extend(ListEnd end, std::size_t bytes, std::size_t elements);
  void add_chunk(ListEnd end, std::size_t needed);
  std::size_t last_length() const;
  void tidy_only_chunk();

  // Edits of one chunk or of the directory. tidy() then restores what they leave undone.
  bool fits_also(std::size_t chunk, std::size_t bytes, std::size_t elements) const;
  ListChunk& writable(std::size_t chunk);
  char* splice(std::size_t chunk, std::size_t offset, std::size_t removed, std::size_t inserted);
  void insert_between(std::size_t right, const PackedProbe& element);
  void split(Place place);
  void erase_within(std::size_t chunk, std::size_t first, std::size_t n);
  std::size_t remove_within(std::size_t chunk, const PackedProbe& probe, std::size_t max_count,
                            ListEnd from);
  void drop_chunks(std::size_t first, std::size_t n);

  // Merging and compressing.
  void tidy(std::size_t first, std::size_t last);
  bool merge(std::size_t left, std::size_t right);
  void trim_if_loose(std::size_t chunk);
  void settle_ends();
  void settle(std::size_t chunk);
  void expand(std::size_t chunk);
  void forget_compressed(const ListChunk& chunk);

  // Reading: the chunk's run, expanded into `scratch` if it is compressed, and where in it an
  // element starts.
  std::string_view readable(std::size_t chunk, std::vector<char>& scratch) const;
  std::size_t start_of(Place place, std::string_view run) const;

  ListLimits limits_;
  ListMemory memory_;
  ListDirectory chunks_;
  std::size_t size_ = 0;
  std::size_t element_bytes_ = 0;
  std::size_t compressed_chunks_ = 0;
  std::size_t compressed_bytes_ = 0;
  mutable list_run::TailLengths tail_;  // of the last chunk
};

// Reads elements one after the other.
class ChunkedList::Iterator {
 public:
  Iterator(Iterator&&) = default;
  Iterator& operator=(Iterator&&) = default;

  // Moves on to the next element and reads it; false if there is none. The element is good until
  // the next call.
  bool next(PackedElement& element) {
    if (left_ == 0 && !enter_next_chunk()) return false;
    const char* after = packed::read(step(), element);
    if (from_ == ListEnd::kFront) next_ = after;
    return true;
  }

  // Moves on to the next element that equals the probe, over `max_steps` elements at most, and
  // returns whether there is one. It is at index().
  bool find(const PackedProbe& probe, std::size_t max_steps);

  // Where the element is that was moved on to last.
  std::size_t index() const { return index_; }

 private:
  friend class ChunkedList;
  Iterator(const ChunkedList& list, ListEnd from) : list_(&list), from_(from) {}

  void enter(Place place);
  bool enter_next_chunk();

  // Moves on within the chunk and returns where the element starts.
  const char* step() {
    --left_;
    if (from_ == ListEnd::kFront) {
      ++index_;
      return next_;
    }
    --index_;
    return run_ + starts_[left_];
  }

  const ChunkedList* list_;
  ListEnd from_;
  std::size_t index_ = 0;
  std::size_t chunk_ = 0;
  std::size_t chunks_left_ = 0;  // beyond this one
  std::size_t left_ = 0;         // elements of this chunk not yet read
  const char* run_ = nullptr;
  const char* next_ = nullptr;         // forwards: the first of those
  std::vector<std::uint16_t> starts_;  // backwards: where they start, in the run
  std::vector<char> scratch_;          // a compressed chunk, expanded
};

}  // namespace tarn
