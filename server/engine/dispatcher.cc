#include "server/engine/dispatcher.h"

#include <algorithm>
#include <limits>
#include <string>

#include "core/base/ascii.h"
#include "core/base/cycle_clock.h"
#include "server/engine/echo.h"

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

bool Dispatcher::is_redacted(std::size_t position) const {
  return std::find(redacted_.begin(), redacted_.end(), position) != redacted_.end();
}

void Dispatcher::reset_stats() {
  for (const auto& command : table_.commands()) {
    command->stats.reset();
    for (const auto& subcommand : command->subcommands) subcommand->stats.reset();
  }
  errors_.reset();
  commands_processed_ = 0;
}

void Dispatcher::reject(Session& session, const Command* command, std::string_view error) {
  session.reply.error(error);
  errors_.count(error);
  session.reply.take_failed();
  if (command != nullptr) ++command->stats.rejected;
}

// The command, or the subcommand, that the arguments name and fit; null if an error was replied.
const Command* Dispatcher::resolve(Session& session, const Request& request) {
  const Command* command = request.command;
  if (command == nullptr) {
    reject(session, nullptr, unknown_command(request.args));
    return nullptr;
  }
  if (!command->subcommands.empty() && request.args.size() >= 2) {
    const Command* subcommand = CommandTable::find_subcommand(*command, request.args[1]);
    if (subcommand == nullptr) {
      reject(session, nullptr, unknown_subcommand(command->row->name, request.args[1]));
      return nullptr;
    }
    command = subcommand;
  }
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
  switch (ask_gates(call, raised)) {
    case Admission::kAdmit:
      (raised & kNoTouchGate) != 0 ? run_without_touching(call) : run(call);
      break;
    case Admission::kRefuse:
      errors_.count(call.reply.last_error());
      call.reply.take_failed();
      ++call.command.stats.rejected;
      break;
    case Admission::kHold: call.session.paused = true; return Outcome::kHeld;
  }
  return Outcome::kDone;
}

// For CLIENT NO-TOUCH: reads leave no trace, except those of TOUCH, whose purpose is the trace.
void Dispatcher::run_without_touching(Call& call) {
  if (call.command.row->name == "touch") return run(call);
  bool& freeze = databases_.context().freeze_access;
  const bool frozen = std::exchange(freeze, true);
  run(call);
  freeze = frozen;
}

Dispatcher::Outcome Dispatcher::execute(Session& session, const Request& request) {
  const OutputBuffer::Mark before = session.reply.out().mark();
  const Command* command = resolve(session, request);
  if (command != nullptr) {
    Call call(*command, request.args, session, databases_, notifications_);
    call.set_prefetched(request.prefetched);
    call.set_blobs(request.blobs);
    const std::uint32_t raised =
        raised_ | session.gates | ((command->flags & kProtected) != 0 ? kProtectedGate : 0u);
    if (raised == 0) [[likely]] {
      run(call);
    } else if (run_past_gates(call, raised) == Outcome::kHeld) {
      return Outcome::kHeld;
    }
  }
  ++session.commands;
  if (session.reply_mode != Session::ReplyMode::kOn) [[unlikely]] {
    // The reply to CLIENT REPLY SKIP itself, and that to the command after it, are left out.
    session.reply.out().truncate(before);
    if (session.reply_mode == Session::ReplyMode::kSkipNext) {
      session.reply_mode = Session::ReplyMode::kSkipThis;
    } else if (session.reply_mode == Session::ReplyMode::kSkipThis) {
      session.reply_mode = Session::ReplyMode::kOn;
    }
  }
  return Outcome::kDone;
}

void Dispatcher::run(Call& call) {
  const Call* const outer = std::exchange(running_, &call);
  call.session.last_command = &call.command;
  const std::uint64_t start = CycleClock::now();
  if (start - last_refresh_ > refresh_cycles_) {
    clock_.refresh();
    last_refresh_ = start;
  }
  call.command.row->handler(call);
  last_end_ = CycleClock::now();
  account(call, last_end_ - start);
  running_ = outer;
  if (!redacted_.empty()) redacted_.clear();
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
  if (call.reply.take_failed()) [[unlikely]] {
    ++stats.failed;
    errors_.count(call.reply.last_error());
  }
  if (cycles >= slow_cycles_ && watcher_ != nullptr) [[unlikely]] {
    watcher_->on_slow_command(call, static_cast<std::int64_t>(CycleClock::to_ns(cycles) / 1000));
  }
  if (watch_all_ && watcher_ != nullptr) [[unlikely]]
    watcher_->on_command(call);
}

}  // namespace tarn
