#include "server/net/output_buffer.h"

#include <algorithm>
#include <utility>

#include "core/base/assert.h"
#include "core/memory/reclaimer.h"

namespace tarn {

std::unique_ptr<char[]> ChunkPool::take() {
  if (free_.empty()) return std::make_unique_for_overwrite<char[]>(kChunkBytes);
  std::unique_ptr<char[]> chunk = std::move(free_.back());
  free_.pop_back();
  return chunk;
}

void ChunkPool::give_back(std::unique_ptr<char[]> chunk) {
  if (free_.size() < kMaxKept) free_.push_back(std::move(chunk));
}

void OutputBuffer::close_open_segment() {
  if (open_start_ == nullptr) return;
  segments_.back().size = static_cast<std::size_t>(cursor_ - segments_.back().data);
  closed_bytes_ += open_bytes();
  unfilled_ = segments_.size() - 1;
  open_start_ = cursor_ = limit_ = nullptr;
}

// Opens a segment with so much room: behind the last one in its chunk, or in a chunk of its own.
void OutputBuffer::open_segment(std::size_t room) {
  close_open_segment();
  if (unfilled_ != kNone) {
    Segment& last = segments_[unfilled_];
    char* const begin = const_cast<char*>(last.data) + last.size;
    char* const end = last.chunk.get() + ChunkPool::kChunkBytes;
    if (static_cast<std::size_t>(end - begin) >= room) {
      std::unique_ptr<char[]> chunk = std::move(last.chunk);
      Segment& segment = segments_.emplace_back();
      segment.chunk = std::move(chunk);
      segment.data = open_start_ = cursor_ = begin;
      limit_ = end;
      unfilled_ = kNone;
      return;
    }
  }
  Segment& segment = segments_.emplace_back();
  segment.chunk = pool_->take();
  held_bytes_ += ChunkPool::kChunkBytes;
  segment.data = open_start_ = cursor_ = segment.chunk.get();
  limit_ = cursor_ + ChunkPool::kChunkBytes;
  unfilled_ = kNone;
}

void OutputBuffer::append_across(std::string_view bytes) {
  while (!bytes.empty()) {
    if (cursor_ == limit_) open_segment(1);
    const std::size_t part = std::min(bytes.size(), static_cast<std::size_t>(limit_ - cursor_));
    std::memcpy(cursor_, bytes.data(), part);
    cursor_ += part;
    bytes.remove_prefix(part);
  }
}

void OutputBuffer::append_shared(BlobRef blob, std::string_view bytes) {
  close_open_segment();
  Segment& segment = segments_.emplace_back();
  segment.data = bytes.data();
  segment.size = bytes.size();
  segment.blob = std::move(blob);
  closed_bytes_ += bytes.size();
  held_bytes_ += bytes.size();
}

void OutputBuffer::append_lazy(std::unique_ptr<LazyBytes> source) {
  close_open_segment();
  Segment segment;
  segment.source = std::move(source);
  if (!make_next_piece(segment)) return;
  ++sources_;
  segments_.push_back(std::move(segment));
}

// What sources hold changes while they wait.
std::size_t OutputBuffer::source_bytes() const {
  std::size_t bytes = 0;
  for (std::size_t i = first_; i < segments_.size(); ++i) {
    if (segments_[i].source != nullptr) bytes += segments_[i].source->memory_bytes();
  }
  return bytes;
}

// Replaces the piece that is sent by the next one; returns false where that was the last.
bool OutputBuffer::make_next_piece(Segment& segment) {
  const std::string_view piece = segment.source->next();
  segment.data = piece.data();
  segment.size = piece.size();
  closed_bytes_ += piece.size();
  return !piece.empty();
}

OutputBuffer::Placeholder OutputBuffer::add_placeholder() {
  close_open_segment();
  segments_.emplace_back();
  return segments_.size() - 1;
}

void OutputBuffer::fill(Placeholder place, std::string_view bytes) {
  Segment& segment = segments_[place];
  segment.blob = Blob::copy(bytes);
  segment.data = segment.blob->data();
  segment.size = bytes.size();
  closed_bytes_ += bytes.size();
  held_bytes_ += bytes.size();
}

OutputBuffer::Mark OutputBuffer::mark() { return {segments_.size(), bytes()}; }

// Gives back what a segment holds.
void OutputBuffer::release(Segment& segment) {
  if (segment.chunk != nullptr) {
    held_bytes_ -= ChunkPool::kChunkBytes;
    pool_->give_back(std::move(segment.chunk));
  } else if (segment.blob) {
    held_bytes_ -= segment.size;
    segment.blob.reset();
  } else if (segment.source != nullptr) {
    --sources_;
    segment.source.reset();
  }
}

// Takes the last segment back. A chunk that holds earlier segments too goes to the latest of them.
void OutputBuffer::drop_last() {
  Segment dropped = std::move(segments_.back());
  segments_.pop_back();
  closed_bytes_ -= dropped.size;
  if (dropped.chunk != nullptr && dropped.data != dropped.chunk.get()) {
    for (std::size_t i = segments_.size(); i-- > first_;) {
      if (segments_[i].data + segments_[i].size != dropped.data) continue;
      segments_[i].chunk = std::move(dropped.chunk);
      return;
    }
  }
  release(dropped);
}

void OutputBuffer::truncate(const Mark& mark) {
  close_open_segment();
  while (segments_.size() > mark.segments) drop_last();
  unfilled_ = kNone;
  if (segments_.empty()) return;
  Segment& last = segments_.back();
  const std::size_t excess = closed_bytes_ - mark.bytes;
  TARN_ASSERT(excess == 0 || (excess <= last.size && last.chunk != nullptr));
  last.size -= excess;
  closed_bytes_ -= excess;
  if (last.chunk != nullptr) unfilled_ = segments_.size() - 1;
}

// Little is copied, so that it shares a chunk with what comes before and after it.
void OutputBuffer::splice(OutputBuffer& other) {
  constexpr std::size_t kCopiedBytes = 1024;
  other.close_open_segment();
  const bool makes_more = std::any_of(other.segments_.begin(), other.segments_.end(),
                                      [](const Segment& one) { return one.source != nullptr; });
  if (other.closed_bytes_ <= kCopiedBytes && !makes_more) {
    for (std::size_t i = other.first_; i < other.segments_.size(); ++i) {
      append({other.segments_[i].data, other.segments_[i].size});
    }
    return other.clear();
  }
  close_open_segment();
  for (std::size_t i = other.first_; i < other.segments_.size(); ++i) {
    segments_.push_back(std::move(other.segments_[i]));
  }
  closed_bytes_ += std::exchange(other.closed_bytes_, 0);
  held_bytes_ += std::exchange(other.held_bytes_, 0);
  sources_ += std::exchange(other.sources_, 0);
  other.segments_.clear();
  other.first_ = 0;
  other.unfilled_ = kNone;
}

std::size_t OutputBuffer::gather(std::span<iovec> vectors) {
  std::size_t filled = 0;
  for (std::size_t i = first_; i < segments_.size() && filled < vectors.size(); ++i) {
    Segment& segment = segments_[i];
    const bool open = open_start_ != nullptr && i + 1 == segments_.size();
    const std::size_t size = open ? static_cast<std::size_t>(cursor_ - segment.data) : segment.size;
    if (size == 0) continue;
    vectors[filled++] = {const_cast<char*>(segment.data), size};
    if (segment.source != nullptr) break;  // its next piece comes before what follows
  }
  return filled;
}

void OutputBuffer::consume(std::size_t bytes) {
  close_open_segment();
  closed_bytes_ -= bytes;
  while (first_ < segments_.size() && (bytes > 0 || segments_[first_].size == 0)) {
    Segment& segment = segments_[first_];
    if (bytes < segment.size) {
      segment.data += bytes;
      segment.size -= bytes;
      if (segment.blob) held_bytes_ -= bytes;
      break;
    }
    bytes -= segment.size;
    if (segment.source != nullptr && make_next_piece(segment)) continue;
    if (unfilled_ == first_) unfilled_ = kNone;
    release(segment);
    ++first_;
  }
  forget_sent();
}

// Sent segments go when they are half of all, so that a peer that is always behind costs no more
// than what waits for it.
void OutputBuffer::forget_sent() {
  if (first_ * 2 < segments_.size()) return;
  if (first_ == segments_.size()) {
    segments_.clear();
    if (segments_.capacity() > kKeptSegments) segments_.shrink_to_fit();
  } else if (first_ >= kKeptSegments) {
    segments_.erase(segments_.begin(), segments_.begin() + static_cast<std::ptrdiff_t>(first_));
    if (unfilled_ != kNone) unfilled_ -= first_;
  } else {
    return;
  }
  first_ = 0;
}

// Many chunks are freed by the helper thread. What else there is may not be touched by another one.
void OutputBuffer::clear() {
  const bool many = segments_.size() - first_ >= kManySegments;
  std::vector<std::unique_ptr<char[]>> chunks;
  for (std::size_t i = first_; i < segments_.size(); ++i) {
    if (many && segments_[i].chunk != nullptr) {
      chunks.push_back(std::move(segments_[i].chunk));
    } else {
      release(segments_[i]);
    }
  }
  if (many) {
    Reclaimer::destroy_later(std::make_unique<decltype(chunks)>(std::move(chunks)));
  }
  segments_.clear();
  if (segments_.capacity() > kKeptSegments) segments_.shrink_to_fit();
  first_ = 0;
  closed_bytes_ = 0;
  held_bytes_ = 0;
  open_start_ = cursor_ = limit_ = nullptr;
  unfilled_ = kNone;
}

}  // namespace tarn
