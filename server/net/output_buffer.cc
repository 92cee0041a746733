#include "server/net/output_buffer.h"

#include <algorithm>

#include "core/base/assert.h"

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
  open_start_ = cursor_ = limit_ = nullptr;
}

void OutputBuffer::add_chunk() {
  close_open_segment();
  Segment& segment = segments_.emplace_back();
  segment.chunk = pool_->take();
  segment.data = segment.chunk.get();
  open_start_ = cursor_ = segment.chunk.get();
  limit_ = cursor_ + ChunkPool::kChunkBytes;
}

void OutputBuffer::append_across(std::string_view bytes) {
  while (!bytes.empty()) {
    if (cursor_ == limit_) add_chunk();
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
}

OutputBuffer::Mark OutputBuffer::mark() { return {segments_.size(), bytes()}; }

void OutputBuffer::truncate(const Mark& mark) {
  close_open_segment();
  while (segments_.size() > mark.segments) {
    Segment& segment = segments_.back();
    closed_bytes_ -= segment.size;
    if (segment.chunk != nullptr) pool_->give_back(std::move(segment.chunk));
    segments_.pop_back();
  }
  if (closed_bytes_ > mark.bytes) {
    const std::size_t excess = closed_bytes_ - mark.bytes;
    segments_.back().size -= excess;
    closed_bytes_ -= excess;
  }
  TARN_ASSERT(closed_bytes_ == mark.bytes);
}

std::size_t OutputBuffer::memory_bytes() const {
  std::size_t total = segments_.capacity() * sizeof(Segment);
  for (std::size_t i = first_; i < segments_.size(); ++i) {
    const Segment& segment = segments_[i];
    total += segment.chunk != nullptr ? ChunkPool::kChunkBytes : segment.size;
  }
  return total;
}

std::size_t OutputBuffer::gather(std::span<iovec> vectors) {
  std::size_t filled = 0;
  for (std::size_t i = first_; i < segments_.size() && filled < vectors.size(); ++i) {
    Segment& segment = segments_[i];
    const bool open = open_start_ != nullptr && i + 1 == segments_.size();
    const std::size_t size = open ? static_cast<std::size_t>(cursor_ - segment.data) : segment.size;
    if (size == 0) continue;
    vectors[filled++] = {const_cast<char*>(segment.data), size};
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
      return;
    }
    bytes -= segment.size;
    if (segment.chunk != nullptr) pool_->give_back(std::move(segment.chunk));
    segment = {};
    ++first_;
  }
  if (first_ == segments_.size()) {
    segments_.clear();
    first_ = 0;
  }
}

void OutputBuffer::clear() {
  for (Segment& segment : segments_) {
    if (segment.chunk != nullptr) pool_->give_back(std::move(segment.chunk));
  }
  segments_.clear();
  first_ = 0;
  closed_bytes_ = 0;
  open_start_ = cursor_ = limit_ = nullptr;
}

}  // namespace tarn
