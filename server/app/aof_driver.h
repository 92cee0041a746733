#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "persistence/aof/append_only_file.h"
#include "persistence/backup/backup_runner.h"
#include "server/app/dataset_loading.h"
#include "server/app/held_sessions.h"
#include "server/config/config.h"
#include "server/engine/blocked_clients.h"
#include "server/engine/dispatcher.h"
#include "server/engine/propagation.h"
#include "server/net/net_loop.h"

namespace tarn {

// What the append-only file has to do with the rest of the server.
//
//  1. Effects of commands become RESP in the log's batch (EffectSink).
//  2. When a batch of commands ends, so does the log's: end_batch(), before replies are sent. With
//     `appendfsync always` the clients whose commands had effects are held (Transport::hold_output)
//     until the log says that their batch is safe; nobody else waits.
//  3. Where the log cannot be written, those clients get an error in place of their replies, and
//     are disconnected, for nobody knows whether their writes will last. Further writes are refused
//     until the log works again.
//  4. Loading: base and segments, through the dispatcher, with a session of its own.
//  5. A log that has ended although nobody switched it off begins anew, as if it were switched on:
//     one whose last sync failed, in a SHUTDOWN that was then called off. Writes are refused until
//     its base is there.
class AofDriver final : public EffectSink {
 public:
  AofDriver(Config& config, Dispatcher& dispatcher, Propagation& propagation, AppendOnlyFile& aof,
            DatasetLoading& loading, NetLoop& loop);

  bool enabled() const { return options_.appendonly; }
  // Whether there is a log to be loaded.
  Result<bool> find() { return aof_.find(); }
  Result<> load_at_start();
  // Within a command: loads the log in place of what the databases hold. Where it cannot be read
  // although it was just made safe, the process ends: what was loaded is not what was acknowledged,
  // and must neither be served nor logged as if it were.
  Result<> reload();
  // What clients did in the past is being done again.
  bool replaying() const { return replaying_; }
  // Begins to log.
  Result<> open();
  // Ends logging, when all is safe, the base too. Where that fails, logging begins anew after a
  // while.
  Result<> close();

  // At the end of a batch of commands, and from time to time.
  void end_batch();
  void tick();
  // The log's helper has done something.
  void look();
  // A client is gone.
  void forget(const Session& session);

  void on_effect(unsigned db, std::span<const std::string_view> args) override;
  void begin_unit() override;
  void end_unit() override;

 private:
  void follow_options(const Options& options);
  Result<> switch_logging(bool on);
  Result<> end_log();
  Result<> begin_anew();
  void mend();
  Result<> load(bool at_start);
  void hold_writers(std::uint64_t sequence);
  void release();
  void release_all(const Result<>& closed);
  static void refuse(Session& session, const std::string& why);
  void update_gate();

  Config& config_;
  const Options& options_;
  Dispatcher& dispatcher_;
  Propagation& propagation_;
  AppendOnlyFile& aof_;
  DatasetLoading& loading_;
  NetLoop& loop_;
  std::int64_t selected_db_ = -1;  // in the segment that is written
  bool replaying_ = false;         // what comes is from the log
  bool refusing_ = false;          // writes, as the log cannot be written
  std::string scratch_;
  HeldSessions held_;
  std::optional<std::string> ended_by_;  // why there is no log that could be loaded
  std::int64_t next_try_ms_ = 0;         // to begin it anew
};

}  // namespace tarn
