#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "core/types/collection.h"

namespace tarn {

// Collection::gather() for elements that a table refers to. bytes_of(element) is what one asked
// the heap for, 0 for one that has nothing there; redirect(from, to) has whatever refers to it
// refer to its copy.
template <class Table, class BytesOf, class Redirect>
std::uint64_t gather_elements(const Table& table, ObjectHeap& heap, std::uint64_t cursor,
                              std::size_t max_elements, Gathered& gathered, BytesOf bytes_of,
                              Redirect redirect) {
  using Element = typename Table::Element;
  const std::size_t end = gathered.moved + gathered.left + max_elements;
  do {
    cursor = table.scan(cursor, [&](Element* element) {
      const std::size_t bytes = bytes_of(element);
      if (bytes == 0 || !heap.is_leaving(element, bytes)) {
        ++gathered.left;
        return;
      }
      void* copy = heap.allocate(bytes);
      std::memcpy(copy, static_cast<const void*>(element), bytes);
      redirect(element, static_cast<Element*>(copy));
      heap.deallocate(element, bytes);
      ++gathered.moved;
    });
  } while (cursor != 0 && gathered.moved + gathered.left < end);
  return cursor;
}

}  // namespace tarn
