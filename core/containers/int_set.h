#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/containers/packed_element.h"
#include "core/containers/packed_list.h"

namespace tarn {

// A set of integers as a sorted array: small sets that hold nothing else.
//
//   | width, 1 byte: 2, 4 or 8 | value | value | ...      little-endian two's complement, ascending
//
// All values have the width that the widest one needed; an insert widens them all, an erase never
// narrows. How many there are follows from the number of bytes.
//
// Reading is a view over bytes, editing a pair of function templates over a PackedStore (see
// packed_list.h). Both trust the bytes: those from disk or a peer go through int_set_valid() first.

inline constexpr std::string_view kEmptyIntSet{"\2", 1};

// Whether these bytes, of any origin, are a set. O(n)
[[nodiscard]] bool int_set_valid(std::string_view bytes);

// A set for reading. A view: good as long as the bytes neither change nor move.
class IntSet {
 public:
  class Iterator;

  static constexpr std::size_t kHeaderBytes = 1;

  // REQUIRES: bytes of a set
  explicit IntSet(std::string_view bytes) : bytes_(bytes) {}

  // Bytes a value.
  unsigned width() const { return static_cast<unsigned>(bytes_[0]); }
  // The array alone, which is also how RDB stores it.
  std::string_view values() const { return bytes_.substr(kHeaderBytes); }

  std::size_t size() const { return values().size() / width(); }
  bool empty() const { return bytes_.size() == kHeaderBytes; }

  // The index of the first value that is not less; size() if there is none. O(log n)
  std::size_t lower_bound(std::int64_t value) const;
  // O(log n)
  bool contains(std::int64_t value) const {
    const std::size_t index = lower_bound(value);
    return index < size() && at(index) == value;
  }

  // In ascending order. O(1) REQUIRES: index < size()
  std::int64_t at(std::size_t index) const { return load(values().data(), width(), index); }
  // REQUIRES: not empty
  std::int64_t min() const { return at(0); }
  std::int64_t max() const { return at(size() - 1); }

  // All in ascending order.
  Iterator begin() const;
  Iterator end() const;

  // The fewest bytes that hold the value: 2, 4 or 8.
  static unsigned width_of(std::int64_t value);
  // The value at an index of an array of this width, and writing it there.
  static std::int64_t load(const char* values, unsigned width, std::size_t index);
  static void store(char* values, unsigned width, std::size_t index, std::int64_t value);

 private:
  std::string_view bytes_;
};

class IntSet::Iterator {
 public:
  Iterator(const IntSet& set, std::size_t index) : set_(set), index_(index) {}
  std::int64_t operator*() const { return set_.at(index_); }
  Iterator& operator++() {
    ++index_;
    return *this;
  }
  bool operator==(const Iterator& other) const { return index_ == other.index_; }

 private:
  IntSet set_;
  std::size_t index_;
};

inline IntSet::Iterator IntSet::begin() const { return Iterator(*this, 0); }
inline IntSet::Iterator IntSet::end() const { return Iterator(*this, size()); }

inline unsigned IntSet::width_of(std::int64_t value) {
  if (value == static_cast<std::int16_t>(value)) return 2;
  return value == static_cast<std::int32_t>(value) ? 4 : 8;
}

inline std::int64_t IntSet::load(const char* values, unsigned width, std::size_t index) {
  const char* at = values + index * width;
  if (width == 2) return packed::load<std::int16_t>(at);
  if (width == 4) return packed::load<std::int32_t>(at);
  return packed::load<std::int64_t>(at);
}

inline void IntSet::store(char* values, unsigned width, std::size_t index, std::int64_t value) {
  char* at = values + index * width;
  if (width == 2) {
    packed::save(at, static_cast<std::int16_t>(value));
  } else if (width == 4) {
    packed::save(at, static_cast<std::int32_t>(value));
  } else {
    packed::save(at, value);
  }
}

// ---- Editing ------------------------------------------------------------------------------------

namespace int_set {

// Makes every value `width` bytes wide and adds one that needs as many: it lies beyond all others,
// before them if negative. Grows the array at its end, then moves the values from the last to the
// first, none of which overtakes one that is still to move.
template <PackedStore Store>
void widen_and_insert(Store& store, unsigned width, std::int64_t value) {
  const IntSet before(store.bytes());
  const std::size_t size = before.size();
  const unsigned old_width = before.width();
  const std::size_t old_bytes = IntSet::kHeaderBytes + size * old_width;
  store.splice(old_bytes, 0, IntSet::kHeaderBytes + (size + 1) * width - old_bytes);

  char* values = store.data() + IntSet::kHeaderBytes;
  const std::size_t shift = value < 0 ? 1 : 0;
  for (std::size_t i = size; i-- > 0;) {
    IntSet::store(values, width, i + shift, IntSet::load(values, old_width, i));
  }
  IntSet::store(values, width, value < 0 ? 0 : size, value);
  *store.data() = static_cast<char>(width);
}

// Adds the value. Returns whether it was missing. One splice. O(n), O(log n) if it is present
template <PackedStore Store>
bool insert(Store& store, std::int64_t value) {
  const IntSet set(store.bytes());
  const unsigned width = set.width();
  if (const unsigned needed = IntSet::width_of(value); needed > width) {
    widen_and_insert(store, needed, value);
    return true;
  }
  const std::size_t index = set.lower_bound(value);
  if (index < set.size() && set.at(index) == value) return false;
  char* to = store.splice(IntSet::kHeaderBytes + index * width, 0, width);
  IntSet::store(to, width, 0, value);
  return true;
}

// Removes the value. Returns whether it was present. One splice. O(n), O(log n) if it is missing
template <PackedStore Store>
bool erase(Store& store, std::int64_t value) {
  const IntSet set(store.bytes());
  const std::size_t index = set.lower_bound(value);
  if (index == set.size() || set.at(index) != value) return false;
  store.splice(IntSet::kHeaderBytes + index * set.width(), set.width(), 0);
  return true;
}

}  // namespace int_set
}  // namespace tarn
