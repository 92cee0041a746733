#pragma once

#include <cstddef>
#include <cstdint>

#include "core/keyspace/databases.h"
#include "core/memory/malloc_slabs.h"
#include "core/memory/sparse_gain.h"
#include "core/types/gathering.h"

namespace tarn {

// Moves what the dataset has outside of slabs out of sparse slabs of malloc's, a little at a time.
// Database by database:
//
//  1. Keys are visited in the order of a SCAN, for blobs, the objects of large collections, and
//     entries that are too large for slabs.
//  2. Large collections are visited one after the other, for what they consist of: the chunks of
//     lists, tables of few elements, and elements that are too large for slabs. A step may end
//     inside of one; the next goes on there, though it may have changed, or in its successor if it
//     is gone (CollectionList::Visit).
//
// A blob or a collection that somebody reads stays where it is.
class OutsideWalk {
 public:
  explicit OutsideWalk(Databases& databases) : databases_(databases) {}
  OutsideWalk(const OutsideWalk&) = delete;
  OutsideWalk& operator=(const OutsideWalk&) = delete;

  // What moving would give back, about; 0 where that is not worth a walk. Has malloc count.
  MallocSlabs::Usage usage();

  struct Step {
    Gathered objects;
    Gathered keys;  // of which objects were moved, or were only looked at
    bool more = false;
  };
  // Looks at about `max_looks` keys, elements and chunks, and begins a walk where none is under way
  // and one is worth while. Nothing happens while a child is forked.
  Step step(std::size_t max_looks);

 private:
  // The same of what malloc has counted.
  MallocSlabs::Usage worthwhile(MallocSlabs::Usage counted);
  void begin();
  bool end();
  // Return how much they have looked at.
  std::size_t visit_keys(Step& step);
  std::size_t visit_collection(std::size_t max_looks, Step& step);

  enum class Stage : std::uint8_t { kIdle, kKeys, kCollections };

  Databases& databases_;
  MallocSlabs malloc_;
  const OutsideMover::Wanted wanted_ = [this](const void* object) {
    return malloc_.is_sparse(object);
  };
  Stage stage_ = Stage::kIdle;
  std::size_t database_ = 0;
  std::uint64_t cursor_ = 0;  // in its keys
  bool moved_any_ = false;    // of the collection that the walk is in
  Gathered walked_;           // by the walk under way
  SparseGain gain_;
};

}  // namespace tarn
