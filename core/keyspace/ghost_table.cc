#include "core/keyspace/ghost_table.h"

#include <atomic>
#include <memory>

#include "core/memory/pages.h"
#include "core/memory/reclaimer.h"

namespace tarn {
namespace {

constexpr std::size_t kMinKeys = 1024;
constexpr std::size_t kKeysAPlace = 2;

std::atomic<std::size_t> total = 0;

// Unmaps the memory of a table when it is destroyed.
struct Mapping {
  Mapping(void* first, std::size_t size) : memory(first), bytes(size) {}
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() { unmap_pages(memory, bytes); }

  void* memory;
  std::size_t bytes;
};

}  // namespace

GhostTable::~GhostTable() { drop(); }

std::size_t GhostTable::total_bytes() { return total.load(std::memory_order_relaxed); }

void GhostTable::fit(std::size_t keys) {
  const std::size_t wanted = keys < kMinKeys ? 0 : keys / kKeysAPlace;
  if (wanted <= places_ + places_ / 2 && wanted >= places_ / 2) return;
  drop();
  make(wanted);
}

// Pages of the system's are zeros and cost nothing before they are touched; malloc would clear what
// it has in store, which takes milliseconds.
void GhostTable::make(std::size_t places) {
  if (places == 0) return;
  const std::size_t bytes = places * sizeof(std::uint32_t);
  void* memory = map_pages(bytes);
  if (memory == nullptr) return;  // without ghosts then
  table_ = static_cast<std::uint32_t*>(memory);
  places_ = places;
  total += bytes;
}

void GhostTable::drop() {
  if (table_ == nullptr) return;
  const std::size_t bytes = places_ * sizeof(std::uint32_t);
  Reclaimer::destroy_later(std::make_unique<Mapping>(table_, bytes));
  total -= bytes;
  table_ = nullptr;
  places_ = 0;
}

}  // namespace tarn
