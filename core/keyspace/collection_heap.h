#pragma once

#include <cstddef>

#include "core/types/collection.h"

namespace tarn {

// Where the large collections of all databases live, and where they end.
//
// A deleted collection is unlinked from its key at once. A small one is freed on the spot; a large
// one waits here, and is taken down a slice at a time between the turns of the clients. The memory
// of a slab belongs to the thread of commands, so the helper thread cannot do it; but when all
// databases have lost their collections by a flush, the heap goes to the helper as a whole.
class CollectionHeap {
 public:
  CollectionHeap() = default;
  // Takes down what waits; may run on another thread once nobody else reaches the heap.
  ~CollectionHeap();

  ObjectHeap& objects() { return objects_; }
  const ObjectHeap& objects() const { return objects_; }

  // Takes over collections whose keys are gone.
  void bury(Collection* collection);
  void bury_all(CollectionList& collections) { graveyard_.take_all(collections); }

  // Frees about `max_elements`; returns whether more wait.
  bool dismantle_step(std::size_t max_elements);
  bool has_waiting() const { return !graveyard_.empty(); }

 private:
  ObjectHeap objects_;
  CollectionList graveyard_;
};

}  // namespace tarn
