#pragma once

#include <cstdint>
#include <string_view>

#include "server/engine/call.h"
#include "server/memcached/items.h"
#include "server/memcached/memcached_services.h"

// What the commands of all of memcached's protocols share.
namespace tarn::memcached {

// Clients look at the version to learn what they may use.
inline constexpr std::string_view kVersion = "1.6.40";

inline const MemcachedServices& services(const Call& call) {
  return call.feature<const MemcachedServices>();
}
inline MemcachedStats& stats_of(const Call& call) { return services(call).stats; }
inline const Options& options(const Call& call) { return services(call).options; }

// Ends the client's connection once its replies are sent.
inline void end_connection(Call& call) {
  call.session.closing = true;
  if (call.session.transport != nullptr) call.session.transport->close_after_flush();
}

// Counts what came of a store.
inline void count_store(const Call& call, ItemOutcome outcome, bool compared_cas) {
  MemcachedStats& stats = stats_of(call);
  ++stats.cmd_set;
  if (outcome == ItemOutcome::kDone) ++stats.total_items;
  if (!compared_cas) return;
  if (outcome == ItemOutcome::kDone) ++stats.cas_hits;
  if (outcome == ItemOutcome::kNotFound) ++stats.cas_misses;
  if (outcome == ItemOutcome::kExists) ++stats.cas_badval;
}
// Counts a read; one that changes the expiry counts as touch only.
inline void count_read(const Call& call, bool hit, bool touches) {
  MemcachedStats& stats = stats_of(call);
  if (touches) {
    hit ? ++stats.touch_hits : ++stats.touch_misses;
  } else {
    hit ? ++stats.get_hits : ++stats.get_misses;
  }
}

// Counts another change as hit or miss.
inline void count_change(ItemOutcome outcome, std::uint64_t& hits, std::uint64_t& misses) {
  if (outcome == ItemOutcome::kDone) ++hits;
  if (outcome == ItemOutcome::kNotFound) ++misses;
}

}  // namespace tarn::memcached
