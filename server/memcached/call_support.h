#pragma once

#include <array>
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
inline const Options& options(const Call& call) { return services(call).config.options(); }

// memcached's -v, -vv and -vvv, and `verbosity`, are levels of the log here.
inline constexpr std::array kVerbosityLevels = {"warning", "notice", "verbose", "debug"};
inline int verbosity_of(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return 3;
    case LogLevel::kVerbose: return 2;
    case LogLevel::kNotice: return 1;
    case LogLevel::kWarning:
    case LogLevel::kNothing: break;
  }
  return 0;
}

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

// Counts what came of a change of a number; one that was made was neither there nor missed.
inline void count_arithmetic(const Call& call, ItemOutcome outcome, bool made, bool decrement) {
  MemcachedStats& stats = stats_of(call);
  if (made) {
    ++stats.total_items;
  } else if (decrement) {
    count_change(outcome, stats.decr_hits, stats.decr_misses);
  } else {
    count_change(outcome, stats.incr_hits, stats.incr_misses);
  }
}

}  // namespace tarn::memcached
