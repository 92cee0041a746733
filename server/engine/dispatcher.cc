#include "server/engine/dispatcher.h"

#include <algorithm>
#include <limits>
#include <string>

#include "core/base/ascii.h"
#include "core/base/cycle_clock.h"
#include "server/engine/echo.h"
#include "server/engine/key_waiters.h"
#include "server/engine/push_hold.h"

namespace tarn {
namespace {

constexpr std::uint64_t kRefreshUs = 200;

std::string unknown_command(std::span<const std::string_view> args) {
  std::string echoed;
  for (std::size_t i = 1; i < args.size() && echoed.size() < kMaxEchoedBytes; ++i) {
    const std::string_view shown = echo(args[i], kMaxEchoedBytes - echoed.size());
    echoed.append("'").append(shown).append("' ");
  }
  return "ERR unknown command '" + std::string(echo(args[0], kMaxEchoedBytes)) +
         "', with args beginning with: " + echoed;
}

std::string unknown_subcommand(std::string_view container, std::string_view name) {
  return "ERR unknown subcommand '" + std::string(echo(name, kMaxEchoedBytes)) + "'. Try " +
         upper_case(container) + " HELP.";
}

bool is_exec(const Command* command) { return command != nullptr && command->row->name == "exec"; }

}  // namespace

Dispatcher::Dispatcher(const CommandTable& table, Databases& databases, Clock& clock)
    : table_(table),
      databases_(databases),
      clock_(clock),
      slow_cycles_(std::numeric_limits<std::uint64_t>::max()),
      refresh_cycles_(CycleClock::from_us(kRefreshUs)) {}

void Dispatcher::set_slow_threshold_us(std::int64_t threshold_us) {
  slow_cycles_ = threshold_us < 0 ? std::numeric_limits<std::uint64_t>::max()
                                  : CycleClock::from_us(static_cast<std::uint64_t>(threshold_us));
}

void Dispatcher::set_propagation(Propagation* propagation) {
  propagation_ = propagation;
  if (propagation != nullptr) {
    afterwards_ |= kPropagate;
  } else {
    afterwards_ &= ~kPropagate;
  }
}

bool Dispatcher::is_redacted(std::size_t position) const {
  return std::find(redacted_.begin(), redacted_.end(), position) != redacted_.end();
}

void Dispatcher::refuse_writes(std::string_view source, std::string_view error) {
  const auto known = std::find_if(write_refusals_.begin(), write_refusals_.end(),
                                  [&](const auto& refusal) { return refusal.source == source; });
  if (known != write_refusals_.end()) {
    known->error = error;
  } else {
    write_refusals_.push_back({std::string(source), std::string(error)});
  }
  raise(kDurabilityGate);
}

void Dispatcher::allow_writes(std::string_view source) {
  std::erase_if(write_refusals_, [&](const auto& refusal) { return refusal.source == source; });
  if (write_refusals_.empty()) lower(kDurabilityGate);
}

void Dispatcher::reset_stats() {
  errors_.reset();
  commands_processed_ = 0;
  command_cycles_ = 0;
}

// Replies the error. A transaction does not survive that: its EXEC will fail, or fails now.
void Dispatcher::reject(Session& session, const Command* command, std::string_view error) {
  if (is_exec(command)) {
    if (error.starts_with("ERR ")) error.remove_prefix(4);
    session.reply.error("EXECABORT Transaction discarded because of: " + std::string(error));
    discard_transaction(session);
  } else {
    session.reply.error(error);
  }
  account_rejected(session, command);
}

// For a command that got an error in place of being run.
void Dispatcher::account_rejected(Session& session, const Command* command) {
  errors_.count(session.reply.last_error());
  session.reply.take_failed();
  if (command != nullptr) ++command->stats.rejected;
  if (in_transaction(session)) session.transaction->abort();
}

// The command, or the subcommand, that the arguments name and fit; null if an error was replied.
const Command* Dispatcher::resolve(Session& session, const Request& request) {
  const Command* command = request.command;
  session.last_command = nullptr;
  if (command == nullptr) {
    reject(session, nullptr, unknown_command(request.args));
    return nullptr;
  }
  if (!command->subcommands.empty() && request.args.size() >= 2) {
    const Command* subcommand = CommandTable::find_subcommand(*command, request.args[1]);
    if (subcommand == nullptr) {
      reject(session, nullptr, unknown_subcommand(request.args[0], request.args[1]));
      return nullptr;
    }
    command = subcommand;
  }
  session.last_command = command;
  if (!command->arity_fits(request.args.size())) {
    reject(session, command,
           "ERR wrong number of arguments for '" + command->full_name + "' command");
    return nullptr;
  }
  return command;
}

Admission Dispatcher::ask_gates(Call& call, std::uint32_t raised) {
  for (const Gate& gate : gates()) {
    if ((raised & gate.bit) == 0) continue;
    const Admission admission = gate.ask(*this, call);
    if (admission != Admission::kAdmit) return admission;
  }
  return Admission::kAdmit;
}

Dispatcher::Outcome Dispatcher::run_past_gates(Call& call, std::uint32_t raised) {
  const OutputBuffer::Mark before = call.reply.out().mark();
  switch (ask_gates(call, raised)) {
    case Admission::kAdmit: run_as_asked(call); break;
    case Admission::kQueue: break;
    case Admission::kRefuse:
      if (is_exec(&call.command)) {
        call.reply.out().truncate(before);
        reject(call.session, &call.command, std::string(call.reply.last_error()));
      } else {
        account_rejected(call.session, &call.command);
      }
      break;
    case Admission::kHold: call.session.paused = true; return Outcome::kHeld;
  }
  return Outcome::kDone;
}

// With CLIENT NO-TOUCH reads leave no trace, except those of TOUCH, whose purpose is the trace.
void Dispatcher::run_as_asked(Call& call) {
  const bool touches = call.command.row->name == "touch" || is_exec(&call.command);
  if ((call.session.gates & kNoTouchGate) == 0 || touches) return run(call);
  bool& freeze = databases_.context().freeze_access;
  const bool frozen = std::exchange(freeze, true);
  run(call);
  freeze = frozen;
}

Dispatcher::Outcome Dispatcher::execute(Session& session, const Request& request) {
  const bool silent = session.reply_mode != Session::ReplyMode::kOn;
  if (silent || (session.gates & kPushGate) != 0) [[unlikely]] {
    return execute_aside(session, request, silent);
  }
  const Outcome outcome = execute_openly(session, request);
  if (session.reply_mode == Session::ReplyMode::kSkipNext) [[unlikely]] {
    session.reply_mode = Session::ReplyMode::kSkipThis;
  }
  return outcome;
}

Dispatcher::Outcome Dispatcher::execute_openly(Session& session, const Request& request) {
  const Command* command = resolve(session, request);
  if (command != nullptr) {
    Call call(*command, request.args, session, databases_, notifications_);
    call.set_prefetched(request.prefetched);
    call.set_blobs(request.blobs);
    call.set_waiters(key_waiters_);
    call.set_propagation(propagation_);
    const std::uint32_t raised =
        raised_ | session.gates | ((command->flags & kProtected) != 0 ? kProtectedGate : 0u);
    if (raised == 0) [[likely]] {
      run(call);
    } else if (run_past_gates(call, raised) == Outcome::kHeld) {
      return Outcome::kHeld;
    }
  }
  ++session.commands;
  return Outcome::kDone;
}

// For a client whose reply must be told from what else is written to it meanwhile: because the
// reply is left out, where `silent`, or because pushes come behind it.
Dispatcher::Outcome Dispatcher::execute_aside(Session& session, const Request& request,
                                              bool silent) {
  using Mode = Session::ReplyMode;
  const PushHold hold(session);
  const OutputBuffer::Mark before = session.reply.out().mark();
  if (execute_openly(session, request) == Outcome::kHeld) return Outcome::kHeld;
  if (silent && session.reply_mode != Mode::kOn) session.reply.out().truncate(before);
  if (session.reply_mode == Mode::kSkipNext) {
    session.reply_mode = Mode::kSkipThis;
  } else if (session.reply_mode == Mode::kSkipThis) {
    session.reply_mode = Mode::kOn;
  }
  if ((session.gates & kTrackingGate) != 0 && watcher_ != nullptr) {
    watcher_->on_tracked_request(session, session.last_command);
  }
  return Outcome::kDone;
}

void Dispatcher::run_queued(Session& session, const OwnedRequest& request) {
  const OutputBuffer::Mark before = session.reply.out().mark();
  Call call(*request.command(), request.args(), session, databases_, notifications_);
  call.set_blobs(request.blobs());
  call.set_propagation(propagation_);
  run_as_asked(call);
  if (session.reply_mode == Session::ReplyMode::kOff) session.reply.out().truncate(before);
}

void Dispatcher::run_again(Session& session, const OwnedRequest& request, std::size_t woken_by,
                           bool silent) {
  const PushHold hold(session);
  const OutputBuffer::Mark before = session.reply.out().mark();
  Call call(*request.command(), request.args(), session, databases_, notifications_);
  call.set_blobs(request.blobs());
  call.set_waiters(key_waiters_);
  call.set_propagation(propagation_);
  call.set_woken_by(woken_by);
  const Call* const outer = std::exchange(running_, &call);
  const std::uint64_t start = CycleClock::now();
  call.command.row->handler(call);
  last_end_ = CycleClock::now();
  running_ = outer;
  if (propagation_ != nullptr) propagation_->command_done(call, outer == nullptr);
  if (silent) session.reply.out().truncate(before);
  const std::uint64_t cycles = last_end_ - start;
  call.command.stats.cycles += cycles;
  if (outer == nullptr) command_cycles_ += cycles;
  if (call.reply.take_failed()) account_failure(call);
  if (cycles >= slow_cycles_) report_slow(call, cycles);
}

void Dispatcher::run(Call& call) {
  const Call* const outer = std::exchange(running_, &call);
  const std::uint64_t start = CycleClock::now();
  // All commands of a transaction see the same moment.
  if (start - last_refresh_ > refresh_cycles_ && outer == nullptr) {
    clock_.refresh();
    last_refresh_ = start;
  }
  call.handler()(call);
  last_end_ = CycleClock::now();
  account(call, last_end_ - start);
  if (outer == nullptr) command_cycles_ += last_end_ - start;
  running_ = outer;
  if (afterwards_ != 0) [[unlikely]]
    do_afterwards(call);
}

void Dispatcher::do_afterwards(Call& call) {
  if ((afterwards_ & kForgetRedacted) != 0) {
    redacted_.clear();
    afterwards_ &= ~kForgetRedacted;
  }
  const bool outermost = running_ == nullptr;
  if (propagation_ != nullptr) propagation_->command_done(call, outermost);
  if (!outermost || (afterwards_ & kServeWaiters) == 0) return;
  key_waiters_->serve();
  afterwards_ &= ~kServeWaiters;
}

void Dispatcher::account(Call& call, std::uint64_t cycles) {
  CommandStats& stats = call.command.stats;
  ++commands_processed_;
  ++stats.calls;
  stats.cycles += cycles;
  if (latency_tracking_) {
    if (stats.latency == nullptr) stats.latency = std::make_unique<Histogram>();
    stats.latency->record(cycles);
  }
  if (call.reply.take_failed()) [[unlikely]]
    account_failure(call);
  if (cycles >= slow_cycles_) [[unlikely]]
    report_slow(call, cycles);
  if (watch_all_ && watcher_ != nullptr) [[unlikely]]
    watcher_->on_command(call);
  if ((call.session.gates & kTrackingGate) != 0 && (call.command.flags & kReadonly) != 0 &&
      watcher_ != nullptr) [[unlikely]]
    watcher_->on_tracked_read(call);
}

void Dispatcher::account_failure(const Call& call) {
  ++call.command.stats.failed;
  errors_.count(call.reply.last_error());
}

void Dispatcher::report_slow(const Call& call, std::uint64_t cycles) {
  if (watcher_ == nullptr) return;
  watcher_->on_slow_command(call, static_cast<std::int64_t>(CycleClock::to_ns(cycles) / 1000));
}

}  // namespace tarn
