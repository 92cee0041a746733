#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/clock.h"
#include "core/keyspace/databases.h"

namespace tarn {

// The memory that is used (see MemoryReport), cheap enough to be read before every command.
//
// Slabs, tables and blobs count themselves, and their sum is exact. Malloc's share besides blobs
// (buffers, indexes) is asked for, which takes microseconds, not more often than every few
// milliseconds; and not while the Reclaimer has something to free, which is deleted as far as the
// dataset is concerned, and still malloc's.
class MemoryGauge {
 public:
  MemoryGauge(const Databases& databases, const Clock& clock)
      : databases_(databases), clock_(clock) {}

  // In bytes.
  std::size_t used();
  // Has the next used() ask malloc.
  void refresh() { next_refresh_us_ = 0; }

 private:
  // Large objects of the dataset that malloc has.
  std::size_t counted_of_malloc() const;
  void ask_malloc();

  const Databases& databases_;
  const Clock& clock_;
  std::size_t other_ = 0;  // of malloc, when it was asked last
  std::int64_t next_refresh_us_ = 0;
};

}  // namespace tarn
