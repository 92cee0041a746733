#include "server/app/app.h"

#include <fmt/core.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "core/base/log.h"
#include "core/base/processors.h"
#include "server/app/crash_report.h"
#include "server/app/process_limits.h"
#include "server/commands/families.h"
#include "server/engine/client_upkeep.h"
#include "server/engine/local_peer.h"
#include "server/memcached/families.h"
#include "server/metrics/info_sections.h"

namespace tarn {
namespace {

constexpr std::string_view kProtectedMode =
    "DENIED Redis is running in protected mode because protected mode is enabled and no password "
    "is set for the default user. In this mode connections are only accepted from the loopback "
    "interface. To connect from elsewhere, set a password (requirepass), or, where the network is "
    "trusted, switch the mode off: CONFIG SET protected-mode no from a local connection, or "
    "\"protected-mode no\" in the configuration file.\r\n";

ShutdownRequest request_of(unsigned shutdown_bits) {
  using Save = ShutdownRequest::Save;
  const bool save = (shutdown_bits & kShutdownSave) != 0;
  const bool never = (shutdown_bits & kShutdownNoSave) != 0;
  return {.save = save    ? Save::kAlways
                  : never ? Save::kNever
                          : Save::kIfConfigured,
          .now = (shutdown_bits & kShutdownNow) != 0,
          .force = (shutdown_bits & kShutdownForce) != 0};
}

bool may_run_protected(const Options& options, const Command& command, const Session& session) {
  const Permission permission =
      command.row->name == "debug" ? options.enable_debug_command : options.enable_module_command;
  if (permission != Permission::kLocal) return permission == Permission::kYes;
  return is_local(session);
}

}  // namespace

// What those are told who are not let in.
struct App::Refusals {
  std::string_view too_many_clients;
  std::string_view error_mark;  // before any other reason
};

App::App(Config& config, ProcessTitle& title, const Invocation& invocation)
    : config_(config),
      options_(config.options()),
      title_(title),
      invocation_(invocation),
      databases_(clock_, static_cast<std::size_t>(options_.databases)),
      dispatcher_(commands_, databases_, clock_),
      resp_{{dispatcher_, clients_, options_}},
      config_control_{config, dispatcher_, [this] { reset_stats(); },
                      [this] { report_ineffective_options(); },
                      [this] { return loading_.state().active; }},
      shutdown_control_{[this](const ShutdownRequest& request) { return shut_down(request); }},
      cron_(loop_.io()),
      expiry_(loop_, databases_, clock_, slow_commands_.latency()),
      signals_(loop_, [this](int signal) { on_signal(signal); }),
      listeners_(loop_,
                 [this](int fd, Connection::Addresses addresses) {
                   constexpr Refusals kRefusals{"-ERR max number of clients reached\r\n", "-"};
                   Connection* connection = accept(fd, std::move(addresses), kRefusals);
                   if (connection == nullptr) return;
                   connection->start(std::make_unique<RespClient>(*connection, resp_));
                 }),
      memcached_listeners_(
          loop_,
          [this](int fd, Connection::Addresses addresses) {
            constexpr Refusals kRefusals{"ERROR Too many open connections\r\n", "SERVER_ERROR "};
            Connection* connection = accept(fd, std::move(addresses), kRefusals);
            if (connection == nullptr) return;
            connection->start(std::make_unique<MemcachedClient>(*connection, *memcached_));
          }),
      service_manager_(options_.supervised) {
  run_.supervised = service_manager_.name();
  register_commands();
  add_memcached_commands(memcached_commands_, memcached_services_);
  memcached_.emplace(resp_, memcached_commands_);
  add_info_sections(info_, {config_,
                            run_,
                            databases_,
                            dispatcher_,
                            memcached_commands_,
                            clients_,
                            logins_,
                            blocked_,
                            resp_,
                            loop_.stats(),
                            rates_,
                            memory_,
                            expiry_.spent_cycles(),
                            eviction_.stats(),
                            defrag_.stats(),
                            pubsub_,
                            tracking_,
                            key_waiters_,
                            snapshots_,
                            loading_.state(),
                            aof_,
                            backups_,
                            backup_copy_});
  watch_options();
  watch_files();
  watch_clients();
  add_jobs();
  loop_.on_batch_end([this] { end_batch(); });
  loop_.on_batch_sent([this] { settle_client_memory(); });
  dispatcher_.protected_allowed = [this](const Command& command, const Session& session) {
    return may_run_protected(options_, command, session);
  };
}

// Connections that are left end with the loop, when the features that heard of it are gone.
App::~App() {
  resp_.on_gone = nullptr;
  stop_reporting_crashes();
}

void App::register_commands() {
  const Config& config = config_;
  for (const auto rows : {string_commands(),
                          string_set_commands(),
                          string_number_commands(),
                          string_multi_commands(),
                          string_condition_commands(),
                          lease_commands(),
                          key_commands(),
                          key_expiry_commands(),
                          key_scan_commands(),
                          dump_commands(),
                          sort_commands(),
                          object_commands(),
                          database_commands(),
                          string_lcs_commands(),
                          bitmap_commands(),
                          bitfield_commands(),
                          list_commands(),
                          list_edit_commands(),
                          list_move_commands(),
                          list_blocking_commands(),
                          set_commands(),
                          set_random_commands(),
                          set_algebra_commands(),
                          set_scan_commands(),
                          hash_commands(),
                          hash_edit_commands(),
                          hash_walk_commands(),
                          field_expiry_commands(),
                          field_expiry_value_commands(),
                          zset_commands(),
                          zset_range_commands(),
                          zset_between_commands(),
                          zset_pop_commands(),
                          zset_algebra_commands(),
                          zset_walk_commands()}) {
    commands_.add(rows, config);
  }
  for (const auto rows : {connection_commands(), client_commands(), server_commands(),
                          command_commands(), lolwut_commands()}) {
    commands_.add(rows, client_services_);
  }
  commands_.add(pubsub_commands(), pubsub_);
  commands_.add(transaction_commands(), transactions_);
  commands_.add(debug_commands(), debug_control_);
  for (const auto rows : {slowlog_commands(), latency_commands()}) {
    commands_.add(rows, slow_commands_);
  }
  commands_.add(config_commands(), config_control_);
  commands_.add(info_commands(), std::as_const(info_));
  commands_.add(memory_commands(), memory_);
  commands_.add(snapshot_commands(), snapshots_);
  commands_.add(aof_commands(), aof_services_);
  commands_.add(migrate_commands(), migrate_services_);
  commands_.add(shutdown_commands(), std::as_const(shutdown_control_));
}

// The flush that was asked for with a delay, as if a client asked for it now.
bool App::flush_memcached_items() {
  ChunkPool pool;
  OutputBuffer out(pool);
  Session session(clients_.next_id(), out, Dialect::kMemcachedText);
  session.db = static_cast<unsigned>(options_.memcached_database);
  const std::string_view args[] = {"flush_all"};
  const Command* command = memcached_commands_.find(args[0]);
  const bool done =
      dispatcher_.execute(session, {command, args, {}, nullptr}) == Dispatcher::Outcome::kDone &&
      session.reply.last_error().empty();
  out.clear();
  return done;
}

// Names are looked up as they were given, so a command can take the name that another one has left.
Result<> App::rename_commands() {
  for (std::size_t i = 0; i < options_.rename_command.size(); ++i) {
    const Words& words = options_.rename_command[i];
    const auto fault = [&](std::string_view why) {
      return config_.fault_of("rename-command", i, why);
    };
    if (commands_.find(words[0]) == nullptr) return fault("No such command in rename-command");
    if (!commands_.rename(words[0], words[1])) return fault("Target command name already exists");
  }
  return {};
}

void App::watch_clients() {
  dispatcher_.set_watcher(&audience_);
  tracking_.on_waiting = [this] { loop_.end_batch_soon(); };
  monitors_.after_line = [this](Session& session) { enforce_output_limit(resp_, session); };
  resp_.on_gone = [this](Session& session) {
    monitors_.remove(session);
    blocked_.forget(session);
    pubsub_.forget(session);
    tracking_.disable(session);
    aof_driver_.forget(session);
    client_eviction_.forget(session);
  };
  resp_.on_memory_changed = [this](Session& session) { client_eviction_.touch(session); };
  resp_.log_closing = [](const Session& session, std::string_view reason) {
    log::warn("Closing client id={} addr={}: {}", session.id, session.transport->peer_address(),
              reason);
  };
}

// What the commands of a batch have left to be done once for all of them.
void App::end_batch() {
  aof_driver_.end_batch();
  tracking_.broadcast();
  push_outlet_.settle([this](Session& session) { enforce_output_limit(resp_, session); });
  expiry_.plan();
}

// What one slice has left to be done waits until others had their turn.
void App::settle_client_memory() {
  if (!client_eviction_.settle()) return;
  loop_.post([this] { loop_.end_batch_soon(); });
}

void App::add_jobs() {
  using namespace std::chrono_literals;
  cron_.add("refresh the cached time", 0ms, [this] { clock_.refresh(); });
  cron_.add("close idle connections of MIGRATE", 1s,
            [this] { migration_peers_.close_idle(clock_.monotonic_us()); });
  cron_.add("drop idle clients", 1s, [this] { drop_idle_clients(resp_); });
  cron_.add("drop clients that are slow for too long", 1s,
            [this] { enforce_output_limits(resp_); });
  cron_.add("look after snapshots", 0ms, [this] {
    if (!loading_.state().active) snapshots_.tick();
  });
  cron_.add("look after the append-only file", 0ms, [this] {
    aof_driver_.tick();
    durable_waiters_.serve(options_.appendonly);
  });
  cron_.add("back up", 0ms, [this] {
    backups_.tick();
    backup_copy_.tick();
  });
  cron_.add("measure rates and memory", 100ms, [this] { sample_metrics(); });
  cron_.add("notice memory taken outside commands", 100ms, [this] { eviction_.plan(); });
  cron_.add("notice what clients take otherwise", 100ms, [this] {
    if (!client_eviction_.watches()) return;
    client_eviction_.look_around();
    loop_.end_batch_soon();
  });
  cron_.add("notice memory that is sparse", 100ms, [this] { defrag_.plan(); });
  cron_.add("notice values to compress", 100ms, [this] { compression_.plan(); });
  cron_.add("notice deadlines set outside batches", 0ms, [this] { expiry_.plan(); });
}

void App::sample_metrics() {
  const std::int64_t now_us = clock_.monotonic_us();
  rates_.commands.sample(now_us, dispatcher_.commands_processed());
  rates_.bytes_received.sample(now_us, loop_.stats().bytes_received);
  rates_.bytes_sent.sample(now_us, loop_.stats().bytes_sent);
  rates_.loop_iterations.sample(now_us, loop_.stats().iterations);
  rates_.loop_busy_cycles.sample(now_us, loop_.stats().busy_cycles());
  memory_.sample();
}

void App::reset_stats() {
  dispatcher_.reset_stats();
  commands_.reset_stats();
  memcached_commands_.reset_stats();
  memcached_stats_ = {};
  databases_.stats().hits = databases_.stats().misses = databases_.stats().expired =
      databases_.stats().expired_fields = databases_.stats().evicted = 0;
  loop_.stats() = {};
  resp_.input_limit_disconnections = resp_.output_limit_disconnections = resp_.evicted_clients = 0;
  expiry_.reset_stats();
  eviction_.reset_stats();
  defrag_.reset_stats();
  rates_.reset();
}

Result<> App::listen() {
  if (const auto renamed = rename_commands(); !renamed) return renamed;
  if (options_.memcached_database >= options_.databases) {
    return Error{"There is no such database: memcached-database " +
                 std::to_string(options_.memcached_database)};
  }
  heed_signals();  // Who has reached a port may end the server.
  if (const auto opened = listeners_.open(resp_addresses(options_)); !opened) return opened;
  if (const auto opened = memcached_listeners_.open(memcached_addresses(options_)); !opened) {
    return opened;
  }
  if (!listeners_.any() && !memcached_listeners_.any()) {
    return Error{"Configured to not listen anywhere, exiting."};
  }
  write_pid_file();
  title_.show(options_, config_.config_file());
  return {};
}

// What those who write files tell each other, and of them.
void App::watch_files() {
  snapshots_.before_writing = [this] { return take_directory(); };
  aof_.before_writing = snapshots_.before_writing;
  snapshots_.on_child_start = [this](const std::string& doing) {
    become_child(doing, options_.bgsave_cpulist);
  };
  snapshots_.other_child = [this] { return aof_.rewriting() || backup_copy_.has_child(); };
  databases_.on_all_deleted = [this] {
    if (!aof_driver_.replaying()) snapshots_.all_deleted();
  };
  // Under a name of its own, however fast one follows the other.
  snapshots_.on_saved = [this, last_ms = std::int64_t{0}](const std::string& path) mutable {
    last_ms = std::max(last_ms + 1, clock_.now_ms());
    back_up(path, fmt::format("dump-{}.rdb", last_ms));
  };
  aof_.on_child_start = [this](const std::string& doing) {
    become_child(doing, options_.aof_rewrite_cpulist);
  };
  aof_.other_child = [this] { return snapshots_.in_progress() || backup_copy_.has_child(); };
  backup_copy_.on_child_start = snapshots_.on_child_start;
  backup_copy_.other_child = [this] { return snapshots_.in_progress() || aof_.rewriting(); };
  aof_.on_finished_file = [this](const std::string& path, const std::string& name) {
    back_up(path, name);
  };
  aof_.files_in_use = [this] { return backup_copy_.in_progress() || backup_queue_.adding(); };
}

void App::back_up(const std::string& path, const std::string& name) {
  if (backups_.enabled()) backup_queue_.add(path, name);
}

void App::look_at_log() {
  aof_driver_.look();
  durable_waiters_.serve(options_.appendonly);
}

// What a forked process has to do about itself.
void App::become_child(const std::string& doing, std::string_view processors) {
  title_.show_child(doing, options_, config_.config_file());
  static_cast<void>(apply_oom_score_of_child(options_));
  static_cast<void>(bind_to_processors(processors));
  give_way_to_commands();
}

void App::write_pid_file() {
  if (options_.pidfile.empty()) return;
  if (const auto written = pid_file_.write(options_.pidfile); !written) {
    log::warn("{}", written.error().message);
  }
}

Connection* App::accept(int fd, Connection::Addresses addresses, const Refusals& refusals) {
  if (loop_.connections() >= options_.maxclients) {
    refuse(fd, refusals.too_many_clients);
    return nullptr;
  }
  if (options_.protected_mode && options_.requirepass.empty() && !addresses.unix_socket &&
      !is_loopback(addresses.peer)) {
    refuse(fd, std::string(refusals.error_mark).append(kProtectedMode));
    return nullptr;
  }
  ++loop_.stats().connections_accepted;
  if (!addresses.unix_socket) configure_tcp(fd, options_.tcp_keepalive_s);
  return new Connection(loop_, fd, std::move(addresses));
}

void App::refuse(int fd, std::string_view reason) {
  ++loop_.stats().connections_rejected;
  [[maybe_unused]] const ssize_t sent =
      ::send(fd, reason.data(), reason.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  ::close(fd);
}

void App::heed_signals() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGHUP, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a file at its limit (ulimit -f) is a write that fails
  signals_.heed();
}

void App::on_signal(int signal) {
  const bool interrupt = signal == SIGINT;
  log::warn("Received SIG{} scheduling shutdown...", ::sigabbrev_np(signal));
  const unsigned bits = interrupt ? options_.shutdown_on_sigint : options_.shutdown_on_sigterm;
  if (shut_down(request_of(bits))) return;
  log::warn("Errors trying to shut down the server, check the logs for more information");
}

Result<> App::shut_down(const ShutdownRequest& request) {
  log::warn("User requested shutdown...");
  signals_.set_ending(true);
  if (const auto finished = finish_files(request); !finished) {
    signals_.set_ending(false);
    return finished;
  }
  stop();
  return {};
}

Result<> App::finish_files(const ShutdownRequest& request) {
  if (const auto saved = snapshot_driver_.save_at_shutdown(request); !saved) return saved;
  if (const auto closed = aof_driver_.close(); !closed) {
    log::warn("The append-only file could not be finished: {}", closed.error().message);
    if (!request.force) return closed;
  }
  return {};
}

Result<> App::restart(const DebugControl::Restart& how) {
  // As after an upgrade. Files that are finished by then would not be written on.
  if (::access(run_.executable.c_str(), X_OK) != 0) {
    return Error{fmt::format("Cannot run {}: {}", run_.executable, std::strerror(errno))};
  }
  if (how.graceful) {
    if (!config_.config_file().empty()) {
      if (const auto rewritten = config_.rewrite(); !rewritten) return rewritten;
    }
    if (const auto finished = finish_files({}); !finished) return finished;
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(how.delay_ms));
  return invocation_.repeat(run_.executable);
}

void App::stop() {
  service_manager_.stopping();
  loop_.flush_all();
  loop_.stop();
}

Result<> App::load(DataFiles files) {
  // Not before jemalloc's helpers have started, which run where the thread does that starts them.
  if (const auto bound = bind_to_processors(options_.server_cpulist); !bound) {
    log::warn("{}", bound.error().message);
  }
  report_ineffective_options();
  memory_.mark_startup();
  cron_.start(options_.hz);
  if (files == DataFiles::kNone) return {};
  if (keeps_files(options_)) {
    if (const auto taken = take_directory(); !taken) return taken;
  }
  if (!options_.appendonly) return snapshot_driver_.load_at_start();
  // Without a log so far, what a snapshot holds is its beginning.
  const auto found = aof_driver_.find();
  if (!found) return found.error();
  const auto loaded = *found ? aof_driver_.load_at_start() : snapshot_driver_.load_at_start();
  if (loop_.stopped()) return {};
  if (!loaded) return loaded;
  return aof_driver_.open();
}

// Who writes there has the directory alone. Servers that write nothing share one, and dispute it
// when they are asked to.
Result<> App::take_directory() {
  if (directory_lock_ != nullptr) return {};
  std::error_code fault;
  auto lock = DirectoryLock::acquire(std::filesystem::current_path(fault).string());
  if (!lock) return lock.error();
  directory_lock_ = std::move(*lock);
  return backup_queue_.open();
}

void App::run() {
  if (!loop_.stopped()) {
    service_manager_.ready();
    log::info("Ready to accept connections");
    loop_.run();
  }
  log::warn("Tarn is now ready to exit, bye bye...");
}

}  // namespace tarn
