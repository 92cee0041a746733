#include "server/config/option_rows.h"
#include "server/config/special_types.h"

namespace tarn {
namespace {

OptionType diskless_load() {
  return choice<DisklessLoad>(&Options::repl_diskless_load,
                              {{"disabled", DisklessLoad::kDisabled},
                               {"on-empty-db", DisklessLoad::kOnEmptyDb},
                               {"swapdb", DisklessLoad::kSwapDb}});
}

OptionType propagation_errors() {
  return choice<PropagationErrorBehavior>(
      &Options::propagation_error_behavior,
      {{"ignore", PropagationErrorBehavior::kIgnore},
       {"panic", PropagationErrorBehavior::kPanic},
       {"panic-on-replicas", PropagationErrorBehavior::kPanicOnReplicas}});
}

OptionType endpoint_type() {
  return choice<EndpointType>(&Options::cluster_preferred_endpoint_type,
                              {{"ip", EndpointType::kIp},
                               {"hostname", EndpointType::kHostname},
                               {"unknown-endpoint", EndpointType::kUnknownEndpoint}});
}

OptionType tls_client_auth() {
  return choice<TlsClientAuth>(&Options::tls_auth_clients,
                               {{"no", TlsClientAuth::kNo},
                                {"yes", TlsClientAuth::kYes},
                                {"optional", TlsClientAuth::kOptional}});
}

constexpr std::uint64_t kMinBacklogBytes = 16 * 1024;

}  // namespace

std::vector<Option> peer_rows() {
  using O = Options;
  return {
      // Scripts and modules
      {"busy-reply-threshold", number(&O::busy_reply_threshold_ms, 0, kMaxInt64), kNoEffect,
       "lua-time-limit"},
      {"lua-enable-deprecated-api", yes_no(&O::lua_enable_deprecated_api),
       kImmutable | kHidden | kNoEffect},
      {"loadmodule", directives(&O::loadmodule, 1, kAnyWords), kFileOnly | kNoEffect},
      {"lua-replicate-commands", ignored(), kFileOnly},

      // Replication
      {"replicaof", master_address(), kImmutable | kMultiArg | kNoEffect, "slaveof"},
      {"masteruser", text(&O::masteruser), kSensitive | kNoEffect},
      {"masterauth", text(&O::masterauth), kSensitive | kNoEffect},
      {"replica-serve-stale-data", yes_no(&O::replica_serve_stale_data), kNoEffect,
       "slave-serve-stale-data"},
      {"replica-read-only", yes_no(&O::replica_read_only), kNoEffect, "slave-read-only"},
      {"replica-lazy-flush", yes_no(&O::replica_lazy_flush), kNoEffect, "slave-lazy-flush"},
      {"replica-ignore-maxmemory", yes_no(&O::replica_ignore_maxmemory), kNoEffect,
       "slave-ignore-maxmemory"},
      {"replica-ignore-disk-write-errors", yes_no(&O::replica_ignore_disk_write_errors), kNoEffect},
      {"replica-announced", yes_no(&O::replica_announced), kNoEffect},
      {"replica-announce-ip", text(&O::replica_announce_ip), kNoEffect, "slave-announce-ip"},
      {"replica-announce-port", number(&O::replica_announce_port, 0, 65535), kNoEffect,
       "slave-announce-port"},
      {"replica-priority", number(&O::replica_priority, 0, kMaxInt), kNoEffect, "slave-priority"},
      {"repl-disable-tcp-nodelay", yes_no(&O::repl_disable_tcp_nodelay), kNoEffect},
      {"repl-diskless-sync", yes_no(&O::repl_diskless_sync), kNoEffect},
      {"repl-diskless-sync-delay", number(&O::repl_diskless_sync_delay_s, 0, kMaxInt), kNoEffect},
      {"repl-diskless-sync-max-replicas", number(&O::repl_diskless_sync_max_replicas, 0, kMaxInt),
       kNoEffect},
      {"repl-diskless-load", diskless_load(), kDenyLoading | kNoEffect},
      {"repl-timeout", number(&O::repl_timeout_s, 1, kMaxInt), kNoEffect},
      {"repl-ping-replica-period", number(&O::repl_ping_replica_period_s, 1, kMaxInt), kNoEffect,
       "repl-ping-slave-period"},
      {"repl-backlog-size", memory(&O::repl_backlog_size, 1, kMinBacklogBytes), kNoEffect},
      {"repl-backlog-ttl", number(&O::repl_backlog_ttl_s, 0, kMaxInt64), kNoEffect},
      {"min-replicas-to-write", number(&O::min_replicas_to_write, 0, kMaxInt), kNoEffect,
       "min-slaves-to-write"},
      {"min-replicas-max-lag", number(&O::min_replicas_max_lag_s, 0, kMaxInt), kNoEffect,
       "min-slaves-max-lag"},
      {"propagation-error-behavior", propagation_errors(), kNoEffect},

      // Cluster
      {"cluster-enabled", yes_no(&O::cluster_enabled), kImmutable | kNoEffect},
      {"cluster-config-file", text(&O::cluster_config_file), kImmutable | kNoEffect},
      {"cluster-node-timeout", number(&O::cluster_node_timeout_ms, 0, kMaxInt64), kNoEffect},
      {"cluster-port", number(&O::cluster_port, 0, 65535), kImmutable | kNoEffect},
      {"cluster-announce-ip", text(&O::cluster_announce_ip), kNoEffect},
      {"cluster-announce-hostname", text(&O::cluster_announce_hostname, check_hostname), kNoEffect},
      {"cluster-announce-human-nodename", text(&O::cluster_announce_human_nodename, check_nodename),
       kNoEffect},
      {"cluster-announce-port", number(&O::cluster_announce_port, 0, 65535), kNoEffect},
      {"cluster-announce-tls-port", number(&O::cluster_announce_tls_port, 0, 65535), kNoEffect},
      {"cluster-announce-bus-port", number(&O::cluster_announce_bus_port, 0, 65535), kNoEffect},
      {"cluster-preferred-endpoint-type", endpoint_type(), kNoEffect},
      {"cluster-replica-validity-factor", number(&O::cluster_replica_validity_factor, 0, kMaxInt),
       kNoEffect, "cluster-slave-validity-factor"},
      {"cluster-migration-barrier", number(&O::cluster_migration_barrier, 0, kMaxInt), kNoEffect},
      {"cluster-replica-no-failover", yes_no(&O::cluster_replica_no_failover), kNoEffect,
       "cluster-slave-no-failover"},
      {"cluster-require-full-coverage", yes_no(&O::cluster_require_full_coverage), kNoEffect},
      {"cluster-allow-replica-migration", yes_no(&O::cluster_allow_replica_migration), kNoEffect},
      {"cluster-allow-reads-when-down", yes_no(&O::cluster_allow_reads_when_down), kNoEffect},
      {"cluster-allow-pubsubshard-when-down", yes_no(&O::cluster_allow_pubsubshard_when_down),
       kNoEffect},
      {"cluster-link-sendbuf-limit", memory(&O::cluster_link_sendbuf_limit, 0, 0, kMaxUint64),
       kNoEffect},

      // TLS
      {"tls-port", number(&O::tls_port, 0, 65535), kNoEffect},
      {"tls-cert-file", text(&O::tls_cert_file), kNoEffect},
      {"tls-key-file", text(&O::tls_key_file), kNoEffect},
      {"tls-key-file-pass", text(&O::tls_key_file_pass), kSensitive | kNoEffect},
      {"tls-client-cert-file", text(&O::tls_client_cert_file), kNoEffect},
      {"tls-client-key-file", text(&O::tls_client_key_file), kNoEffect},
      {"tls-client-key-file-pass", text(&O::tls_client_key_file_pass), kSensitive | kNoEffect},
      {"tls-dh-params-file", text(&O::tls_dh_params_file), kNoEffect},
      {"tls-ca-cert-file", text(&O::tls_ca_cert_file), kNoEffect},
      {"tls-ca-cert-dir", text(&O::tls_ca_cert_dir), kNoEffect},
      {"tls-auth-clients", tls_client_auth(), kNoEffect},
      {"tls-replication", yes_no(&O::tls_replication), kNoEffect},
      {"tls-cluster", yes_no(&O::tls_cluster), kNoEffect},
      {"tls-protocols", text(&O::tls_protocols), kNoEffect},
      {"tls-ciphers", text(&O::tls_ciphers), kNoEffect},
      {"tls-ciphersuites", text(&O::tls_ciphersuites), kNoEffect},
      {"tls-prefer-server-ciphers", yes_no(&O::tls_prefer_server_ciphers), kNoEffect},
      {"tls-session-caching", yes_no(&O::tls_session_caching), kNoEffect},
      {"tls-session-cache-size", number(&O::tls_session_cache_size, 0, kMaxInt), kNoEffect},
      {"tls-session-cache-timeout", number(&O::tls_session_cache_timeout_s, 0, kMaxInt), kNoEffect},
  };
}

}  // namespace tarn
