#include "server/config/option_rows.h"
#include "server/config/special_types.h"

namespace tarn {
namespace {

OptionType permission(Permission Options::*field) {
  return choice<Permission>(
      field, {{"no", Permission::kNo}, {"yes", Permission::kYes}, {"local", Permission::kLocal}});
}

OptionType log_level() {
  return choice<LogLevel>(&Options::loglevel, {{"debug", LogLevel::kDebug},
                                               {"verbose", LogLevel::kVerbose},
                                               {"notice", LogLevel::kNotice},
                                               {"warning", LogLevel::kWarning},
                                               {"nothing", LogLevel::kNothing}});
}

OptionType supervision() {
  return choice<Supervision>(&Options::supervised, {{"upstart", Supervision::kUpstart},
                                                    {"systemd", Supervision::kSystemd},
                                                    {"auto", Supervision::kAuto},
                                                    {"no", Supervision::kNo}});
}

OptionType syslog_facility() {
  return choice<SyslogFacility>(&Options::syslog_facility, {{"user", SyslogFacility::kUser},
                                                            {"local0", SyslogFacility::kLocal0},
                                                            {"local1", SyslogFacility::kLocal1},
                                                            {"local2", SyslogFacility::kLocal2},
                                                            {"local3", SyslogFacility::kLocal3},
                                                            {"local4", SyslogFacility::kLocal4},
                                                            {"local5", SyslogFacility::kLocal5},
                                                            {"local6", SyslogFacility::kLocal6},
                                                            {"local7", SyslogFacility::kLocal7}});
}

OptionType oom_score_mode() {
  return choice<OomScoreMode>(&Options::oom_score_adj, {{"no", OomScoreMode::kNo},
                                                        {"yes", OomScoreMode::kRelative},
                                                        {"relative", OomScoreMode::kRelative},
                                                        {"absolute", OomScoreMode::kAbsolute}});
}

OptionType pubsub_default() {
  return choice<PubsubDefault>(&Options::acl_pubsub_default,
                               {{"allchannels", PubsubDefault::kAllChannels},
                                {"resetchannels", PubsubDefault::kResetChannels}});
}

// memcached's bounds are 1 KiB and 1 GiB; a string here has at most 512 MiB.
constexpr std::int64_t kMinItemBytes = 1024;
constexpr std::int64_t kMaxItemBytes = std::int64_t{512} << 20;

}  // namespace

std::vector<Option> server_rows() {
  using O = Options;
  return {
      // Network
      {"bind", bind_addresses(&O::bind), kMultiArg},
      {"port", number(&O::port, 0, 65535)},
      {"tcp-backlog", number(&O::tcp_backlog, 0, kMaxInt), kImmutable},
      {"tcp-keepalive", number(&O::tcp_keepalive_s, 0, kMaxInt)},
      {"timeout", number(&O::timeout_s, 0, kMaxInt)},
      {"coalesce-wakeups", yes_no(&O::coalesce_wakeups)},
      {"unixsocket", text(&O::unixsocket), kImmutable},
      {"unixsocketperm", octal(&O::unixsocketperm, 0777), kImmutable},
      {"protected-mode", yes_no(&O::protected_mode)},
      {"bind-source-addr", text(&O::bind_source_addr), kNoEffect},
      {"socket-mark-id", number(&O::socket_mark_id, 0, kMaxUint), kImmutable | kNoEffect},

      // The memcached protocol
      {"memcached-bind", bind_addresses(&O::memcached_bind), kMultiArg},
      {"memcached-port", number(&O::memcached_port, 0, 65535)},
      {"memcached-unixsocket", text(&O::memcached_unixsocket), kImmutable},
      {"memcached-unixsocketperm", octal(&O::memcached_unixsocketperm, 0777), kImmutable},
      {"memcached-database", number(&O::memcached_database, 0, kMaxInt), kImmutable},
      {"memcached-max-item-size",
       memory(&O::memcached_max_item_size, kMinItemBytes, 0, kMaxItemBytes)},
      {"memcached-max-key-size", number(&O::memcached_max_key_size, 250, 1024)},

      // General
      {"databases", number(&O::databases, 1, kMaxInt), kImmutable},
      {"daemonize", yes_no(&O::daemonize), kImmutable},
      {"supervised", supervision(), kImmutable},
      {"pidfile", text(&O::pidfile), kImmutable},
      {"loglevel", log_level()},
      {"logfile", text(&O::logfile), kImmutable},
      {"syslog-enabled", yes_no(&O::syslog_enabled), kImmutable},
      {"syslog-ident", text(&O::syslog_ident), kImmutable},
      {"syslog-facility", syslog_facility(), kImmutable},
      {"always-show-logo", yes_no(&O::always_show_logo), kImmutable | kNoEffect},
      {"set-proc-title", yes_no(&O::set_proc_title), kImmutable},
      {"proc-title-template", text(&O::proc_title_template, check_title_template)},
      {"locale-collate", text(&O::locale_collate, check_locale)},
      {"crash-log-enabled", yes_no(&O::crash_log_enabled)},
      {"crash-memcheck-enabled", yes_no(&O::crash_memcheck_enabled), kNoEffect},
      {"use-exit-on-panic", yes_no(&O::use_exit_on_panic), kHidden | kNoEffect},
      {"watchdog-period", number(&O::watchdog_period_ms, 0, kMaxInt), kHidden | kNoEffect},
      {"ignore-warnings", text(&O::ignore_warnings), kNoEffect},
      {"disable-thp", yes_no(&O::disable_thp), kImmutable},
      {"oom-score-adj", oom_score_mode()},
      {"oom-score-adj-values", oom_score_values(), kMultiArg},
      {"shutdown-on-sigint", shutdown_behavior(&O::shutdown_on_sigint), kMultiArg},
      {"shutdown-on-sigterm", shutdown_behavior(&O::shutdown_on_sigterm), kMultiArg},
      {"shutdown-timeout", number(&O::shutdown_timeout_s, 0, kMaxInt), kNoEffect},

      // Threads and processors
      {"io-threads", number(&O::io_threads, 1, 128), kImmutable | kNoEffect},
      {"io-threads-do-reads", yes_no(&O::io_threads_do_reads), kImmutable | kNoEffect},
      {"server_cpulist", text(&O::server_cpulist), kImmutable},
      {"bio_cpulist", text(&O::bio_cpulist), kImmutable},
      {"aof_rewrite_cpulist", text(&O::aof_rewrite_cpulist), kImmutable},
      {"bgsave_cpulist", text(&O::bgsave_cpulist), kImmutable},

      // Security
      {"requirepass", text(&O::requirepass), kSensitive},
      {"enable-protected-configs", permission(&O::enable_protected_configs), kImmutable},
      {"enable-debug-command", permission(&O::enable_debug_command), kImmutable},
      {"enable-module-command", permission(&O::enable_module_command), kImmutable | kNoEffect},
      {"aclfile", text(&O::aclfile), kImmutable | kNoEffect},
      {"acllog-max-len", number(&O::acllog_max_len, 0, kMaxInt64), kNoEffect},
      {"acl-pubsub-default", pubsub_default(), kNoEffect},
      {"user", directives(&O::users, 1, kAnyWords), kFileOnly | kSensitive | kNoEffect},
      {"rename-command", directives(&O::rename_command, 2, 2), kFileOnly},

      // Limits
      {"maxclients", number(&O::maxclients, 1, kMaxUint)},
      {"client-query-buffer-limit", memory(&O::client_query_buffer_limit, kMebibyte)},
      {"proto-max-bulk-len", memory(&O::proto_max_bulk_len, kMebibyte)},
      {"client-output-buffer-limit", output_buffer_limits(), kMultiArg},

      // Slow log and latency
      {"slowlog-log-slower-than", number(&O::slowlog_log_slower_than_us, -1, kMaxInt64)},
      {"slowlog-max-len", number(&O::slowlog_max_len, 0, kMaxInt64)},
      {"latency-monitor-threshold", number(&O::latency_monitor_threshold_ms, 0, kMaxInt64)},
      {"latency-tracking", yes_no(&O::latency_tracking)},
      {"latency-tracking-info-percentiles", percentiles(), kMultiArg},
  };
}

}  // namespace tarn
