#include "core/containers/chunked_list.h"

#include <malloc.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/base/assert.h"

namespace tarn {
namespace {

// A block of a list's only chunk that is smaller stays as it is, however little is in it.
constexpr std::size_t kMinShrinkBytes = 1024;

// What runs are expanded into that are only looked at.
std::vector<char>& thread_scratch() {
  thread_local std::vector<char> scratch;
  return scratch;
}

}  // namespace

ListLimits ListLimits::of_options(std::int64_t max_listpack_size, std::int64_t compress_depth) {
  ListLimits limits;
  if (max_listpack_size < 0) {
    limits.max_bytes = 2048U << std::min<std::int64_t>(-max_listpack_size, 5);
  } else {
    limits.max_elements =
        static_cast<std::uint32_t>(std::clamp<std::int64_t>(max_listpack_size, 1, kNoLimit - 1));
  }
  limits.compress_depth =
      static_cast<std::uint32_t>(std::clamp<std::int64_t>(compress_depth, 0, kNoLimit));
  return limits;
}

ChunkedList::~ChunkedList() { memory_.free(chunks_.span(0, chunks_.size())); }

void ChunkedList::swap(ChunkedList& other) noexcept {
  std::swap(limits_, other.limits_);
  std::swap(memory_, other.memory_);
  chunks_.swap(other.chunks_);
  std::swap(size_, other.size_);
  std::swap(element_bytes_, other.element_bytes_);
  std::swap(compressed_chunks_, other.compressed_chunks_);
  std::swap(compressed_bytes_, other.compressed_bytes_);
  tail_.swap(other.tail_);
}

ChunkedList ChunkedList::clone() const {
  ChunkedList copy(limits_);
  for (std::size_t i = 0; i < chunks_.size(); ++i) {
    copy.chunks_.insert(i, chunks_[i].clone(copy.memory_), chunks_.count(i));
  }
  copy.size_ = size_;
  copy.element_bytes_ = element_bytes_;
  copy.compressed_chunks_ = compressed_chunks_;
  copy.compressed_bytes_ = compressed_bytes_;
  return copy;
}

void ChunkedList::set_limits(const ListLimits& limits) {
  if (limits == limits_) return;
  limits_ = limits;
  settle_ends();
}

// ---- Ends ---------------------------------------------------------------------------------------

void ChunkedList::push(ListEnd end, const PackedProbe& element) {
  const std::size_t bytes = element.encoded_bytes();
  element.write(extend(end, bytes, 1));
  if (end == ListEnd::kBack) tail_.push(bytes, chunks_.count(chunks_.size() - 1));
}

void ChunkedList::append_run(std::string_view run, std::size_t count) {
  const auto fits_last = [this](std::size_t bytes, std::size_t elements) {
    return !empty() && fits_also(chunks_.size() - 1, bytes, elements);
  };
  while (count > 0) {
    // As much as the last chunk takes, or else a new one, but at least one element.
    std::size_t bytes = packed::encoded_bytes(run.data());
    std::size_t elements = 1;
    const bool same_chunk = fits_last(bytes, 1);
    while (elements < count) {
      const std::size_t more = bytes + packed::encoded_bytes(run.data() + bytes);
      const bool fits =
          same_chunk ? fits_last(more, elements + 1) : limits_.fits(more, elements + 1);
      if (!fits) break;
      bytes = more;
      ++elements;
    }
    std::memcpy(extend(ListEnd::kBack, bytes, elements), run.data(), bytes);
    tail_.clear();
    run.remove_prefix(bytes);
    count -= elements;
  }
}

// Makes the list longer by so many elements of so many bytes, in one chunk, and returns where they
// are to be written.
char* ChunkedList::extend(ListEnd end, std::size_t bytes, std::size_t elements) {
  if (empty() || !fits_also(end_chunk(end), bytes, elements)) add_chunk(end, bytes);
  if (ListChunk& chunk = chunks_[end_chunk(end)]; chunk.room(end) < bytes) [[unlikely]] {
    if (chunk.capacity >= limits_.max_bytes && !chunk.can_shift(bytes)) {
      add_chunk(end, bytes);
    } else {
      const std::size_t doubled = std::max(std::size_t{chunk.bytes} * 2, chunk.bytes + bytes);
      chunk.make_room(memory_, end, bytes, std::min<std::size_t>(doubled, limits_.max_bytes));
    }
  }
  const std::size_t at = end_chunk(end);
  ListChunk& chunk = chunks_[at];
  chunk.form = ListChunk::Form::kPlain;
  chunks_.count(at) += static_cast<std::uint32_t>(elements);
  size_ += elements;
  element_bytes_ += bytes;
  return chunk.extend(end, bytes);
}

void ChunkedList::add_chunk(ListEnd end, std::size_t needed) {
  std::size_t capacity = needed;
  if (!empty()) {
    const std::size_t neighbour = chunks_[end_chunk(end)].bytes;
    const std::size_t share = std::min(neighbour, element_bytes_ / 8);
    capacity = std::max(needed, std::min<std::size_t>(share, limits_.max_bytes));
  }
  const ListChunk chunk = ListChunk::make(memory_, capacity, end);
  chunks_.insert(end == ListEnd::kFront ? 0 : chunks_.size(), chunk, 0);
  if (end == ListEnd::kBack) tail_.clear();
  settle_ends();
  if (chunks_.size() > 2) {
    ListChunk& former = chunks_[end == ListEnd::kFront ? 1 : chunks_.size() - 2];
    if (!former.compressed()) former.trim(memory_);
  }
}

PackedElement ChunkedList::peek(ListEnd end) const {
  TARN_ASSERT(!empty());
  const ListChunk& chunk = chunks_[end_chunk(end)];
  const char* at = chunk.data();
  if (end == ListEnd::kBack && chunks_.count(chunks_.size() - 1) > 1) {
    at += chunk.bytes - last_length();
  }
  PackedElement element;
  packed::read(at, element);
  return element;
}

void ChunkedList::pop(ListEnd end) {
  TARN_ASSERT(!empty());
  const std::size_t at = end_chunk(end);
  if (chunks_.count(at) == 1) return drop_chunks(at, 1);
  ListChunk& chunk = chunks_[at];
  const bool front = end == ListEnd::kFront;
  const std::size_t bytes = front ? packed::encoded_bytes(chunk.data()) : last_length();
  chunk.cut(end, bytes);
  if (!front) tail_.pop();
  --chunks_.count(at);
  --size_;
  element_bytes_ -= bytes;
  if (chunks_.size() == 1) tidy_only_chunk();
}

void ChunkedList::pop(ListEnd end, std::size_t count) {
  TARN_ASSERT(count <= size_);
  if (count == 0) return;
  if (count == size_) return clear();
  const bool front = end == ListEnd::kFront;
  // The first element that stays, or the first that goes.
  const Place place = chunks_.find(front ? count : size_ - count, size_);
  if (front) {
    drop_chunks(0, place.chunk);
  } else {
    const std::size_t dropped = place.offset == 0 ? place.chunk : place.chunk + 1;
    drop_chunks(dropped, chunks_.size() - dropped);
  }
  if (place.offset == 0) return;

  const std::size_t at = end_chunk(end);
  ListChunk& chunk = chunks_[at];
  const std::size_t before = start_of({at, place.offset}, chunk.run());
  const std::size_t bytes = front ? before : chunk.bytes - before;
  const std::size_t elements = front ? place.offset : chunks_.count(at) - place.offset;
  chunk.cut(end, bytes);
  if (!front) tail_.pop(elements);
  chunks_.count(at) -= static_cast<std::uint32_t>(elements);
  size_ -= elements;
  element_bytes_ -= bytes;
  if (chunks_.size() == 1) tidy_only_chunk();
}

// Of the last element, which is not the only one of its chunk.
std::size_t ChunkedList::last_length() const {
  const std::size_t last = chunks_.size() - 1;
  return tail_.last(chunks_[last].run(), chunks_.count(last));
}

// After a pop at either end.
void ChunkedList::tidy_only_chunk() {
  tail_.shorten(chunks_.count(0));
  ListChunk& chunk = chunks_[0];
  if (chunk.capacity > kMinShrinkBytes && chunk.bytes < chunk.capacity / 4) chunk.trim(memory_);
}

// ---- By position --------------------------------------------------------------------------------

PackedElement ChunkedList::at(std::size_t index) const {
  TARN_ASSERT(index < size_);
  const Place place = chunks_.find(index, size_);
  const std::string_view run = readable(place.chunk, thread_scratch());
  PackedElement element;
  packed::read(run.data() + start_of(place, run), element);
  return element;
}

void ChunkedList::replace(std::size_t index, const PackedProbe& element) {
  TARN_ASSERT(index < size_);
  const Place place = chunks_.find(index, size_);
  expand(place.chunk);
  const ListChunk& chunk = chunks_[place.chunk];
  const std::size_t offset = start_of(place, chunk.run());
  const std::size_t before = packed::encoded_bytes(chunk.data() + offset);
  const std::size_t now = element.encoded_bytes();
  const std::uint32_t elements = chunks_.count(place.chunk);
  if (now > before && elements > 1 && !limits_.fits(chunk.bytes - before + now, elements)) {
    erase(index);
    return insert(index, element);
  }
  list_run::TailLengths lengths;
  lengths.swap(tail_);
  element.write(splice(place.chunk, offset, before, now));
  lengths.swap(tail_);
  if (place.chunk + 1 == chunks_.size()) tail_.replace(size_ - 1 - index, now);
  tidy(place.chunk, place.chunk + 1);
}

void ChunkedList::insert(std::size_t index, const PackedProbe& element) {
  TARN_ASSERT(index <= size_);
  if (index == 0) return push(ListEnd::kFront, element);
  if (index == size_) return push(ListEnd::kBack, element);
  const Place place = chunks_.find(index, size_);
  const std::size_t bytes = element.encoded_bytes();
  if (fits_also(place.chunk, bytes, 1)) {
    const std::size_t offset = list_run::prefix_bytes(writable(place.chunk).run(), place.offset);
    element.write(splice(place.chunk, offset, 0, bytes));
    ++chunks_.count(place.chunk);
    ++size_;
    return tidy(place.chunk, place.chunk + 1);
  }
  std::size_t right = place.chunk;
  if (place.offset > 0) {
    split(place);
    ++right;
  }
  insert_between(right, element);
  tidy(right - 1, right + 2);
}

// Between the chunks right - 1 and right: into the smaller one that has room, or one of its own.
void ChunkedList::insert_between(std::size_t right, const PackedProbe& element) {
  const std::size_t left = right - 1;
  const std::size_t bytes = element.encoded_bytes();
  const bool fits_left = fits_also(left, bytes, 1);
  const bool fits_right = fits_also(right, bytes, 1);
  if (fits_left && (!fits_right || chunks_[left].bytes <= chunks_[right].bytes)) {
    element.write(splice(left, chunks_[left].bytes, 0, bytes));
    ++chunks_.count(left);
  } else if (fits_right) {
    element.write(splice(right, 0, 0, bytes));
    ++chunks_.count(right);
  } else {
    ListChunk chunk = ListChunk::make(memory_, bytes, ListEnd::kBack);
    element.write(chunk.extend(ListEnd::kBack, bytes));
    chunks_.insert(right, chunk, 1);
    element_bytes_ += bytes;
  }
  ++size_;
}

// Puts the elements from the place on into a chunk of their own, behind.
void ChunkedList::split(Place place) {
  ListChunk& left = writable(place.chunk);
  const std::size_t offset = list_run::prefix_bytes(left.run(), place.offset);
  const ListChunk right = ListChunk::copy_of(memory_, left.run().substr(offset));
  left.cut(ListEnd::kBack, right.bytes);
  std::uint32_t& count = chunks_.count(place.chunk);
  const auto kept = static_cast<std::uint32_t>(place.offset);
  const std::uint32_t moved = count - kept;
  count = kept;
  chunks_.insert(place.chunk + 1, right, moved);
}

void ChunkedList::erase(std::size_t index, std::size_t count) {
  TARN_ASSERT(index <= size_ && count <= size_ - index);
  if (count == 0) return;
  if (index == 0) return pop(ListEnd::kFront, count);
  if (index + count == size_) return pop(ListEnd::kBack, count);
  const Place first = chunks_.find(index, size_);
  const Place last = chunks_.find(index + count, size_);
  if (first.chunk == last.chunk) {
    erase_within(first.chunk, first.offset, count);
    return tidy(first.chunk, first.chunk + 1);
  }
  std::size_t whole = first.chunk;
  if (last.offset > 0) erase_within(last.chunk, 0, last.offset);
  if (first.offset > 0) {
    erase_within(first.chunk, first.offset, chunks_.count(first.chunk) - first.offset);
    ++whole;
  }
  drop_chunks(whole, last.chunk - whole);
  tidy(whole - 1, whole + 1);
}

// Some, but not all elements of the chunk.
void ChunkedList::erase_within(std::size_t chunk, std::size_t first, std::size_t n) {
  const std::string_view run = writable(chunk).run();
  const std::size_t offset = list_run::prefix_bytes(run, first);
  splice(chunk, offset, list_run::prefix_bytes(run.substr(offset), n), 0);
  chunks_.count(chunk) -= static_cast<std::uint32_t>(n);
  size_ -= n;
}

void ChunkedList::trim(std::size_t first, std::size_t count) {
  TARN_ASSERT(first <= size_ && count <= size_ - first);
  pop(ListEnd::kBack, size_ - first - count);
  pop(ListEnd::kFront, first);
}

std::size_t ChunkedList::remove(const PackedProbe& probe, std::size_t max_count, ListEnd from) {
  const std::size_t n = chunks_.size();
  std::size_t removed = 0;
  std::size_t lowest = n;
  std::size_t highest = 0;
  for (std::size_t i = 0; i < n && removed < max_count; ++i) {
    const std::size_t at = from == ListEnd::kFront ? i : n - 1 - i;
    const std::size_t here = remove_within(at, probe, max_count - removed, from);
    if (here == 0) continue;
    removed += here;
    lowest = std::min(lowest, at);
    highest = std::max(highest, at);
  }
  if (removed > 0) tidy(lowest, highest + 1);
  return removed;
}

// May leave the chunk without elements.
std::size_t ChunkedList::remove_within(std::size_t chunk, const PackedProbe& probe,
                                       std::size_t max_count, ListEnd from) {
  std::vector<char> scratch;
  const std::size_t matches = list_run::count_matches(readable(chunk, scratch), probe);
  if (matches == 0) return 0;
  const std::size_t n = std::min(matches, max_count);
  const std::size_t bytes = n * probe.encoded_bytes();
  ListChunk& c = writable(chunk);
  list_run::remove_matches(c.data(), c.bytes, probe, from == ListEnd::kFront ? 0 : matches - n, n);
  c.cut(ListEnd::kBack, bytes);
  chunks_.count(chunk) -= static_cast<std::uint32_t>(n);
  size_ -= n;
  element_bytes_ -= bytes;
  settle(chunk);
  return n;
}

void ChunkedList::clear() { drop_chunks(0, chunks_.size()); }

bool ChunkedList::clear_step(std::size_t max_chunks) {
  const std::size_t n = std::min(max_chunks, chunks_.size());
  drop_chunks(chunks_.size() - n, n);
  return !empty();
}

// ---- Upkeep -------------------------------------------------------------------------------------

bool ChunkedList::fits_also(std::size_t chunk, std::size_t bytes, std::size_t elements) const {
  return limits_.fits(chunks_[chunk].bytes + bytes, chunks_.count(chunk) + elements);
}

// The chunk, plain, and about to be changed.
ListChunk& ChunkedList::writable(std::size_t chunk) {
  expand(chunk);
  chunks_[chunk].form = ListChunk::Form::kPlain;
  if (chunk == chunks_.size() - 1) tail_.clear();
  return chunks_[chunk];
}

char* ChunkedList::splice(std::size_t chunk, std::size_t offset, std::size_t removed,
                          std::size_t inserted) {
  element_bytes_ += inserted - removed;
  return writable(chunk).splice(memory_, offset, removed, inserted, limits_.max_bytes);
}

void ChunkedList::drop_chunks(std::size_t first, std::size_t n) {
  if (n == 0) return;
  if (first + n == chunks_.size()) tail_.clear();
  for (std::size_t i = first; i < first + n; ++i) {
    size_ -= chunks_.count(i);
    element_bytes_ -= chunks_[i].bytes;
    if (chunks_[i].compressed()) forget_compressed(chunks_[i]);
  }
  memory_.free(chunks_.span(first, n));
  chunks_.erase(first, n);
  settle_ends();
}

// After the chunks [first, last) were edited: merges sparse ones with their neighbours, gives up
// room, forgets those that are empty, and compresses what is due.
void ChunkedList::tidy(std::size_t first, std::size_t last) {
  // Those, and one more on either side.
  const std::size_t begin = first == 0 ? 0 : first - 1;
  std::size_t end = std::min(last + 1, chunks_.size());
  for (std::size_t left = begin, right = begin + 1; right < end; ++right) {
    if (!merge(left, right)) left = right;
  }
  for (std::size_t i = begin; i < end; ++i) {
    if (chunks_.count(i) == 0) {
      memory_.free(chunks_[i]);
    } else {
      trim_if_loose(i);
    }
  }
  const std::size_t before = chunks_.size();
  chunks_.erase_empty(begin, end);
  end -= before - chunks_.size();
  for (std::size_t i = begin; i < end; ++i) settle(i);
  settle_ends();
}

// Moves the right chunk's elements into the left one if one of them has few and both fit into one.
// Says whether the right chunk is now empty.
bool ChunkedList::merge(std::size_t left, std::size_t right) {
  if (chunks_.count(right) == 0) return true;
  const auto sparse = [this](std::size_t i) {
    return limits_.fits_half(chunks_[i].bytes, chunks_.count(i));
  };
  if (chunks_.count(left) == 0 || !(sparse(left) || sparse(right))) return false;
  if (!fits_also(left, chunks_[right].bytes, chunks_.count(right))) return false;
  ListChunk& to = writable(left);
  ListChunk& from = writable(right);
  to.make_room(memory_, ListEnd::kBack, from.bytes, 0);
  std::memcpy(to.extend(ListEnd::kBack, from.bytes), from.data(), from.bytes);
  from.cut(ListEnd::kBack, from.bytes);
  chunks_.count(left) += std::exchange(chunks_.count(right), 0);
  return true;
}

// Between the ends room is waste. At an end it is used, unless an oversized element has left it.
void ChunkedList::trim_if_loose(std::size_t chunk) {
  ListChunk& c = chunks_[chunk];
  if (c.compressed() || c.bytes >= c.capacity / 2) return;
  const bool at_end = chunk == 0 || chunk == chunks_.size() - 1;
  if (!at_end || c.capacity > 2 * std::size_t{limits_.max_bytes}) c.trim(memory_);
}

// After chunks came or went, or the depth changed: those that are now near an end become plain, and
// those that have just ceased to be are compressed.
void ChunkedList::settle_ends() {
  const std::size_t n = chunks_.size();
  const std::size_t depth = limits_.compress_depth;
  if (compressed_chunks_ > 0) {
    const std::size_t guarded = std::min(n, std::max<std::size_t>(depth, 1));
    for (std::size_t i = 0; i < guarded; ++i) {
      expand(i);
      expand(n - 1 - i);
    }
  }
  if (n > 2 * depth) {
    settle(depth);
    settle(n - 1 - depth);
  }
}

void ChunkedList::settle(std::size_t chunk) {
  const std::size_t depth = limits_.compress_depth;
  ListChunk& c = chunks_[chunk];
  if (depth == 0 || chunk < depth || chunk + depth >= chunks_.size() || c.compressed()) return;
  c.compress(memory_);
  if (!c.compressed()) return;
  ++compressed_chunks_;
  compressed_bytes_ += c.lz4_bytes;
}

void ChunkedList::expand(std::size_t chunk) {
  if (!chunks_[chunk].compressed()) return;
  forget_compressed(chunks_[chunk]);
  chunks_[chunk].expand(memory_);
}

void ChunkedList::forget_compressed(const ListChunk& chunk) {
  --compressed_chunks_;
  compressed_bytes_ -= chunk.lz4_bytes;
}

// ---- Reading ------------------------------------------------------------------------------------

std::string_view ChunkedList::readable(std::size_t chunk, std::vector<char>& scratch) const {
  const ListChunk& c = chunks_[chunk];
  if (!c.compressed()) return c.run();
  if (scratch.size() < c.bytes) scratch.resize(c.bytes);
  c.expand_to(scratch.data());
  return {scratch.data(), c.bytes};
}

std::size_t ChunkedList::start_of(Place place, std::string_view run) const {
  if (place.offset > 0 && place.chunk + 1 == chunks_.size()) {
    const std::size_t elements = chunks_.count(place.chunk);
    if (const auto bytes = tail_.suffix_bytes(run, elements, elements - place.offset)) {
      return run.size() - *bytes;
    }
  }
  return list_run::prefix_bytes(run, place.offset);
}

std::string_view ChunkedList::only_run() const {
  TARN_ASSERT(chunk_count() <= 1);
  return empty() ? std::string_view() : chunks_[0].run();
}

ChunkedList::Iterator ChunkedList::iterate(ListEnd from) const {
  if (empty()) return Iterator(*this, from);
  return iterate(from, from == ListEnd::kFront ? 0 : size_ - 1);
}

ChunkedList::Iterator ChunkedList::iterate(ListEnd from, std::size_t index) const {
  TARN_ASSERT(index < size_);
  Iterator iterator(*this, from);
  const bool forwards = from == ListEnd::kFront;
  const Place place = chunks_.find(index, size_);
  iterator.index_ = forwards ? index - 1 : index + 1;
  iterator.chunks_left_ = forwards ? chunks_.size() - 1 - place.chunk : place.chunk;
  iterator.enter(place);
  return iterator;
}

void ChunkedList::Iterator::enter(Place place) {
  chunk_ = place.chunk;
  run_ = list_->readable(chunk_, scratch_).data();
  if (from_ == ListEnd::kFront) {
    left_ = list_->chunks_.count(chunk_) - place.offset;
    next_ = list_run::skip(run_, place.offset);
    return;
  }
  left_ = place.offset + 1;
  starts_.resize(left_);
  const char* at = run_;
  for (std::uint16_t& start : starts_) {
    start = static_cast<std::uint16_t>(at - run_);
    at = packed::skip(at);
  }
}

bool ChunkedList::Iterator::enter_next_chunk() {
  if (chunks_left_ == 0) return false;
  --chunks_left_;
  if (from_ == ListEnd::kFront) {
    enter({chunk_ + 1, 0});
  } else {
    enter({chunk_ - 1, list_->chunks_.count(chunk_ - 1) - 1});
  }
  return true;
}

bool ChunkedList::Iterator::find(const PackedProbe& probe, std::size_t max_steps) {
  for (; max_steps > 0; --max_steps) {
    if (left_ == 0 && !enter_next_chunk()) return false;
    const char* const at = step();
    if (from_ == ListEnd::kFront) next_ = probe.skip(at);
    if (probe.matches_at(at)) return true;
  }
  return false;
}

// ---- What it is made of -------------------------------------------------------------------------

std::size_t ChunkedList::memory_bytes() const {
  return sizeof(*this) + memory_.bytes() + chunks_.memory_bytes() + tail_.memory_bytes();
}

void ChunkedList::check() const {
  std::size_t elements = 0;
  std::size_t element_bytes = 0;
  std::size_t block_bytes = 0;
  std::size_t compressed_chunks = 0;
  std::size_t compressed_bytes = 0;
  std::vector<char> scratch;
  const std::size_t guarded = std::max<std::size_t>(limits_.compress_depth, 1);
  for (std::size_t i = 0; i < chunks_.size(); ++i) {
    const ListChunk& chunk = chunks_[i];
    const std::uint32_t count = chunks_.count(i);
    const std::string_view run = readable(i, scratch);
    TARN_ASSERT(count > 0);
    TARN_ASSERT(count == 1 || chunk.bytes <= ListLimits::kMaxChunkBytes);
    TARN_ASSERT(list_run::skip(run.data(), count) == run.data() + run.size());
    TARN_ASSERT(chunk.capacity == ::malloc_usable_size(chunk.block));
    TARN_ASSERT(chunk.compressed() || chunk.begin + chunk.bytes <= chunk.capacity);
    if (chunk.compressed()) {
      TARN_ASSERT(i >= guarded && i + guarded < chunks_.size());
      ++compressed_chunks;
      compressed_bytes += chunk.lz4_bytes;
    }
    elements += count;
    element_bytes += chunk.bytes;
    block_bytes += chunk.capacity;
  }
  TARN_ASSERT(elements == size_);
  TARN_ASSERT(element_bytes == element_bytes_);
  TARN_ASSERT(block_bytes == memory_.bytes());
  TARN_ASSERT(compressed_chunks == compressed_chunks_);
  TARN_ASSERT(compressed_bytes == compressed_bytes_);
  if (!empty()) {
    const std::size_t last = chunks_.size() - 1;
    tail_.check(chunks_[last].run(), chunks_.count(last));
  }
}

}  // namespace tarn
