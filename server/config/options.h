#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "persistence/snapshot/save_points.h"

namespace tarn {

enum class LogLevel { kDebug, kVerbose, kNotice, kWarning, kNothing };
enum class Supervision { kNo, kAuto, kSystemd, kUpstart };
enum class Permission { kNo, kYes, kLocal };
enum class RdbCompression { kYes, kNo, kLz4, kLzf };
enum class FsyncPolicy { kAlways, kEverySecond, kNo };
enum class SanitizePayload { kNo, kYes, kClients };
enum class OomScoreMode { kNo, kRelative, kAbsolute };
enum class PubsubDefault { kAllChannels, kResetChannels };
enum class PropagationErrorBehavior { kIgnore, kPanic, kPanicOnReplicas };
enum class DisklessLoad { kDisabled, kOnEmptyDb, kSwapDb };
enum class EndpointType { kIp, kHostname, kUnknownEndpoint };
enum class TlsClientAuth { kNo, kYes, kOptional };
enum class EvictionPolicy {
  kVolatileLru,
  kVolatileLfu,
  kVolatileRandom,
  kVolatileTtl,
  kAllKeysLru,
  kAllKeysLfu,
  kAllKeysRandom,
  kNoEviction,
};
enum class CompressValues { kNo, kYes, kPressure };
// The facilities of syslog(3).
enum class SyslogFacility {
  kUser,
  kLocal0,
  kLocal1,
  kLocal2,
  kLocal3,
  kLocal4,
  kLocal5,
  kLocal6,
  kLocal7,
};

// What a signal to stop asks of the shutdown; a set of these bits, none of them for the default.
enum ShutdownBits : unsigned {
  kShutdownSave = 1U << 0,
  kShutdownNoSave = 1U << 1,
  kShutdownNow = 1U << 2,
  kShutdownForce = 1U << 3,
};

// Which keyspace events are published (`notify-keyspace-events`); a set of these bits.
enum NotifyBits : std::uint32_t {
  kNotifyKeyspace = 1U << 0,   // K: to the channel of the key
  kNotifyKeyevent = 1U << 1,   // E: to the channel of the event
  kNotifyGeneric = 1U << 2,    // g
  kNotifyString = 1U << 3,     // $
  kNotifyList = 1U << 4,       // l
  kNotifySet = 1U << 5,        // s
  kNotifyHash = 1U << 6,       // h
  kNotifySortedSet = 1U << 7,  // z
  kNotifyExpired = 1U << 8,    // x
  kNotifyEvicted = 1U << 9,    // e
  kNotifyStream = 1U << 10,    // t
  kNotifyModule = 1U << 11,    // d
  kNotifyKeyMiss = 1U << 12,   // m, not part of A
  kNotifyNewKey = 1U << 13,    // n, not part of A
  kNotifyAll = kNotifyGeneric | kNotifyString | kNotifyList | kNotifySet | kNotifyHash |
               kNotifySortedSet | kNotifyExpired | kNotifyEvicted | kNotifyStream |
               kNotifyModule,  // A
};

// Indexes Options::client_output_buffer_limits.
enum ClientClass : std::size_t { kNormalClients, kReplicaClients, kPubsubClients, kClientClasses };

// A client is dropped when its pending output passes `hard_bytes`, or stays above `soft_bytes`
// for `soft_seconds`. Zero: no such limit.
struct OutputBufferLimit {
  std::uint64_t hard_bytes = 0;
  std::uint64_t soft_bytes = 0;
  std::int64_t soft_seconds = 0;

  bool operator==(const OutputBufferLimit&) const = default;
};

// An amount of memory, or a share of `maxmemory` where `percent` is not zero.
struct MemoryShare {
  std::uint64_t bytes = 0;
  unsigned percent = 0;
};

struct HostPort {
  std::string host;  // empty: none
  int port = 0;
};

// One directive as it was written: its words, the directive's name left out.
using Words = std::vector<std::string>;

// Every setting of the server with its default: a plain value, read by whoever needs it. What
// reads, prints and checks a field is its row in the option table; the field's comment says what
// the name cannot. Fields keep the option's name; where the name lacks the unit, the field adds it.
struct Options {
  // Network
  std::vector<std::string> bind = {"*", "-::*"};  // "-" before an address: may be missing
  int port = 6379;                                // 0: no TCP port
  int tcp_backlog = 511;
  int tcp_keepalive_s = 300;  // 0: off
  int timeout_s = 0;          // idle clients are dropped after this; 0: never
  bool coalesce_wakeups = true;
  std::string unixsocket;
  unsigned unixsocketperm = 0;  // 0: as the umask leaves it
  bool protected_mode = true;
  std::string bind_source_addr;
  std::uint32_t socket_mark_id = 0;

  // The memcached protocol
  std::vector<std::string> memcached_bind = {"*", "-::*"};  // as bind
  int memcached_port = 0;                                   // 0: no TCP port
  std::string memcached_unixsocket;
  unsigned memcached_unixsocketperm = 0;  // 0: as the umask leaves it
  int memcached_database = 0;
  std::uint64_t memcached_max_item_size = 1 << 20;
  int memcached_max_key_size = 250;  // of base64 keys; others are no longer than 250

  // General
  int databases = 16;
  bool daemonize = false;
  Supervision supervised = Supervision::kNo;
  std::string pidfile;
  LogLevel loglevel = LogLevel::kNotice;
  std::string logfile;  // empty: standard output
  bool syslog_enabled = false;
  std::string syslog_ident = "redis";
  SyslogFacility syslog_facility = SyslogFacility::kLocal0;
  bool always_show_logo = false;
  bool set_proc_title = true;
  std::string proc_title_template = "{title} {listen-addr} {server-mode}";
  std::string locale_collate;
  bool crash_log_enabled = true;
  bool crash_memcheck_enabled = true;
  bool use_exit_on_panic = false;
  int watchdog_period_ms = 0;
  std::string ignore_warnings;
  bool disable_thp = true;
  OomScoreMode oom_score_adj = OomScoreMode::kNo;
  std::array<int, 3> oom_score_adj_values = {0, 200, 800};  // master, replica, forked child
  unsigned shutdown_on_sigint = 0;                          // ShutdownBits
  unsigned shutdown_on_sigterm = 0;                         // ShutdownBits
  int shutdown_timeout_s = 10;

  // Threads and processors
  int io_threads = 1;
  bool io_threads_do_reads = false;
  std::string server_cpulist;
  std::string bio_cpulist;
  std::string aof_rewrite_cpulist;
  std::string bgsave_cpulist;

  // Security
  std::string requirepass;  // empty: none
  Permission enable_protected_configs = Permission::kNo;
  Permission enable_debug_command = Permission::kNo;
  Permission enable_module_command = Permission::kNo;
  std::string aclfile;
  std::int64_t acllog_max_len = 128;
  PubsubDefault acl_pubsub_default = PubsubDefault::kResetChannels;
  std::vector<Words> users;           // each: name, then ACL rules
  std::vector<Words> rename_command;  // each: command, new name (empty: removed)

  // Limits
  std::uint32_t maxclients = 10000;
  std::uint64_t client_query_buffer_limit = std::uint64_t{1} << 30;
  std::uint64_t proto_max_bulk_len = std::uint64_t{512} << 20;
  std::array<OutputBufferLimit, kClientClasses> client_output_buffer_limits = {
      OutputBufferLimit{},
      OutputBufferLimit{std::uint64_t{256} << 20, std::uint64_t{64} << 20, 60},
      OutputBufferLimit{std::uint64_t{32} << 20, std::uint64_t{8} << 20, 60},
  };

  // Slow log and latency
  std::int64_t slowlog_log_slower_than_us = 10000;  // 0: every command, -1: none
  std::int64_t slowlog_max_len = 128;
  std::int64_t latency_monitor_threshold_ms = 0;  // 0: off
  bool latency_tracking = true;
  std::vector<double> latency_tracking_info_percentiles = {50, 99, 99.9};

  // Periodic work and expiry
  int hz = 10;
  bool dynamic_hz = true;
  int active_expire_effort = 1;
  bool activerehashing = true;
  std::uint32_t notify_keyspace_events = 0;  // NotifyBits

  // Memory
  std::uint64_t maxmemory = 0;  // 0: no limit
  EvictionPolicy maxmemory_policy = EvictionPolicy::kNoEviction;
  int maxmemory_samples = 5;
  int maxmemory_eviction_tenacity = 10;
  MemoryShare maxmemory_clients;
  int lfu_log_factor = 10;
  int lfu_decay_time_min = 1;
  bool lazyfree_lazy_eviction = false;
  bool lazyfree_lazy_expire = false;
  bool lazyfree_lazy_server_del = false;
  bool lazyfree_lazy_user_del = false;
  bool lazyfree_lazy_user_flush = false;
  bool jemalloc_bg_thread = true;
  bool activedefrag = true;
  std::uint64_t active_defrag_ignore_bytes = std::uint64_t{1} << 20;
  int active_defrag_threshold_lower = 10;
  int active_defrag_threshold_upper = 100;
  int active_defrag_cycle_min = 1;
  int active_defrag_cycle_max = 3;
  std::int64_t active_defrag_max_scan_fields = 1000;
  CompressValues compress_values = CompressValues::kNo;
  std::uint64_t compress_min_size = 256;
  int compress_effort = 2;  // percent of a processor
  std::int64_t tracking_table_max_keys = 1000000;

  // Encodings of small values
  std::int64_t hash_max_listpack_entries = 512;
  std::uint64_t hash_max_listpack_value = 64;
  int list_max_listpack_size = -2;
  int list_compress_depth = 0;
  std::int64_t set_max_intset_entries = 512;
  std::int64_t set_max_listpack_entries = 128;
  std::uint64_t set_max_listpack_value = 64;
  std::int64_t zset_max_listpack_entries = 128;
  std::uint64_t zset_max_listpack_value = 64;
  std::uint64_t hll_sparse_max_bytes = 3000;
  std::uint64_t stream_node_max_bytes = 4096;
  std::int64_t stream_node_max_entries = 100;

  // Snapshots
  std::string dir;  // absolute; the working directory unless set
  std::string dbfilename = "dump.rdb";
  std::vector<SavePoint> save_points = {{3600, 1}, {300, 100}, {60, 10000}};
  bool stop_writes_on_bgsave_error = true;
  RdbCompression rdbcompression = RdbCompression::kYes;
  bool rdbchecksum = true;
  SanitizePayload sanitize_dump_payload = SanitizePayload::kNo;
  bool rdb_save_incremental_fsync = true;
  bool rdb_del_sync_files = false;
  bool rdb_skip_unknown = false;  // values of types that we do not have, at loading
  int rdb_key_save_delay_us = 0;
  int key_load_delay_us = 0;
  std::int64_t loading_process_events_interval_bytes = std::int64_t{2} << 20;

  // Append-only file
  bool appendonly = false;
  std::string appendfilename = "appendonly.aof";
  std::string appenddirname = "appendonlydir";
  FsyncPolicy appendfsync = FsyncPolicy::kEverySecond;
  bool no_appendfsync_on_rewrite = false;
  int auto_aof_rewrite_percentage = 100;
  std::uint64_t auto_aof_rewrite_min_size = std::uint64_t{64} << 20;
  bool aof_load_truncated = true;
  bool aof_use_rdb_preamble = true;
  bool aof_timestamp_enabled = false;
  bool aof_rewrite_incremental_fsync = true;
  bool aof_disable_auto_gc = false;
  std::uint64_t aof_segment_size = std::uint64_t{256} << 20;  // 0: no limit
  int aof_segment_seconds = 0;                                // 0: no limit

  // Backups
  std::string backup_command;  // empty: none

  // Scripts and modules
  std::int64_t busy_reply_threshold_ms = 5000;
  bool lua_enable_deprecated_api = false;
  std::vector<Words> loadmodule;  // each: path, then arguments

  // Replication
  HostPort replicaof;
  std::string masteruser;
  std::string masterauth;
  bool replica_serve_stale_data = true;
  bool replica_read_only = true;
  bool replica_lazy_flush = false;
  bool replica_ignore_maxmemory = true;
  bool replica_ignore_disk_write_errors = false;
  bool replica_announced = true;
  std::string replica_announce_ip;
  int replica_announce_port = 0;
  int replica_priority = 100;
  bool repl_disable_tcp_nodelay = false;
  bool repl_diskless_sync = true;
  int repl_diskless_sync_delay_s = 5;
  int repl_diskless_sync_max_replicas = 0;
  DisklessLoad repl_diskless_load = DisklessLoad::kDisabled;
  int repl_timeout_s = 60;
  int repl_ping_replica_period_s = 10;
  std::uint64_t repl_backlog_size = std::uint64_t{1} << 20;
  std::int64_t repl_backlog_ttl_s = 3600;
  int min_replicas_to_write = 0;
  int min_replicas_max_lag_s = 10;
  PropagationErrorBehavior propagation_error_behavior = PropagationErrorBehavior::kIgnore;

  // Cluster
  bool cluster_enabled = false;
  std::string cluster_config_file = "nodes.conf";
  std::int64_t cluster_node_timeout_ms = 15000;
  int cluster_port = 0;
  std::string cluster_announce_ip;
  std::string cluster_announce_hostname;
  std::string cluster_announce_human_nodename;
  int cluster_announce_port = 0;
  int cluster_announce_tls_port = 0;
  int cluster_announce_bus_port = 0;
  EndpointType cluster_preferred_endpoint_type = EndpointType::kIp;
  int cluster_replica_validity_factor = 10;
  int cluster_migration_barrier = 1;
  bool cluster_replica_no_failover = false;
  bool cluster_require_full_coverage = true;
  bool cluster_allow_replica_migration = true;
  bool cluster_allow_reads_when_down = false;
  bool cluster_allow_pubsubshard_when_down = true;
  std::uint64_t cluster_link_sendbuf_limit = 0;

  // TLS
  int tls_port = 0;
  std::string tls_cert_file;
  std::string tls_key_file;
  std::string tls_key_file_pass;
  std::string tls_client_cert_file;
  std::string tls_client_key_file;
  std::string tls_client_key_file_pass;
  std::string tls_dh_params_file;
  std::string tls_ca_cert_file;
  std::string tls_ca_cert_dir;
  TlsClientAuth tls_auth_clients = TlsClientAuth::kYes;
  bool tls_replication = false;
  bool tls_cluster = false;
  std::string tls_protocols;
  std::string tls_ciphers;
  std::string tls_ciphersuites;
  bool tls_prefer_server_ciphers = false;
  bool tls_session_caching = true;
  int tls_session_cache_size = 20480;
  int tls_session_cache_timeout_s = 300;
};

}  // namespace tarn
