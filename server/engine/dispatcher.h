#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "server/engine/call.h"
#include "server/engine/command_table.h"
#include "server/engine/error_stats.h"
#include "server/engine/gates.h"
#include "server/engine/owned_request.h"

namespace tarn {

// Hears of commands after they ran.
class CommandWatcher {
 public:
  virtual ~CommandWatcher() = default;

  // One that took at least the dispatcher's slow threshold.
  virtual void on_slow_command(const Call& call, std::int64_t duration_us) = 0;
  // Every one, while watch_all is set.
  virtual void on_command(const Call& call) = 0;
  // One that reads, of a session with kTrackingGate.
  virtual void on_tracked_read(const Call& /*call*/) {}
  // A request of such a session is done, whatever came of it. `command` is null if there was none.
  virtual void on_tracked_request(Session& /*session*/, const Command* /*command*/) {}
};

// CLIENT PAUSE: until when which commands wait.
struct Pause {
  std::int64_t until_ms = 0;  // Unix time
  bool writes_only = false;
};

// Runs commands: finds the row, asks the gates, calls the handler, and accounts for it.
class Dispatcher {
 public:
  struct Request {
    const Command* command = nullptr;  // as CommandTable::find had it; null for an unknown name
    std::span<const std::string_view> args;
    std::span<const BlobRef> blobs;
    const Key* prefetched = nullptr;
  };
  enum class Outcome : std::uint8_t { kDone, kHeld };

  Dispatcher(const CommandTable& table, Databases& databases, Clock& clock);

  // Runs one command; exactly one reply was written, unless its client wants none, when kDone is
  // returned. kHeld: nothing happened, and the session waits to be resumed.
  Outcome execute(Session& session, const Request& request);

  // Runs a command of a transaction within its EXEC; it has passed the gates.
  void run_queued(Session& session, const OwnedRequest& request);
  // Runs a command once more whose client has waited for a key: the argument at `woken_by`. Counts
  // as a part of the first time. Leaves out the reply where `silent`.
  void run_again(Session& session, const OwnedRequest& request, std::size_t woken_by, bool silent);

  void set_key_waiters(KeyWaiters* waiters) { key_waiters_ = waiters; }
  // Shows it every command that has run; null for nobody. Not while a command runs.
  void set_propagation(Propagation* propagation);
  // Has the waiters served when the running command, or its transaction, is done.
  void keys_are_ready() { afterwards_ |= kServeWaiters; }

  const CommandTable& table() const { return table_; }
  Databases& databases() { return databases_; }
  Clock& clock() { return clock_; }
  ErrorStats& errors() { return errors_; }
  Notifications& notifications() { return notifications_; }

  // Gates that are in force for everybody.
  void raise(std::uint32_t gate_bits) { raised_ |= gate_bits; }
  void lower(std::uint32_t gate_bits) { raised_ &= ~gate_bits; }
  // Lowers all, and returns what was raised; for a log that is run while clients are held off.
  std::uint32_t lower_all() { return std::exchange(raised_, 0); }

  // Has writes refused with this error while `source` (a name that tells reasons apart) cannot make
  // them last; the source that came first is the one told of. Again with another text: replaces it.
  void refuse_writes(std::string_view source, std::string_view error);
  void allow_writes(std::string_view source);
  // The error of the reason in force. REQUIRES: kDurabilityGate is raised.
  std::string_view writes_refused() const { return write_refusals_.front().error; }

  // What to tell clients while kLoadingGate is raised; set by the owner.
  std::function<std::string()> loading_error;

  // Whether memory is within its limit, or on its way there, after an attempt to make it so; set by
  // the owner, and asked while kMemoryGate is raised.
  std::function<bool()> make_room;

  Pause& pause() { return pause_; }
  // Whether a protected command may run for this session; set by the owner.
  std::function<bool(const Command&, const Session&)> protected_allowed;

  void set_watcher(CommandWatcher* watcher) { watcher_ = watcher; }
  void set_watch_all(bool watch_all) { watch_all_ = watch_all; }
  // Commands this long or longer are reported; negative for none.
  void set_slow_threshold_us(std::int64_t threshold_us);
  void set_latency_tracking(bool tracking) { latency_tracking_ = tracking; }

  // The command that runs now, for a crash report and for handlers that keep arguments secret.
  const Call* running() const { return running_; }
  // Keeps the argument of the running command out of logs and feeds.
  void redact(std::size_t position) {
    redacted_.push_back(position);
    afterwards_ |= kForgetRedacted;
  }
  bool is_redacted(std::size_t position) const;

  // When the last command ended, by CycleClock.
  std::uint64_t last_end_cycles() const { return last_end_; }

  std::uint64_t commands_processed() const { return commands_processed_; }
  // Spent on commands, and on what they ran.
  std::uint64_t command_cycles() const { return command_cycles_; }
  // But for those of the commands themselves.
  void reset_stats();

 private:
  // What is to be done after the running command.
  enum Afterwards : std::uint8_t {
    kForgetRedacted = 1u << 0,
    kServeWaiters = 1u << 1,
    kPropagate = 1u << 2,  // after every command, while there is somebody to tell
  };

  Outcome execute_openly(Session& session, const Request& request);
  Outcome execute_aside(Session& session, const Request& request, bool silent);
  const Command* resolve(Session& session, const Request& request);
  Admission ask_gates(Call& call, std::uint32_t raised);
  Outcome run_past_gates(Call& call, std::uint32_t raised);
  void run_as_asked(Call& call);
  void run(Call& call);
  void do_afterwards(Call& call);
  void account(Call& call, std::uint64_t cycles);
  void account_failure(const Call& call);
  void account_rejected(Session& session, const Command* command);
  void report_slow(const Call& call, std::uint64_t cycles);
  void reject(Session& session, const Command* command, std::string_view error);

  struct WriteRefusal {
    std::string source;
    std::string error;
  };

  const CommandTable& table_;
  Databases& databases_;
  Clock& clock_;
  ErrorStats errors_;
  Notifications notifications_;
  std::uint32_t raised_ = 0;
  std::vector<WriteRefusal> write_refusals_;
  Pause pause_;
  CommandWatcher* watcher_ = nullptr;
  KeyWaiters* key_waiters_ = nullptr;
  Propagation* propagation_ = nullptr;
  bool watch_all_ = false;
  bool latency_tracking_ = true;
  std::uint64_t slow_cycles_;
  std::uint64_t refresh_cycles_;  // after so long a command the cached time is renewed
  std::uint64_t last_refresh_ = 0;
  std::uint64_t last_end_ = 0;
  const Call* running_ = nullptr;
  std::uint8_t afterwards_ = 0;  // Afterwards
  std::vector<std::size_t> redacted_;
  std::uint64_t commands_processed_ = 0;
  std::uint64_t command_cycles_ = 0;
};

}  // namespace tarn
