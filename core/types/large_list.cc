#include "core/types/large_list.h"

#include "core/types/gathering.h"

namespace tarn {

LargeList* LargeList::clone() const {
  auto* copy = new LargeList(heap(), limits());
  copy->elements_ = elements_.clone();
  copy->spans_nodes_ = spans_nodes_;
  return copy;
}

// Whole chunks: as many as hold so many elements on average.
bool LargeList::dismantle(std::size_t max_elements) {
  if (elements_.empty()) return false;
  const std::size_t chunk_elements = std::max<std::size_t>(size() / elements_.chunk_count(), 1);
  return elements_.clear_step(std::max<std::size_t>(max_elements / chunk_elements, 1));
}

// The cursor is the next chunk.
std::uint64_t LargeList::move_outside(std::uint64_t cursor, OutsideMover& mover) {
  const auto wanted = [&mover](const void* block) { return mover.wants(block); };
  if (cursor >= elements_.chunk_count()) return 0;
  if (cursor == 0) elements_.move_directory(wanted);
  do {
    elements_.move_chunk(cursor++, wanted);
  } while (cursor < elements_.chunk_count() && !mover.done());
  return cursor < elements_.chunk_count() ? cursor : 0;
}

LargeList* LargeList::move() { return move_collection(this); }

}  // namespace tarn
