#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "core/keyspace/databases.h"

namespace tarn {

// Compresses what lies in the keyspaces, a little at a time: keys are visited in the order of a
// SCAN, database by database.
//
// Why values are not compressed where they are set: LZ4 takes more than a microsecond for 1 KB of
// JSON, several times what else a SET in a pipeline costs, and what is overwritten soon is
// compressed for nothing. To expand the same takes a fifth of a microsecond. So a walk compresses
// what it meets, at its own pace, and strings stay compressed when they are read: a reply has them
// expanded into it. Packed collections are read and written in place, so the first command that
// touches one makes it plain; it is left alone until it has rested for a while.
//
// What does not get smaller by a quarter is marked, and is not tried again until it is changed.
class CompressionWalk {
 public:
  explicit CompressionWalk(Databases& databases) : databases_(databases) {}

  struct Step {
    std::size_t tried = 0;
    std::size_t compressed = 0;
    std::size_t resting = 0;  // collections that it passed over, since they do not rest yet
    bool more = false;        // the walk is not over
  };
  // Visits some keys, and compresses values of `min_bytes` and more. At the end of a walk the next
  // call begins another.
  Step step(std::size_t min_bytes);
  // A collection that is not used for so long rests.
  std::int64_t rest_ms() const;

 private:
  Databases& databases_;
  std::size_t database_ = 0;
  std::uint64_t cursor_ = 0;
  std::string scratch_;
};

}  // namespace tarn
