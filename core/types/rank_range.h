#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace tarn {

// Neighbours in an ordered collection: the elements of ranks [first, first + count), counted from 0
// at the low end.
struct RankRange {
  std::size_t first = 0;
  std::size_t count = 0;

  bool empty() const { return count == 0; }

  // The elements from index `start` to index `stop`, both included; negative ones count from the
  // end, -1 being the last. Parts that do not exist are left out.
  static RankRange between(std::int64_t start, std::int64_t stop, std::size_t size) {
    const auto length = static_cast<std::int64_t>(size);
    if (start < 0) start = std::max<std::int64_t>(start + length, 0);
    if (stop < 0) stop += length;
    stop = std::min(stop, length - 1);
    if (start > stop) return {};
    return {static_cast<std::size_t>(start), static_cast<std::size_t>(stop - start) + 1};
  }

  // The same ranks counted from the high end of `size` elements.
  RankRange mirrored(std::size_t size) const {
    return empty() ? RankRange{} : RankRange{size - first - count, count};
  }

  // What LIMIT leaves of it when read from the low end: `limit` elements after `offset` others. A
  // negative limit is none, a negative offset leaves nothing.
  RankRange limited(std::int64_t offset, std::int64_t limit) const {
    const auto length = static_cast<std::int64_t>(count);
    if (offset < 0 || offset >= length) return {};
    const std::int64_t left = length - offset;
    return {first + static_cast<std::size_t>(offset),
            static_cast<std::size_t>(limit < 0 ? left : std::min(limit, left))};
  }
  // The same when read from the high end.
  RankRange limited_from_end(std::int64_t offset, std::int64_t limit) const {
    const RankRange kept = RankRange{0, count}.limited(offset, limit).mirrored(count);
    return {first + kept.first, kept.count};
  }
};

}  // namespace tarn
