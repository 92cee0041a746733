#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "core/containers/chunked_list.h"
#include "core/types/collection.h"

namespace tarn {

// A large list: a ChunkedList as a collection, and whether Redis would by now keep it in several
// nodes.
//
// Chunks come from malloc and not from the collections' heap: they are larger than what slabs take.
class LargeList final : public Collection {
 public:
  LargeList(ObjectHeap& heap, const ListLimits& limits) : Collection(heap), elements_(limits) {}

  std::size_t size() const override { return elements_.size(); }
  std::size_t memory_bytes() const override {
    return sizeof(*this) - sizeof(elements_) + elements_.memory_bytes();
  }
  LargeList* clone() const override;
  bool dismantle(std::size_t max_elements) override;
  std::uint64_t move_outside(std::uint64_t cursor, OutsideMover& mover) override;
  LargeList* move() override;

  const ChunkedList& elements() const { return elements_; }
  // For writing. Whoever has changed the list says so by note_growth() or note_shrinkage().
  ChunkedList& elements() { return elements_; }

  // Redis 7.2 has a list in one listpack or in several nodes, and OBJECT ENCODING says which. It
  // spans nodes from when it does not fit one until it fits half of one. Our chunks play no part in
  // that.
  bool spans_nodes() const { return spans_nodes_; }
  // The list grew, or is about to grow by one element of so many bytes.
  void note_growth() { note_growth(0, 0); }
  void note_growth(std::size_t element_bytes) { note_growth(element_bytes + 1, 1); }
  void note_shrinkage() {
    if (spans_nodes_) spans_nodes_ = !limits().fits_half(listpack_bytes(), size());
  }

 private:
  // A listpack has a header, an end mark and, behind each element, its length; elements themselves
  // take what they take here, some integers excepted.
  static constexpr std::size_t kListpackFrameBytes = 7;

  void note_growth(std::size_t more_bytes, std::size_t more_elements) {
    if (spans_nodes_) [[likely]]
      return;
    spans_nodes_ = !limits().fits(listpack_bytes() + more_bytes, size() + more_elements);
  }

  const ListLimits& limits() const { return elements_.limits(); }
  std::size_t listpack_bytes() const {
    return elements_.element_bytes() + elements_.size() + kListpackFrameBytes;
  }

  ChunkedList elements_;
  bool spans_nodes_ = false;
};

}  // namespace tarn
