#include "server/metrics/memory_meter.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <map>

#include "core/keyspace/ghost_table.h"
#include "core/memory/blob.h"
#include "server/engine/client_memory.h"

namespace tarn {
namespace {

std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t total_pages = 0;
  std::size_t resident_pages = 0;
  statm >> total_pages >> resident_pages;
  return resident_pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

std::size_t system_bytes() {
  return static_cast<std::size_t>(::sysconf(_SC_PHYS_PAGES)) *
         static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

std::size_t MemoryMeter::used() const {
  std::size_t total = read_allocator_stats().allocated + HashSegment::total_bytes() +
                      GhostTable::total_bytes() +
                      databases_.collection_heap().slabs().bytes_in_use();
  for (std::size_t i = 0; i < databases_.size(); ++i) {
    total += databases_[i].slabs().bytes_in_use();
  }
  return total;
}

void MemoryMeter::sample() { peak_ = std::max(peak_, used()); }

MemoryReport MemoryMeter::report() {
  MemoryReport report;
  report.malloc = read_allocator_stats();
  report.entries = databases_.collection_heap().slabs().bytes_in_use();
  report.slab_resident = databases_.collection_heap().slabs().bytes_resident();
  report.tables = HashSegment::total_bytes() + GhostTable::total_bytes();
  for (std::size_t i = 0; i < databases_.size(); ++i) {
    const Keyspace& keyspace = databases_[i];
    report.entries += keyspace.slabs().bytes_in_use();
    report.slab_resident += keyspace.slabs().bytes_resident();
  }
  report.blobs = Blob::total_bytes();
  report.allocator = {report.malloc.allocated + report.entries + report.tables,
                      report.malloc.active + report.slab_resident + report.tables,
                      report.malloc.resident + report.slab_resident + report.tables};
  report.used = report.allocator.allocated;
  report.peak = peak_ = std::max(peak_, report.used);
  report.startup = startup_;
  report.dataset = std::min(report.entries + report.blobs, report.used);
  report.overhead = report.used - report.dataset;
  report.rss = resident_bytes();
  report.system_total = system_bytes();
  return report;
}

std::size_t MemoryMeter::client_bytes() const {
  std::size_t bytes = 0;
  for (const auto& [id, session] : clients_.sessions()) {
    bytes += memory_of(*session);
  }
  return bytes;
}

std::vector<SlabAllocator::ClassStats> MemoryMeter::slab_classes() const {
  std::map<std::size_t, SlabAllocator::ClassStats> by_size;
  const auto add = [&by_size](const SlabAllocator& slabs) {
    for (const SlabAllocator::ClassStats& row : slabs.class_stats()) {
      SlabAllocator::ClassStats& sum = by_size[row.object_bytes];
      sum.object_bytes = row.object_bytes;
      sum.slabs += row.slabs;
      sum.live_objects += row.live_objects;
      sum.capacity += row.capacity;
    }
  };
  for (std::size_t i = 0; i < databases_.size(); ++i) add(databases_[i].slabs());
  add(databases_.collection_heap().slabs());
  std::vector<SlabAllocator::ClassStats> rows;
  rows.reserve(by_size.size());
  for (const auto& [size, row] : by_size) rows.push_back(row);
  return rows;
}

}  // namespace tarn
