#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/keyspace/databases.h"
#include "core/memory/allocator.h"
#include "core/memory/slab_allocator.h"
#include "server/engine/client_registry.h"

namespace tarn {

// Memory comes from three sources that share nothing: malloc (large values, buffers, whatever has
// no home of its own), slabs (the entries of the keyspaces, and the elements of large collections),
// and the pages of hash tables. "Used" is the sum of what the three have handed out.
struct MemoryReport {
  AllocatorStats allocator;  // all three sources; `malloc` is its share
  AllocatorStats malloc;
  std::size_t entries = 0;        // in slabs, with the elements of large collections
  std::size_t slab_resident = 0;  // what the slabs hold for them
  std::size_t tables = 0;         // pages of hash tables
  std::size_t blobs = 0;          // large values, part of malloc's

  std::size_t used = 0;
  std::size_t peak = 0;      // the most that was used, as far as samples saw it
  std::size_t startup = 0;   // used when the server began to serve
  std::size_t dataset = 0;   // entries and large values
  std::size_t overhead = 0;  // all else
  std::size_t rss = 0;       // resident, as the system sees this process
  std::size_t system_total = 0;

  double peak_percent() const { return percent(used, peak); }
  // Of what came since the start.
  double dataset_percent() const { return percent(dataset, used > startup ? used - startup : 0); }
  static double ratio(std::size_t part, std::size_t whole) {
    return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
  }

 private:
  static double percent(std::size_t part, std::size_t whole) { return 100.0 * ratio(part, whole); }
};

// Measures the memory of this process.
class MemoryMeter {
 public:
  MemoryMeter(const Databases& databases, const ClientRegistry& clients)
      : databases_(databases), clients_(clients) {}

  // From now on what is used counts as growth.
  void mark_startup() { startup_ = peak_ = used(); }
  // Looks whether there is a new peak. Takes some microseconds.
  void sample();
  std::size_t used() const;
  MemoryReport report();

  // What all clients take; see memory_of().
  std::size_t client_bytes() const;
  // One row for each slab class in use, over all databases.
  std::vector<SlabAllocator::ClassStats> slab_classes() const;

 private:
  const Databases& databases_;
  const ClientRegistry& clients_;
  std::size_t startup_ = 0;
  std::size_t peak_ = 0;
};

}  // namespace tarn
