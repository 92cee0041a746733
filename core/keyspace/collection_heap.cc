#include "core/keyspace/collection_heap.h"

#include <algorithm>
#include <utility>

#include "core/base/assert.h"

namespace tarn {
namespace {

// Freeing so many elements takes some ten microseconds.
constexpr std::size_t kAtOnce = 256;

}  // namespace

CollectionHeap::~CollectionHeap() {
  do {
    while (dismantle_step(kAtOnce)) {
    }
    if (has_readers()) dismiss_readers(*read_.begin()->first);
  } while (has_waiting());
}

void CollectionHeap::bury(Collection* collection) {
  if (!has_readers() && collection->size() <= kAtOnce && !collection->dismantle(kAtOnce)) {
    delete collection;
  } else {
    graveyard_.add(*collection);
  }
}

bool CollectionHeap::dismantle_step(std::size_t max_elements) {
  while (max_elements > 0 && !graveyard_.empty()) {
    Collection* collection = graveyard_.first();
    if (const auto read = read_.find(collection); read != read_.end()) {
      graveyard_.remove(*collection);
      read->second.outlives_key = true;
      continue;
    }
    const std::size_t size = collection->size();
    if (collection->dismantle(max_elements)) return true;
    graveyard_.remove(*collection);
    delete collection;
    // Even an empty one costs something.
    max_elements -= std::min(max_elements, size + 1);
  }
  return has_waiting();
}

void CollectionHeap::start_reading(Collection& collection, CollectionReader& reader) {
  read_[&collection].readers.insert(&reader);
}

void CollectionHeap::stop_reading(Collection& collection, CollectionReader& reader) {
  const auto read = read_.find(&collection);
  TARN_ASSERT(read != read_.end());
  read->second.readers.erase(&reader);
  if (!read->second.readers.empty()) return;
  if (read->second.outlives_key) graveyard_.add(collection);
  read_.erase(read);
}

bool CollectionHeap::outlives_key(Collection& collection) const {
  const auto read = read_.find(&collection);
  return read != read_.end() && read->second.outlives_key;
}

void CollectionHeap::dismiss_readers(Collection& collection) {
  const auto read = read_.find(&collection);
  if (read == read_.end()) return;
  const Readership dismissed = std::move(read->second);
  read_.erase(read);
  for (CollectionReader* reader : dismissed.readers) reader->read_rest();
  if (dismissed.outlives_key) graveyard_.add(collection);
}

}  // namespace tarn
