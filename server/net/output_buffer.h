#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "core/memory/blob.h"
#include "server/net/lazy_bytes.h"

namespace tarn {

// Chunks of reply memory, kept for the next connection that needs one, so that idle connections
// hold none. The last chunk given back is the first handed out: it is still in the cache.
class ChunkPool {
 public:
  static constexpr std::size_t kChunkBytes = 16 * 1024;

  std::unique_ptr<char[]> take();
  void give_back(std::unique_ptr<char[]> chunk);

 private:
  static constexpr std::size_t kMaxKept = 256;
  std::vector<std::unique_ptr<char[]>> free_;
};

// What waits to be sent to a peer: a list of segments, each a part of a chunk that was written to,
// a view into a shared blob, or a source of bytes that are made later. Writers reserve room, write,
// and commit; the connection gathers the segments, sends, and consumes.
//
// A blob between two small replies does not end the chunk: writing goes on in what is left of it.
// So several segments can lie in one chunk, and the last of them owns it, since it is sent last.
class OutputBuffer {
 public:
  explicit OutputBuffer(ChunkPool& pool) : pool_(&pool) {}
  ~OutputBuffer() { clear(); }
  OutputBuffer(const OutputBuffer&) = delete;
  OutputBuffer& operator=(const OutputBuffer&) = delete;

  ChunkPool& pool() { return *pool_; }

  // Returns at least `bytes` bytes in one piece to write to. REQUIRES: bytes <= kChunkBytes.
  char* reserve(std::size_t bytes) {
    if (static_cast<std::size_t>(limit_ - cursor_) < bytes) [[unlikely]]
      open_segment(bytes);
    return cursor_;
  }
  // Says that everything before `end`, in the room last reserved, has been written.
  void commit(char* end) { cursor_ = end; }

  void append(std::string_view bytes) {
    if (bytes.empty()) return;
    if (bytes.size() > static_cast<std::size_t>(limit_ - cursor_)) return append_across(bytes);
    std::memcpy(cursor_, bytes.data(), bytes.size());
    cursor_ += bytes.size();
  }
  // Sends `bytes`, which lie in `blob`, without copying them.
  void append_shared(BlobRef blob, std::string_view bytes);
  // Sends all bytes that the source makes. Of them, only the piece that is next counts as bytes
  // that wait.
  void append_lazy(std::unique_ptr<LazyBytes> source);

  // A place for bytes that are known only later (the length of an array, before its elements). Fill
  // it before the next gather(). Invalidated by truncate() to before it.
  using Placeholder = std::size_t;
  Placeholder add_placeholder();
  void fill(Placeholder place, std::string_view bytes);

  // Everything appended after mark() is taken back by truncate().
  struct Mark {
    std::size_t segments;
    std::size_t bytes;
  };
  Mark mark();
  void truncate(const Mark& mark);

  // Appends what the other one holds, which is empty then. REQUIRES: the same pool.
  void splice(OutputBuffer& other);

  bool empty() const { return bytes() == 0; }
  // Whether what is sent next is being made meanwhile, which takes longer than sending it.
  bool makes_next() const {
    return first_ < segments_.size() && segments_[first_].source != nullptr;
  }
  // Bytes that wait.
  std::size_t bytes() const { return closed_bytes_ + (segments_.empty() ? 0 : open_bytes()); }
  // Memory that is held for them, shared blobs and sources included.
  std::size_t memory_bytes() const {
    const std::size_t bytes = held_bytes_ + segments_.capacity() * sizeof(Segment);
    return sources_ == 0 ? bytes : bytes + source_bytes();
  }
  std::size_t segments() const { return segments_.size() - first_; }

  // Fills `vectors` with what comes first; returns how many were filled.
  std::size_t gather(std::span<iovec> vectors);
  // Drops the first `bytes` bytes: they are sent.
  void consume(std::size_t bytes);
  void clear();

 private:
  struct Segment {
    const char* data = nullptr;
    std::size_t size = 0;
    std::unique_ptr<char[]> chunk;  // where the segment is the last one in a chunk of the pool's
    BlobRef blob;                   // where it is a view into a blob
    std::unique_ptr<LazyBytes> source;  // where it is the source's latest piece
  };
  static constexpr std::size_t kKeptSegments = 64;
  static constexpr std::size_t kManySegments = 1024;  // too many to be freed at once
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  std::size_t source_bytes() const;
  std::size_t open_bytes() const { return static_cast<std::size_t>(cursor_ - open_start_); }
  void open_segment(std::size_t room);
  void close_open_segment();
  void append_across(std::string_view bytes);
  bool make_next_piece(Segment& segment);
  void release(Segment& segment);
  void drop_last();
  void forget_sent();

  ChunkPool* pool_;
  std::vector<Segment> segments_;  // from first_ on; the last one is open where open_start_ is set
  std::size_t first_ = 0;
  std::size_t closed_bytes_ = 0;
  std::size_t held_bytes_ = 0;  // chunks and blobs
  std::size_t sources_ = 0;
  char* open_start_ = nullptr;
  char* cursor_ = nullptr;
  char* limit_ = nullptr;
  std::size_t unfilled_ = kNone;  // the closed segment behind which its chunk has room
};

}  // namespace tarn
