#include "server/config/option_rows.h"
#include "server/config/special_types.h"

namespace tarn {
namespace {

OptionType eviction_policy() {
  return choice<EvictionPolicy>(&Options::maxmemory_policy,
                                {{"volatile-lru", EvictionPolicy::kVolatileLru},
                                 {"volatile-lfu", EvictionPolicy::kVolatileLfu},
                                 {"volatile-random", EvictionPolicy::kVolatileRandom},
                                 {"volatile-ttl", EvictionPolicy::kVolatileTtl},
                                 {"allkeys-lru", EvictionPolicy::kAllKeysLru},
                                 {"allkeys-lfu", EvictionPolicy::kAllKeysLfu},
                                 {"allkeys-random", EvictionPolicy::kAllKeysRandom},
                                 {"noeviction", EvictionPolicy::kNoEviction}});
}

constexpr int kMinHz = 1;
constexpr int kMaxHz = 500;

}  // namespace

std::vector<Option> data_rows() {
  using O = Options;
  return {
      // Periodic work and expiry
      {"hz", clamped_number(&O::hz, 0, kMaxInt, kMinHz, kMaxHz)},
      {"dynamic-hz", yes_no(&O::dynamic_hz), kNoEffect},
      {"active-expire-effort", number(&O::active_expire_effort, 1, 10), kNoEffect},
      {"activerehashing", yes_no(&O::activerehashing), kNoEffect},
      {"notify-keyspace-events", notify_flags()},

      // Memory
      {"maxmemory", memory(&O::maxmemory, 0, 0, kMaxUint64)},
      {"maxmemory-policy", eviction_policy()},
      {"maxmemory-samples", number(&O::maxmemory_samples, 1, kMaxInt)},
      {"maxmemory-eviction-tenacity", number(&O::maxmemory_eviction_tenacity, 0, 100)},
      {"maxmemory-clients", memory_share(&O::maxmemory_clients)},
      {"lfu-log-factor", number(&O::lfu_log_factor, 0, kMaxInt)},
      {"lfu-decay-time", number(&O::lfu_decay_time_min, 0, kMaxInt)},
      {"lazyfree-lazy-eviction", yes_no(&O::lazyfree_lazy_eviction), kNoEffect},
      {"lazyfree-lazy-expire", yes_no(&O::lazyfree_lazy_expire), kNoEffect},
      {"lazyfree-lazy-server-del", yes_no(&O::lazyfree_lazy_server_del), kNoEffect},
      {"lazyfree-lazy-user-del", yes_no(&O::lazyfree_lazy_user_del), kNoEffect},
      {"lazyfree-lazy-user-flush", yes_no(&O::lazyfree_lazy_user_flush), kNoEffect},
      {"jemalloc-bg-thread", yes_no(&O::jemalloc_bg_thread)},
      {"activedefrag", yes_no(&O::activedefrag)},
      {"active-defrag-ignore-bytes", memory(&O::active_defrag_ignore_bytes, 1)},
      {"active-defrag-threshold-lower", number(&O::active_defrag_threshold_lower, 0, 1000)},
      {"active-defrag-threshold-upper", number(&O::active_defrag_threshold_upper, 0, 1000)},
      {"active-defrag-cycle-min", number(&O::active_defrag_cycle_min, 1, 99)},
      {"active-defrag-cycle-max", number(&O::active_defrag_cycle_max, 1, 99)},
      {"compress-values",
       choice<CompressValues>(&O::compress_values, {{"no", CompressValues::kNo},
                                                    {"yes", CompressValues::kYes},
                                                    {"pressure", CompressValues::kPressure}})},
      {"compress-min-size", memory(&O::compress_min_size, 64)},
      {"compress-effort", number(&O::compress_effort, 1, 99)},
      {"active-defrag-max-scan-fields", number(&O::active_defrag_max_scan_fields, 1, kMaxInt64),
       kNoEffect},
      {"tracking-table-max-keys", number(&O::tracking_table_max_keys, 0, kMaxInt64)},

      // Encodings of small values
      {"hash-max-listpack-entries", number(&O::hash_max_listpack_entries, 0, kMaxInt64), kPlain,
       "hash-max-ziplist-entries"},
      {"hash-max-listpack-value", memory(&O::hash_max_listpack_value), kPlain,
       "hash-max-ziplist-value"},
      {"list-max-listpack-size", number(&O::list_max_listpack_size, kMinInt, kMaxInt), kPlain,
       "list-max-ziplist-size"},
      {"list-compress-depth", number(&O::list_compress_depth, 0, kMaxInt)},
      {"set-max-intset-entries", number(&O::set_max_intset_entries, 0, kMaxInt64)},
      {"set-max-listpack-entries", number(&O::set_max_listpack_entries, 0, kMaxInt64)},
      {"set-max-listpack-value", memory(&O::set_max_listpack_value)},
      {"zset-max-listpack-entries", number(&O::zset_max_listpack_entries, 0, kMaxInt64), kPlain,
       "zset-max-ziplist-entries"},
      {"zset-max-listpack-value", memory(&O::zset_max_listpack_value), kPlain,
       "zset-max-ziplist-value"},
      {"hll-sparse-max-bytes", memory(&O::hll_sparse_max_bytes), kNoEffect},
      {"stream-node-max-bytes", memory(&O::stream_node_max_bytes), kNoEffect},
      {"stream-node-max-entries", number(&O::stream_node_max_entries, 0, kMaxInt64), kNoEffect},
      {"list-max-ziplist-entries", ignored(), kFileOnly},
      {"list-max-ziplist-value", ignored(), kFileOnly},
  };
}

}  // namespace tarn
