#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "core/containers/chunked_list.h"
#include "core/containers/packed_list.h"
#include "core/types/collection.h"
#include "core/types/large_list.h"

namespace tarn {

// Lists. They are stored in one of two ways:
//
//   kPacked   a packed list, while that is small: within the limits of a chunk, and 512 bytes
//   kLarge    a chunked list: LargeList
//
// Why so small: who pops off the back of a packed list walks it, and a push moves what is behind.
//
// A large list that shrinks to a quarter of what a packed one may take is packed again, however it
// lost its elements. A thousand queues that were long once then cost what a thousand short ones do;
// and as there are as many pushes and pops between two conversions as the other three quarters
// hold, no list is converted for every few of its edits.

// A list for reading. A view: good until the list is changed, as are the elements that it hands
// out. Indexes count from 0 at the front.
class ListView {
 public:
  // The empty list, which no key holds.
  ListView() : view_{CollectionEncoding::kPacked, kEmptyPackedList, nullptr} {}
  // REQUIRES: the value of a list
  explicit ListView(const CollectionView& view) : view_(view) {}

  bool is_large() const { return view_.encoding == CollectionEncoding::kLarge; }
  // What a large one is; nullptr for others.
  Collection* large_collection() const { return view_.large; }
  std::size_t size() const { return is_large() ? large().size() : packed().size(); }
  bool empty() const { return size() == 0; }

  // Whether Redis 7.2 calls its encoding "quicklist"; if not, it is "listpack".
  bool spans_nodes() const { return is_large() && large().spans_nodes(); }

  // O(1) near the ends, else O(chunks / 64) and a walk. An element from the middle of a compressed
  // list is good only until the thread's next at(), of any list. REQUIRES: index < size()
  PackedElement at(std::size_t index) const;
  PackedElement peek(ListEnd end) const { return at(end == ListEnd::kFront ? 0 : size() - 1); }

  // Calls fn(const PackedElement&) for `count` elements: the one at `first` and those behind it, or
  // before it if the reading goes on backwards, `from` the back.
  // REQUIRES: there are as many.
  template <class Fn>
  void for_range(ListEnd from, std::size_t first, std::size_t count, Fn&& fn) const;
  // The same for a large list, to be read at any pace. Good until the list is changed.
  // REQUIRES: is_large(), first < size()
  ChunkedList::Iterator iterate(ListEnd from, std::size_t first) const {
    return large().elements().iterate(from, first);
  }
  // Calls fn(const PackedElement&) for all in order.
  template <class Fn>
  void for_each(Fn&& fn) const {
    if (!empty()) for_range(ListEnd::kFront, 0, size(), fn);
  }

  // Calls fn(std::size_t index) for the elements that equal the probe, from one end on, among the
  // `max_steps` elements nearest to it, until fn returns false.
  template <class Fn>
  void for_matches(const PackedProbe& probe, ListEnd from, std::size_t max_steps, Fn&& fn) const;

 private:
  friend class List;

  PackedList packed() const { return PackedList(view_.bytes); }
  const LargeList& large() const { return static_cast<const LargeList&>(*view_.large); }

  CollectionView view_;
};

// A list for writing, in a cell. What is given to it must not lie in the cell.
class List {
 public:
  // What a packed list takes, its count included.
  static constexpr std::size_t kMaxPackedBytes = 512;
  // Longer elements have no place in a chunk.
  static constexpr std::size_t kMaxElementBytes = std::size_t{3} << 30;

  // REQUIRES: the cell is vacant or holds a list.
  List(CollectionCell& cell, const ListLimits& limits) : cell_(cell), limits_(limits) {}

  // Empty where the cell is vacant.
  ListView view() const { return cell_.vacant() ? ListView() : ListView(cell_.view()); }
  std::size_t size() const { return view().size(); }

  // Pushes one after the other: the last one will be at that end.
  // REQUIRES: none is longer than kMaxElementBytes.
  void push(ListEnd end, std::span<const std::string_view> texts);
  void push(ListEnd end, const PackedProbe& element);
  // Removes elements at an end. REQUIRES: count <= size()
  void pop(ListEnd end, std::size_t count = 1);
  // The same, and calls fn(const PackedElement&) for each of them, while they are still there.
  template <class Fn>
  void take(ListEnd end, std::size_t count, Fn&& fn);
  // Pops an element off one end and pushes it to the other, or to the same. REQUIRES: not empty
  void rotate(ListEnd from, ListEnd to);

  // REQUIRES: index < size()
  void replace(std::size_t index, const PackedProbe& element);
  // The new element will be at `index`. REQUIRES: index <= size(), not vacant
  void insert(std::size_t index, const PackedProbe& element);
  // Keeps the elements [first, first + count). REQUIRES: first <= size(), count <= size() - first
  void trim(std::size_t first, std::size_t count);
  // Removes the elements that equal the probe, no more than the `max_count` that come first from
  // that end on, and returns how many they were. O(bytes)
  std::size_t remove(const PackedProbe& probe, std::size_t max_count, ListEnd from);

 private:
  class Run;

  // More elements than this are popped all at once.
  static constexpr std::size_t kFew = 64;

  bool is_large() const {
    return !cell_.vacant() && cell_.encoding() == CollectionEncoding::kLarge;
  }
  // REQUIRES: is_large()
  LargeList& large();
  // REQUIRES: not vacant, and not large
  PackedList packed() const { return PackedList(cell_.bytes()); }

  // Encodings
  bool fits_packed(std::size_t bytes, std::size_t elements) const {
    return bytes <= kMaxPackedBytes && limits_.fits(bytes, elements);
  }
  LargeList& make_large();
  void settle();

  bool push_packed(Run& run);
  void pop_packed(ListEnd end, std::size_t count);
  std::size_t remove_packed(const PackedProbe& probe, std::size_t max_count, ListEnd from);

  CollectionCell& cell_;
  const ListLimits limits_;
};

// ---- Inline bodies ------------------------------------------------------------------------------

template <class Fn>
void ListView::for_range(ListEnd from, std::size_t first, std::size_t count, Fn&& fn) const {
  if (count == 0) return;
  PackedElement element;
  if (is_large()) {
    ChunkedList::Iterator iterator = large().elements().iterate(from, first);
    for (; count > 0; --count) {
      iterator.next(element);
      fn(std::as_const(element));
    }
  } else if (from == ListEnd::kFront) {
    PackedList::Cursor cursor = packed().skip(packed().begin(), first);
    for (; count > 0; --count) {
      cursor = packed().read(cursor, element);
      fn(std::as_const(element));
    }
  } else {
    const std::vector<PackedList::Cursor> cursors = packed().cursors();
    for (; count > 0; --count) fn(packed().element(cursors[first--]));
  }
}

template <class Fn>
void ListView::for_matches(const PackedProbe& probe, ListEnd from, std::size_t max_steps,
                           Fn&& fn) const {
  const std::size_t elements = size();
  max_steps = std::min(max_steps, elements);
  if (is_large()) {
    ChunkedList::Iterator iterator = large().elements().iterate(from);
    const auto steps_left = [&] {
      const std::size_t at = iterator.index();
      return from == ListEnd::kFront ? max_steps - 1 - at : max_steps - (elements - at);
    };
    bool found = iterator.find(probe, max_steps);
    while (found && fn(iterator.index())) found = iterator.find(probe, steps_left());
    return;
  }
  const bool forwards = from == ListEnd::kFront;
  const std::vector<PackedList::Cursor> cursors = packed().cursors();
  for (std::size_t step = 0; step < max_steps; ++step) {
    const std::size_t index = forwards ? step : elements - 1 - step;
    if (probe.matches_at(view_.bytes.data() + cursors[index]) && !fn(index)) return;
  }
}

template <class Fn>
void List::take(ListEnd end, std::size_t count, Fn&& fn) {
  if (is_large() && count <= kFew && count < size()) {
    ChunkedList& elements = large().elements();
    for (; count > 0; --count) {
      fn(elements.peek(end));
      elements.pop(end);
    }
    return settle();
  }
  view().for_range(end, end == ListEnd::kFront ? 0 : size() - 1, count, fn);
  pop(end, count);
}

}  // namespace tarn
