#include "server/metrics/memory_gauge.h"

#include "core/keyspace/ghost_table.h"
#include "core/memory/blob.h"
#include "core/memory/reclaimer.h"
#include "server/metrics/memory_meter.h"

namespace tarn {
namespace {

constexpr std::int64_t kRefreshUs = 5'000;

}  // namespace

std::size_t MemoryGauge::counted_of_malloc() const {
  std::size_t bytes = Blob::total_bytes() + databases_.collection_heap().outside_bytes();
  for (std::size_t i = 0; i < databases_.size(); ++i) bytes += databases_[i].heap().outside_bytes();
  return bytes;
}

void MemoryGauge::ask_malloc() {
  next_refresh_us_ = clock_.monotonic_us() + kRefreshUs;
  if (other_ != 0 && Reclaimer::pending() > 0) return;
  const std::size_t allocated = read_allocator_stats().allocated;
  const std::size_t counted = counted_of_malloc();
  other_ = allocated > counted ? allocated - counted : 0;
}

std::size_t MemoryGauge::used() {
  if (clock_.monotonic_us() >= next_refresh_us_) ask_malloc();
  const ObjectHeap& collections = databases_.collection_heap();
  std::size_t total = other_ + HashSegment::total_bytes() + GhostTable::total_bytes() +
                      Blob::total_bytes() + collections.slabs().bytes_in_use() +
                      collections.outside_bytes();
  for (std::size_t i = 0; i < databases_.size(); ++i) {
    const ObjectHeap& heap = databases_[i].heap();
    total += heap.slabs().bytes_in_use() + heap.outside_bytes();
  }
  return total;
}

}  // namespace tarn
