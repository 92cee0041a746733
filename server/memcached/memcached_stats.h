#pragma once

#include <cstdint>

#include "server/net/net_stats.h"

namespace tarn {

// What `stats` counts, as memcached names it.
struct MemcachedStats {
  std::uint64_t get_hits = 0;
  std::uint64_t get_misses = 0;
  std::uint64_t touch_hits = 0;
  std::uint64_t touch_misses = 0;
  std::uint64_t delete_hits = 0;
  std::uint64_t delete_misses = 0;
  std::uint64_t incr_hits = 0;
  std::uint64_t incr_misses = 0;
  std::uint64_t decr_hits = 0;
  std::uint64_t decr_misses = 0;
  std::uint64_t cas_hits = 0;
  std::uint64_t cas_misses = 0;
  std::uint64_t cas_badval = 0;
  std::uint64_t cmd_set = 0;
  std::uint64_t cmd_flush = 0;
  std::uint64_t cmd_meta = 0;
  std::uint64_t total_items = 0;
  std::uint64_t store_too_large = 0;
  std::uint64_t auth_cmds = 0;
  std::uint64_t auth_errors = 0;
  // What others count, as it was when `stats reset` came.
  NetStats net_before{};
  std::uint64_t evicted_before = 0;
};

}  // namespace tarn
