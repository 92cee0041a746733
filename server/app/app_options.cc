// What App does when options change.

#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <clocale>
#include <cstring>
#include <filesystem>

#include "core/base/log.h"
#include "core/memory/allocator.h"
#include "server/app/app.h"
#include "server/app/crash_report.h"
#include "server/app/logging.h"
#include "server/app/process_limits.h"
#include "server/engine/authentication.h"

namespace tarn {
namespace {

constexpr std::string_view kBadPort = "Unable to listen on this port. Check server logs.";
constexpr std::string_view kBadAddresses = "Failed to bind to specified addresses.";

Result<> make_room(std::uint32_t clients) {
  const std::uint32_t fit = make_room_for_clients(clients);
  if (fit >= clients) return {};
  return Error{fmt::format(
      "The operating system is not able to handle the specified number of clients, try with {}",
      fit)};
}

void follow_access_policy(const Options& options, Databases& databases) {
  AccessPolicy& policy = databases.access_policy();
  databases.track_density(options.maxmemory_policy == EvictionPolicy::kVolatileLru ||
                          options.maxmemory_policy == EvictionPolicy::kAllKeysLru);
  policy.tracks_frequency = options.maxmemory_policy == EvictionPolicy::kVolatileLfu ||
                            options.maxmemory_policy == EvictionPolicy::kAllKeysLfu;
  policy.log_factor = static_cast<unsigned>(options.lfu_log_factor);
  policy.decay_minutes = static_cast<unsigned>(options.lfu_decay_time_min);
}

Result<> adjust_oom_score(const Options& options) {
  const auto applied = apply_oom_score(options);
  if (applied) return {};
  log::warn("{}", applied.error().message);
  return Error{"Failed to apply new oom_score_adj configuration, check server logs."};
}

// Only of what SORT compares: numbers and letter case are those of the C locale. Where the locale
// of the environment is not there, that of C stays for this as well.
void follow_locale(const Options& options) {
  static_cast<void>(std::setlocale(LC_COLLATE, options.locale_collate.c_str()));
}

}  // namespace

void App::watch_options() {
  using Names = std::initializer_list<std::string_view>;
  const auto when = [this](Names names, auto effect) {
    config_.on_change(names, [effect](const Options&, const Options& after) -> Result<> {
      if constexpr (std::is_void_v<decltype(effect(after))>) {
        effect(after);
        return {};
      } else {
        return effect(after);
      }
    });
  };

  dispatcher_.set_latency_tracking(options_.latency_tracking);
  when({"latency-tracking"},
       [this](const Options& now) { dispatcher_.set_latency_tracking(now.latency_tracking); });
  slow_commands_.configure(options_);
  when({"slowlog-log-slower-than", "slowlog-max-len", "latency-monitor-threshold"},
       [this](const Options& now) { slow_commands_.configure(now); });

  follow_access_policy(options_, databases_);
  when({"maxmemory-policy", "lfu-log-factor", "lfu-decay-time"},
       [this](const Options& now) { follow_access_policy(now, databases_); });
  eviction_.configure(options_);
  when({"maxmemory", "maxmemory-policy", "maxmemory-samples", "maxmemory-eviction-tenacity"},
       [this](const Options& now) { limit_memory(now); });
  limit_client_memory(options_);
  when({"maxmemory-clients", "maxmemory"},
       [this](const Options& now) { limit_client_memory(now); });

  defrag_.configure(options_);
  when({"activedefrag", "active-defrag-ignore-bytes", "active-defrag-threshold-lower",
        "active-defrag-threshold-upper", "active-defrag-cycle-min", "active-defrag-cycle-max"},
       [this](const Options& now) { defrag_.configure(now); });
  compression_.configure(options_);
  when({"compress-values", "compress-min-size", "compress-effort", "maxmemory"},
       [this](const Options& now) { compression_.configure(now); });
  set_background_purging(options_.jemalloc_bg_thread);
  when({"jemalloc-bg-thread"},
       [](const Options& now) { set_background_purging(now.jemalloc_bg_thread); });

  notifier_.configure(options_.notify_keyspace_events);
  when({"notify-keyspace-events"},
       [this](const Options& now) { notifier_.configure(now.notify_keyspace_events); });
  tracking_.set_max_keys(static_cast<std::size_t>(options_.tracking_table_max_keys));
  when({"tracking-table-max-keys"}, [this](const Options& now) {
    tracking_.set_max_keys(static_cast<std::size_t>(now.tracking_table_max_keys));
  });

  when({"requirepass"},
       [this](const Options& now) { require_authentication(clients_, !now.requirepass.empty()); });
  when({"maxclients"}, [](const Options& now) { return make_room(now.maxclients); });
  when({"port"}, [this](const Options& now) {
    return listen_again(listeners_, resp_addresses(now), kBadPort);
  });
  when({"bind"}, [this](const Options& now) {
    return listen_again(listeners_, resp_addresses(now), kBadAddresses);
  });
  when({"memcached-port"}, [this](const Options& now) {
    return listen_again(memcached_listeners_, memcached_addresses(now), kBadPort);
  });
  when({"memcached-bind"}, [this](const Options& now) {
    return listen_again(memcached_listeners_, memcached_addresses(now), kBadAddresses);
  });
  when({"port", "bind", "proc-title-template"},
       [this](const Options& now) { title_.show(now, config_.config_file()); });

  when({"save", "backup-command"},
       [this](const Options& now) { return keeps_files(now) ? take_directory() : Result<>(); });
  backups_.set_command(options_.backup_command);
  when({"backup-command"},
       [this](const Options& now) { backups_.set_command(now.backup_command); });

  loop_.coalesce_wakeups(options_.coalesce_wakeups);
  when({"coalesce-wakeups"},
       [this](const Options& now) { loop_.coalesce_wakeups(now.coalesce_wakeups); });
  when({"hz"}, [this](const Options& now) { cron_.set_hz(now.hz); });
  when({"loglevel"}, [](const Options& now) { set_log_level(now.loglevel); });
  when({"dir"}, [this](const Options& now) { return change_directory(now.dir); });
  follow_locale(options_);
  when({"locale-collate"}, follow_locale);
  static_cast<void>(adjust_oom_score(options_));
  when({"oom-score-adj", "oom-score-adj-values"}, adjust_oom_score);
  watch_crashes(options_);
  when({"crash-log-enabled"}, [this](const Options& now) { watch_crashes(now); });
}

// What is written on end is in the directory that it began in.
Result<> App::change_directory(const std::string& directory) {
  if (aof_.is_open()) return Error{"the append-only file is open; switch appendonly off first"};
  if (!backup_queue_.empty() || backup_queue_.adding() || backup_copy_.in_progress()) {
    return Error{"files in the present directory wait for backup-command, or are being copied"};
  }
  std::unique_ptr<DirectoryLock> lock;
  std::error_code fault;
  if (directory_lock_ && !std::filesystem::equivalent(directory, ".", fault)) {
    auto acquired = DirectoryLock::acquire(directory);
    if (!acquired) return acquired.error();
    lock = std::move(*acquired);
  }
  if (::chdir(directory.c_str()) != 0) return Error{std::strerror(errno)};
  if (!lock) return {};
  directory_lock_ = std::move(lock);
  return backup_queue_.open();
}

void App::limit_memory(const Options& options) {
  eviction_.configure(options);
  const std::size_t used = memory_.used();
  if (options.maxmemory == 0 || used <= options.maxmemory) return;
  log::warn("maxmemory ({} bytes) is below the {} bytes in use. {}", options.maxmemory, used,
            options.maxmemory_policy == EvictionPolicy::kNoEviction
                ? "Commands that take memory are refused until keys are deleted."
                : "Keys will be evicted until it is met.");
}

void App::limit_client_memory(const Options& options) {
  client_eviction_.set_limit(client_memory_limit(options));
  loop_.watch_memory(client_eviction_.watches());
  if (client_eviction_.watches()) loop_.end_batch_soon();
}

// A socket of the new port or address may be one of the old, so these close first.
Result<> App::listen_again(Listeners& listeners, const ListenAddresses& addresses,
                           std::string_view failure) {
  const auto opened = listeners.reopen_tcp(addresses);
  if (opened) return {};
  log::warn("{}", opened.error().message);
  return Error{std::string(failure)};
}

void App::watch_crashes(const Options& options) {
  if (!options.crash_log_enabled) return stop_reporting_crashes();
  std::error_code fault;
  std::string log_path;
  if (!options.logfile.empty()) {
    log_path = std::filesystem::absolute(options.logfile, fault).string();
  }
  report_crashes({dispatcher_, clients_, info_}, std::move(log_path));
}

void App::report_ineffective_options() {
  for (const std::string_view name : config_.ineffective_options()) {
    log::warn("The option {} has no effect so far", name);
  }
}

}  // namespace tarn
