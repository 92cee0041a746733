#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

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

}  // namespace tarn
