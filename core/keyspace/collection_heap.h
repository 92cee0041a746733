#pragma once

#include <cstddef>
#include <unordered_map>
#include <unordered_set>

#include "core/types/collection.h"

namespace tarn {

// Where the large collections of all databases live, and where they end.
//
// A deleted collection is unlinked from its key at once. A small one is freed on the spot; a large
// one waits here, and is taken down a slice at a time between the turns of the clients. The memory
// of a slab belongs to the thread of commands, so the helper thread cannot do it; but when all
// databases have lost their collections by a flush, the heap goes to the helper as a whole.
//
// What takes long to read is read a bit at a time (a reply while it is sent), and stays as it was
// for as long: readers are known here, and hear of a change before it happens; and a collection
// without a key is not taken down before its last reader has left.
class CollectionHeap {
 public:
  CollectionHeap() = default;
  // Takes down what waits, and lets all readers read the rest. Without any it may run on another
  // thread once nobody else reaches the heap.
  ~CollectionHeap();

  ObjectHeap& objects() { return objects_; }
  const ObjectHeap& objects() const { return objects_; }

  // Takes over collections whose keys are gone.
  void bury(Collection* collection);
  void bury_all(CollectionList& collections) { graveyard_.take_all(collections); }

  // Frees about `max_elements`; returns whether more wait. What is still read does not wait here.
  bool dismantle_step(std::size_t max_elements);
  bool has_waiting() const { return !graveyard_.empty(); }

  // The reader reads the collection until it stops, or has been told to read the rest.
  void start_reading(Collection& collection, CollectionReader& reader);
  // REQUIRES: it reads the collection.
  void stop_reading(Collection& collection, CollectionReader& reader);
  bool has_readers() const { return !read_.empty(); }
  bool is_read(Collection& collection) const { return read_.count(&collection) != 0; }
  // Whether nobody but readers has the collection any more.
  bool outlives_key(Collection& collection) const;
  // Whoever is about to change a collection says so first.
  void before_change(Collection& collection) {
    if (has_readers()) [[unlikely]]
      dismiss_readers(collection);
  }

 private:
  struct Readership {
    std::unordered_set<CollectionReader*> readers;
    bool outlives_key = false;  // the collection has been in the graveyard, and is to go back there
  };

  void dismiss_readers(Collection& collection);

  ObjectHeap objects_;
  CollectionList graveyard_;
  std::unordered_map<Collection*, Readership> read_;
};

}  // namespace tarn
