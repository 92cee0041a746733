#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/assert.h"
#include "core/containers/packed_element.h"

namespace tarn {

// Elements one after the other in one piece of memory: small lists, hashes (field, value, ...),
// sets, sorted sets (member, score, ... in order), and the chunks of large lists.
//
//   | count, 2 bytes little-endian | element | element | ...        elements: packed_element.h
//
// The count is exact up to 65534; 0xffff stands for "more, or not known", and size() then walks.
// An insert past 65534 sets it, a recount() after erases takes it back. No back links and no
// terminator: a reader goes forward, and one that wants to go backward asks for cursors() first.
//
// Reading is a view over bytes; editing is a set of function templates over a store that owns them
// (namespace packed below). Both trust the bytes: those from disk or a peer go through
// packed_list_valid() first.

inline constexpr std::string_view kEmptyPackedList{"\0\0", 2};

// Whether these bytes, of any origin, are a list: every element in its one encoding, the last one
// ending where the bytes do, and a count that is right or unknown. O(bytes)
[[nodiscard]] bool packed_list_valid(std::string_view bytes);

// A list for reading. A view: good as long as the bytes neither change nor move.
class PackedList {
 public:
  // Where an element starts, in bytes from the start of the list. An edit leaves cursors before it
  // as they are.
  using Cursor = std::size_t;
  class Iterator;
  class Elements;

  static constexpr std::size_t kHeaderBytes = 2;
  static constexpr std::size_t kMaxKnownCount = 65534;
  static constexpr std::uint16_t kUnknownCount = 0xffff;

  // REQUIRES: bytes of a list
  explicit PackedList(std::string_view bytes) : bytes_(bytes) {}

  std::string_view bytes() const { return bytes_; }
  // The elements alone: what packed::insert_encoded takes.
  std::string_view encoded() const { return bytes_.substr(kHeaderBytes); }
  bool empty() const { return bytes_.size() == kHeaderBytes; }
  bool count_known() const { return header() != kUnknownCount; }
  // O(1) if the count is known, else O(n).
  std::size_t size() const { return count_known() ? header() : count_by_walking(); }

  Cursor begin() const { return kHeaderBytes; }
  Cursor end() const { return bytes_.size(); }

  // REQUIRES for all three: cursor != end()
  Cursor next(Cursor cursor) const { return cursor + packed::encoded_bytes(at_byte(cursor)); }
  PackedElement element(Cursor cursor) const {
    PackedElement element;
    packed::read(at_byte(cursor), element);
    return element;
  }
  // Both at once.
  Cursor read(Cursor cursor, PackedElement& element) const {
    return cursor_of(packed::read(at_byte(cursor), element));
  }

  // The cursor `count` elements on. REQUIRES: there are as many. O(count)
  Cursor skip(Cursor cursor, std::size_t count) const {
    const char* at = at_byte(cursor);
    while (count-- > 0) at = packed::skip(at);
    return cursor_of(at);
  }

  // The element of this index, from 0, or from the end where negative (-1 is the last); end() if
  // there is none. O(n)
  Cursor at(std::int64_t index) const;

  // The first element from `from` on that the probe matches, looking at every `stride`-th (2: the
  // fields of a hash); end() if there is none. O(n)
  // REQUIRES: the elements from `from` on are a multiple of `stride`.
  Cursor find(const PackedProbe& probe) const { return find(probe, begin(), 1); }
  Cursor find(const PackedProbe& probe, Cursor from, unsigned stride) const {
    const char* at = at_byte(from);
    const char* end = bytes_.data() + bytes_.size();
    while (at != end) {
      if (probe.matches_at(at)) return cursor_of(at);
      at = probe.skip(at);
      for (unsigned i = 1; i < stride; ++i) at = packed::skip(at);
    }
    return this->end();
  }

  // For a range-for: `for (const PackedElement& element : list.elements())`.
  Elements elements() const;

  // Calls fn(const PackedElement&) for all in order.
  template <class Fn>
  void for_each(Fn&& fn) const {
    PackedElement element;
    for (Cursor cursor = begin(); cursor != end();) {
      cursor = read(cursor, element);
      fn(std::as_const(element));
    }
  }
  // Calls fn(const PackedElement& first, const PackedElement& second) for all pairs in order.
  // REQUIRES: an even number of elements.
  template <class Fn>
  void for_each_pair(Fn&& fn) const {
    PackedElement first;
    PackedElement second;
    for (Cursor cursor = begin(); cursor != end();) {
      cursor = read(read(cursor, first), second);
      fn(std::as_const(first), std::as_const(second));
    }
  }

  // The cursors of every `stride`-th element in order, to go backward by or to choose from. O(n)
  // REQUIRES: the number of elements is a multiple of `stride`.
  std::vector<Cursor> cursors(unsigned stride = 1) const;

 private:
  std::uint16_t header() const { return packed::load<std::uint16_t>(bytes_.data()); }
  const char* at_byte(Cursor cursor) const { return bytes_.data() + cursor; }
  Cursor cursor_of(const char* at) const { return static_cast<Cursor>(at - bytes_.data()); }
  std::size_t count_by_walking() const;

  std::string_view bytes_;
};

class PackedList::Iterator {
 public:
  Iterator(const PackedList& list, Cursor cursor) : list_(list), next_(cursor) { step(); }
  const PackedElement& operator*() const { return element_; }
  const PackedElement* operator->() const { return &element_; }
  Iterator& operator++() {
    step();
    return *this;
  }
  bool operator==(const Iterator& other) const { return cursor_ == other.cursor_; }

 private:
  void step() {
    cursor_ = next_;
    if (cursor_ != list_.end()) next_ = list_.read(cursor_, element_);
  }

  PackedList list_;
  Cursor cursor_ = 0;
  Cursor next_;
  PackedElement element_;
};

class PackedList::Elements {
 public:
  explicit Elements(const PackedList& list) : list_(list) {}
  Iterator begin() const { return Iterator(list_, list_.begin()); }
  Iterator end() const { return Iterator(list_, list_.end()); }

 private:
  PackedList list_;
};

inline PackedList::Elements PackedList::elements() const { return Elements(*this); }

// ---- Editing ------------------------------------------------------------------------------------

// What owns the bytes of a list (or of an IntSet): an entry, a chunk, a string.
//   bytes()   all of them
//   data()    the same, for writing in place
//   splice(offset, removed_bytes, inserted_bytes)
//             replaces the range by as many bytes for the caller to fill, and returns the first of
//             them; may move everything
template <class Store>
concept PackedStore = requires(Store& store, const Store& constant, std::size_t bytes) {
  { constant.bytes() } -> std::same_as<std::string_view>;
  { store.data() } -> std::same_as<char*>;
  { store.splice(bytes, bytes, bytes) } -> std::same_as<char*>;
};

// Each edit is one splice, and two bytes written in place where the count changes. What a probe or
// `encoded` borrows must lie outside of the store. Cursors at and after the edited place are stale,
// but for those returned. O(bytes moved by the splice), plus what is said.
namespace packed {

using Cursor = PackedList::Cursor;

// Sets the count of a list of which `added` elements were put in or `removed` taken out.
template <PackedStore Store>
void adjust_count(Store& store, std::size_t removed, std::size_t added) {
  const auto before = load<std::uint16_t>(store.data());
  TARN_ASSERT(removed <= before || before == PackedList::kUnknownCount);
  std::size_t count = before - removed + added;
  if (PackedList(store.bytes()).empty()) {
    count = 0;
  } else if (before == PackedList::kUnknownCount || count > PackedList::kMaxKnownCount) {
    count = PackedList::kUnknownCount;
  }
  save(store.data(), static_cast<std::uint16_t>(count));
}

// Inserts before the element at the cursor, or at the end() of the list. Returns the cursor of what
// comes after.
template <PackedStore Store>
Cursor insert(Store& store, Cursor cursor, const PackedProbe& probe) {
  probe.write(store.splice(cursor, 0, probe.encoded_bytes()));
  adjust_count(store, 0, 1);
  return cursor + probe.encoded_bytes();
}
template <PackedStore Store>
Cursor insert_pair(Store& store, Cursor cursor, const PackedProbe& first,
                   const PackedProbe& second) {
  const std::size_t bytes = first.encoded_bytes() + second.encoded_bytes();
  second.write(first.write(store.splice(cursor, 0, bytes)));
  adjust_count(store, 0, 2);
  return cursor + bytes;
}
// `count` elements as another list holds them: see PackedList::encoded().
template <PackedStore Store>
Cursor insert_encoded(Store& store, Cursor cursor, std::string_view encoded, std::size_t count) {
  char* to = store.splice(cursor, 0, encoded.size());
  if (!encoded.empty()) std::memcpy(to, encoded.data(), encoded.size());
  adjust_count(store, 0, count);
  return cursor + encoded.size();
}

template <PackedStore Store>
void append(Store& store, const PackedProbe& probe) {
  insert(store, store.bytes().size(), probe);
}
template <PackedStore Store>
void append_pair(Store& store, const PackedProbe& first, const PackedProbe& second) {
  insert_pair(store, store.bytes().size(), first, second);
}

// Puts another element in the place of the one at the cursor. Returns the cursor of the next.
// REQUIRES: cursor is not the end.
template <PackedStore Store>
Cursor replace(Store& store, Cursor cursor, const PackedProbe& probe) {
  const std::size_t before = encoded_bytes(store.bytes().data() + cursor);
  const std::size_t after = probe.encoded_bytes();
  probe.write(before == after ? store.data() + cursor : store.splice(cursor, before, after));
  return cursor + after;
}

// Removes `count` elements from the cursor on; it then is that of the element after them.
// O(count) besides. REQUIRES: there are as many.
template <PackedStore Store>
void erase(Store& store, Cursor cursor, std::size_t count = 1) {
  const std::size_t bytes = PackedList(store.bytes()).skip(cursor, count) - cursor;
  store.splice(cursor, bytes, 0);
  adjust_count(store, count, 0);
}

// As PackedList::size(), and keeps the count where it fits: for lists that shrank. O(n) if unknown.
template <PackedStore Store>
std::size_t recount(Store& store) {
  const std::size_t count = PackedList(store.bytes()).size();
  if (count <= PackedList::kMaxKnownCount) {
    save(store.data(), static_cast<std::uint16_t>(count));
  }
  return count;
}

}  // namespace packed

// The simplest store: to build a list in (append() is O(its bytes) amortized) and take it, or to
// edit one outside of the keyspace.
class PackedString {
 public:
  PackedString() : bytes_(kEmptyPackedList) {}
  // REQUIRES: the bytes of a list, or of an IntSet.
  explicit PackedString(std::string bytes) : bytes_(std::move(bytes)) {}

  std::string_view bytes() const { return bytes_; }
  char* data() { return bytes_.data(); }
  char* splice(std::size_t offset, std::size_t removed_bytes, std::size_t inserted_bytes) {
    bytes_.replace(offset, removed_bytes, inserted_bytes, '\0');
    return bytes_.data() + offset;
  }

  PackedList list() const { return PackedList(bytes_); }
  void append(const PackedProbe& probe) { packed::append(*this, probe); }
  void append_pair(const PackedProbe& first, const PackedProbe& second) {
    packed::append_pair(*this, first, second);
  }
  void reserve(std::size_t bytes) { bytes_.reserve(bytes); }
  // What was built; the object is of no further use.
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

}  // namespace tarn
