#pragma once

#include <string_view>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/keyspace/databases.h"
#include "persistence/io/directory_lock.h"
#include "persistence/snapshot/snapshots.h"
#include "server/app/aof_driver.h"
#include "server/app/command_audience.h"
#include "server/app/compression_driver.h"
#include "server/app/cron.h"
#include "server/app/daemonize.h"
#include "server/app/data_files.h"
#include "server/app/dataset_loading.h"
#include "server/app/defrag_driver.h"
#include "server/app/eviction_driver.h"
#include "server/app/expiry_driver.h"
#include "server/app/invocation.h"
#include "server/app/listeners.h"
#include "server/app/loop_timers.h"
#include "server/app/process_title.h"
#include "server/app/service_manager.h"
#include "server/app/snapshot_driver.h"
#include "server/app/stop_signals.h"
#include "server/commands/aof_services.h"
#include "server/commands/config_control.h"
#include "server/commands/debug_control.h"
#include "server/commands/migrate_services.h"
#include "server/commands/migration_peers.h"
#include "server/commands/shutdown_control.h"
#include "server/config/config.h"
#include "server/engine/authentication.h"
#include "server/engine/client_eviction.h"
#include "server/engine/client_registry.h"
#include "server/engine/client_services.h"
#include "server/engine/command_table.h"
#include "server/engine/dispatcher.h"
#include "server/engine/key_events.h"
#include "server/engine/key_waiters.h"
#include "server/engine/resp_client.h"
#include "server/engine/transactions.h"
#include "server/memcached/memcached_client.h"
#include "server/memcached/memcached_services.h"
#include "server/metrics/info.h"
#include "server/metrics/memory_gauge.h"
#include "server/metrics/memory_meter.h"
#include "server/metrics/rate_meter.h"
#include "server/metrics/run_info.h"
#include "server/net/net_loop.h"
#include "server/net/wakeup.h"
#include "server/pubsub/notifier.h"
#include "server/pubsub/pubsub.h"
#include "server/pubsub/tracking.h"

namespace tarn {

// The server: owns every part, wires them together, and runs the loop. Holds no logic of its own.
class App {
 public:
  // REQUIRES: the configuration is loaded, logging is set up.
  App(Config& config, ProcessTitle& title, const Invocation& invocation);
  ~App();

  // Opens the listening sockets, and writes the pid file.
  Result<> listen();
  // Loads what is on disk. Clients are told to wait meanwhile, and may end the server.
  Result<> load(DataFiles files);
  // Serves until told to stop.
  void run();

 private:
  void register_commands();
  Result<> rename_commands();
  void watch_clients();
  void watch_options();
  void become_child(const std::string& doing, std::string_view processors);
  void watch_files();
  void back_up(const std::string& path, const std::string& name);
  Result<> take_directory();
  void look_at_log();
  Result<> listen_again(Listeners& listeners, const ListenAddresses& addresses,
                        std::string_view failure);
  Result<> change_directory(const std::string& directory);
  void limit_memory(const Options& options);
  void limit_client_memory(const Options& options);
  void settle_client_memory();
  void watch_crashes(const Options& options);
  void report_ineffective_options();
  void end_batch();
  void add_jobs();
  void sample_metrics();
  void reset_stats();
  bool flush_memcached_items();
  struct Refusals;
  // Null where the client was refused, in the words of its protocol.
  Connection* accept(int fd, Connection::Addresses addresses, const Refusals& refusals);
  void refuse(int fd, std::string_view reason);
  void write_pid_file();
  void heed_signals();
  void on_signal(int signal);
  Result<> shut_down(const ShutdownRequest& request);
  Result<> finish_files(const ShutdownRequest& request);
  Result<> restart(const DebugControl::Restart& how);
  void stop();

  // Connections that are left end with the loop: what they use until then comes before it.
  Config& config_;
  const Options& options_;
  ProcessTitle& title_;
  const Invocation& invocation_;
  SystemClock clock_;
  Databases databases_;
  CommandTable commands_;
  Dispatcher dispatcher_;
  KeyEvents key_events_{databases_};
  Transactions transactions_{dispatcher_, key_events_};
  ClientRegistry clients_;
  Logins logins_{options_};
  CommandTable memcached_commands_{"memcached|"};
  RespContext resp_;
  std::optional<MemcachedContext> memcached_;  // once its commands are registered
  ClientEviction client_eviction_{resp_};
  NetLoop loop_;
  LoopTimers timers_{loop_.io()};
  BlockedClients blocked_{timers_};
  KeyWaiters key_waiters_{dispatcher_, key_events_, blocked_};
  DelayedFlush delayed_flush_{timers_, [this] { return flush_memcached_items(); }};
  MemcachedStats memcached_stats_;
  MemcachedServices memcached_services_{config_,
                                        logins_,
                                        clients_,
                                        loop_.stats(),
                                        delayed_flush_,
                                        memcached_stats_,
                                        clock_.monotonic_ms()};
  ClientPause pause_{dispatcher_, clients_, timers_};
  MonitorFeed monitors_{dispatcher_};
  SlowCommands slow_commands_{dispatcher_};
  PushOutlet push_outlet_{options_, clients_};
  PubSub pubsub_{push_outlet_};
  Notifier notifier_{dispatcher_.notifications(), key_events_, pubsub_};
  Tracking tracking_{dispatcher_, clients_, key_events_, push_outlet_};
  CommandAudience audience_{slow_commands_, monitors_, tracking_};
  ClientServices client_services_{options_, logins_,   dispatcher_, clients_, blocked_,
                                  pause_,   monitors_, pubsub_,     tracking_};
  RunInfo run_{clock_};
  Rates rates_;
  MemoryMeter memory_{databases_, clients_};
  MemoryGauge memory_gauge_{databases_, clock_};
  MigrationPeers migration_peers_;
  Info info_;
  DatasetLoading loading_{loop_, dispatcher_, options_};
  std::unique_ptr<DirectoryLock>
      directory_lock_;  // once somebody below writes files, and longer than it
  Wakeup log_progress_{loop_, [this] { look_at_log(); }};
  FileWorker files_{[this] { log_progress_.wake(); }};
  Snapshots snapshots_{databases_, clock_, files_};
  SnapshotDriver snapshot_driver_{config_, dispatcher_, snapshots_, loading_};
  Propagation propagation_{dispatcher_, key_events_};
  AppendOnlyFile aof_{databases_, clock_, files_, [this] { log_progress_.wake(); }};
  AofDriver aof_driver_{config_, dispatcher_, propagation_, aof_, loading_, loop_};
  DurableWaiters durable_waiters_{blocked_, aof_};
  BackupCopy backup_copy_{databases_, clock_, aof_, snapshots_};
  MigrateServices migrate_services_{dispatcher_, migration_peers_};
  AofServices aof_services_{options_, aof_, durable_waiters_, backup_copy_};
  BackupQueue backup_queue_{"backup-queue", files_};
  BackupRunner backups_{backup_queue_, clock_};
  ConfigControl config_control_;
  ShutdownControl shutdown_control_;
  DebugControl debug_control_{
      run_,
      [this](bool pause) { pause ? cron_.stop() : cron_.start(options_.hz); },
      &snapshots_,
      [this](bool replace) { return snapshot_driver_.reload(replace); },
      [this] { return aof_driver_.reload(); },
      [this] { return loading_.state().active; },
      [this] { return config_.rewrite(Config::Extent::kAll); },
      [this](const DebugControl::Restart& how) { return restart(how); }};
  Cron cron_;
  ExpiryDriver expiry_;
  EvictionDriver eviction_{loop_, dispatcher_, memory_gauge_, loading_.state(),
                           slow_commands_.latency()};
  DefragDriver defrag_{loop_.io(), databases_, clock_, loading_.state(), slow_commands_.latency()};
  CompressionDriver compression_{loop_.io(), dispatcher_, memory_gauge_, clock_, loading_.state()};
  StopSignals signals_;
  Listeners listeners_;
  Listeners memcached_listeners_;
  ServiceManager service_manager_;
  PidFile pid_file_;
};

}  // namespace tarn
