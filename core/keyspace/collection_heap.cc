#include "core/keyspace/collection_heap.h"

#include <algorithm>

namespace tarn {
namespace {

// Freeing so many elements takes some ten microseconds.
constexpr std::size_t kAtOnce = 256;

}  // namespace

CollectionHeap::~CollectionHeap() {
  while (dismantle_step(kAtOnce)) {
  }
}

void CollectionHeap::bury(Collection* collection) {
  if (collection->size() <= kAtOnce && !collection->dismantle(kAtOnce)) {
    delete collection;
  } else {
    graveyard_.add(*collection);
  }
}

bool CollectionHeap::dismantle_step(std::size_t max_elements) {
  while (max_elements > 0 && !graveyard_.empty()) {
    Collection* collection = graveyard_.first();
    const std::size_t size = collection->size();
    if (collection->dismantle(max_elements)) return true;
    graveyard_.remove(*collection);
    delete collection;
    // Even an empty one costs something.
    max_elements -= std::min(max_elements, size + 1);
  }
  return has_waiting();
}

}  // namespace tarn
