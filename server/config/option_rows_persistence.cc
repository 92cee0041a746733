#include "server/config/option_rows.h"
#include "server/config/special_types.h"

namespace tarn {
namespace {

OptionType rdb_compression() {
  return choice<RdbCompression>(&Options::rdbcompression, {{"yes", RdbCompression::kYes},
                                                           {"no", RdbCompression::kNo},
                                                           {"lz4", RdbCompression::kLz4},
                                                           {"lzf", RdbCompression::kLzf}});
}

OptionType sanitize_payload() {
  return choice<SanitizePayload>(&Options::sanitize_dump_payload,
                                 {{"no", SanitizePayload::kNo},
                                  {"yes", SanitizePayload::kYes},
                                  {"clients", SanitizePayload::kClients}});
}

OptionType fsync_policy() {
  return choice<FsyncPolicy>(&Options::appendfsync, {{"everysec", FsyncPolicy::kEverySecond},
                                                     {"always", FsyncPolicy::kAlways},
                                                     {"no", FsyncPolicy::kNo}});
}

}  // namespace

std::vector<Option> persistence_rows() {
  using O = Options;
  return {
      // Snapshots
      {"dir", working_directory(), kProtected | kDenyLoading},
      {"dbfilename", text(&O::dbfilename, check_dump_name), kProtected},
      {"save", save_points(), kMultiArg},
      {"stop-writes-on-bgsave-error", yes_no(&O::stop_writes_on_bgsave_error)},
      {"rdbcompression", rdb_compression()},
      {"rdbchecksum", yes_no(&O::rdbchecksum), kImmutable},
      {"sanitize-dump-payload", sanitize_payload()},
      {"rdb-save-incremental-fsync", yes_no(&O::rdb_save_incremental_fsync)},
      {"rdb-del-sync-files", yes_no(&O::rdb_del_sync_files), kNoEffect},
      {"rdb-skip-unknown", yes_no(&O::rdb_skip_unknown)},
      {"rdb-key-save-delay", number(&O::rdb_key_save_delay_us, kMinInt, kMaxInt), kHidden},
      {"key-load-delay", number(&O::key_load_delay_us, kMinInt, kMaxInt), kHidden},
      {"loading-process-events-interval-bytes",
       number(&O::loading_process_events_interval_bytes, 1024, kMaxInt), kHidden},

      // Append-only file
      {"appendonly", yes_no(&O::appendonly), kDenyLoading},
      {"appendfilename", text(&O::appendfilename, check_aof_name), kImmutable},
      {"appenddirname", text(&O::appenddirname, check_aof_directory), kImmutable},
      {"appendfsync", fsync_policy()},
      {"no-appendfsync-on-rewrite", yes_no(&O::no_appendfsync_on_rewrite)},
      {"auto-aof-rewrite-percentage", number(&O::auto_aof_rewrite_percentage, 0, kMaxInt)},
      {"auto-aof-rewrite-min-size", memory(&O::auto_aof_rewrite_min_size)},
      {"aof-load-truncated", yes_no(&O::aof_load_truncated)},
      {"aof-use-rdb-preamble", yes_no(&O::aof_use_rdb_preamble)},
      {"aof-timestamp-enabled", yes_no(&O::aof_timestamp_enabled)},
      {"aof-rewrite-incremental-fsync", yes_no(&O::aof_rewrite_incremental_fsync)},
      {"aof-disable-auto-gc", yes_no(&O::aof_disable_auto_gc)},
      {"aof-segment-size", memory(&O::aof_segment_size)},
      {"aof-segment-seconds", number(&O::aof_segment_seconds, 0, kMaxInt)},

      // Backups
      {"backup-command", text(&O::backup_command), kProtected},
  };
}

}  // namespace tarn
