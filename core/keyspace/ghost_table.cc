#include "core/keyspace/ghost_table.h"

#include "core/memory/reclaimer.h"

namespace tarn {
namespace {

constexpr std::size_t kMinKeys = 1024;
constexpr std::size_t kKeysAPlace = 2;

}  // namespace

void GhostTable::fit(std::size_t keys) {
  const std::size_t wanted = keys < kMinKeys ? 0 : keys / kKeysAPlace;
  if (wanted <= places_ + places_ / 2 && wanted >= places_ / 2) return;
  // Fresh pages of the system: zeros that take no time.
  auto* fresh = static_cast<std::uint32_t*>(
      wanted == 0 ? nullptr : std::calloc(wanted, sizeof(std::uint32_t)));
  if (table_ != nullptr) {
    Reclaimer::destroy_later(table_.release(), [](void* memory) { std::free(memory); });
  }
  table_.reset(fresh);
  places_ = fresh == nullptr ? 0 : wanted;
}

}  // namespace tarn
