#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <new>
#include <utility>

#include "core/memory/malloc_slabs.h"
#include "core/types/collection.h"

namespace tarn {

// Moves the element, for which `bytes` were allocated, if its slab is to be emptied. redirect(copy)
// has whatever refers to it refer to its copy. Returns where it is then.
template <class Element, class Redirect>
Element* gather_element(ObjectHeap& heap, Element* element, std::size_t bytes, Gathered& gathered,
                        Redirect redirect) {
  if (!heap.is_leaving(element, bytes)) {
    ++gathered.left;
    return element;
  }
  auto* copy = static_cast<Element*>(heap.allocate(bytes));
  std::memcpy(static_cast<void*>(copy), static_cast<const void*>(element), bytes);
  redirect(copy);
  heap.deallocate(element, bytes);
  ++gathered.moved;
  return copy;
}

// Collection::gather() for elements that only a table refers to. bytes_of(element) is what one
// asked the heap for, 0 for one that has nothing there; redirect(from, to) has whatever refers to
// it refer to its copy.
template <class Table, class BytesOf, class Redirect>
std::uint64_t gather_elements(const Table& table, ObjectHeap& heap, std::uint64_t cursor,
                              std::size_t max_elements, Gathered& gathered, BytesOf bytes_of,
                              Redirect redirect) {
  using Element = typename Table::Element;
  const std::size_t end = gathered.moved + gathered.left + max_elements;
  do {
    cursor = table.scan(cursor, [&](Element* element) {
      if (const std::size_t bytes = bytes_of(element); bytes == 0) {
        ++gathered.left;
      } else {
        gather_element(heap, element, bytes, gathered,
                       [&](Element* copy) { redirect(element, copy); });
      }
    });
  } while (cursor != 0 && gathered.moved + gathered.left < end);
  return cursor;
}

// One step of a walk over what is outside of slabs: says which objects are to move, and when the
// step has looked at enough.
class OutsideMover {
 public:
  using Wanted = std::function<bool(const void* object)>;

  // wanted() lives as long.
  OutsideMover(const Wanted& wanted, std::size_t max_looks)
      : wanted_(wanted), looks_left_(max_looks) {}

  // Whether the object is to move, which whoever asks then does. REQUIRES: it is outside of slabs
  bool wants(const void* object) {
    const bool wanted = wanted_(object);
    ++(wanted ? objects_.moved : objects_.left);
    passed(1);
    return wanted;
  }
  // So many were looked at that have nothing there.
  void passed(std::size_t count) { looks_left_ -= std::min(looks_left_, count); }
  std::size_t looks_left() const { return looks_left_; }
  bool done() const { return looks_left_ == 0; }

  const Gathered& objects() const { return objects_; }

 private:
  const Wanted& wanted_;
  std::size_t looks_left_;
  Gathered objects_;
};

// Moves the element if it is outside of slabs and the mover wants it; else as gather_element.
template <class Element, class Redirect>
Element* move_element_outside(ObjectHeap& heap, Element* element, std::size_t bytes,
                              OutsideMover& mover, Redirect redirect) {
  if (ObjectHeap::in_slabs(bytes)) {
    mover.passed(1);
    return element;
  }
  if (!mover.wants(element)) return element;
  auto* copy = static_cast<Element*>(heap.move_outside(element, bytes));
  redirect(copy);
  return copy;
}

// Collection::move_outside() for a table, and elements that only it refers to; see gather_elements.
template <class Table, class BytesOf, class Redirect>
std::uint64_t move_elements_outside(Table& table, ObjectHeap& heap, std::uint64_t cursor,
                                    OutsideMover& mover, BytesOf bytes_of, Redirect redirect) {
  using Element = typename Table::Element;
  if (cursor == 0) table.move_run([&mover](const void* run) { return mover.wants(run); });
  if (heap.outside_objects() == 0) return 0;
  do {
    cursor = table.scan(cursor, [&](Element* element) {
      move_element_outside(heap, element, bytes_of(element), mover,
                           [&](Element* copy) { redirect(element, copy); });
    });
  } while (cursor != 0 && !mover.done());
  return cursor;
}

// Collection::move() for a collection of its class.
template <class Large>
Large* move_collection(Large* collection) {
  Large* moved = ::new (MallocSlabs::allocate(sizeof(Large))) Large(std::move(*collection));
  std::destroy_at(collection);
  MallocSlabs::free(collection);
  return moved;
}

}  // namespace tarn
