#pragma once

#include <cstddef>
#include <cstdint>

#include "core/keyspace/databases.h"
#include "core/memory/malloc_slabs.h"
#include "core/memory/sparse_gain.h"

namespace tarn {

// Moves what entries have outside of slabs - blobs, and entries that are too large for them - out
// of sparse slabs of malloc's, a little at a time: keys are visited in the order of a SCAN,
// database by database.
//
// A blob that somebody reads stays where it is.
class OutsideWalk {
 public:
  explicit OutsideWalk(Databases& databases) : databases_(databases) {}

  // What moving would give back, about; 0 where that is not worth a walk. Has malloc count.
  MallocSlabs::Usage usage();

  struct Step {
    Gathered objects;
    bool more = false;
  };
  // Visits about `max_keys` keys, and begins a walk where none is under way and one is worth while.
  // Nothing happens while a child is forked.
  Step step(std::size_t max_keys);

 private:
  // The same of what malloc has counted.
  MallocSlabs::Usage worthwhile(MallocSlabs::Usage counted);
  void begin();
  bool end();

  Databases& databases_;
  MallocSlabs malloc_;
  bool walking_ = false;
  std::size_t database_ = 0;
  std::uint64_t cursor_ = 0;
  Gathered walked_;  // by the walk under way
  SparseGain gain_;
};

}  // namespace tarn
