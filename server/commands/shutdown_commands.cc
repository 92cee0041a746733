// SHUTDOWN.

#include "server/commands/families.h"
#include "server/commands/shutdown_control.h"
#include "server/engine/args.h"

namespace tarn {
namespace {

struct ShutdownOptions {
  ShutdownRequest request;
  bool abort = false;

  void read(ArgReader& args);

 private:
  void choose(ArgReader& args, ShutdownRequest::Save save);
};

void ShutdownOptions::read(ArgReader& args) {
  const bool only_one = args.remaining() == 1;
  while (args.ok() && !args.at_end()) {
    if (args.accept("nosave")) {
      choose(args, ShutdownRequest::Save::kNever);
    } else if (args.accept("save")) {
      choose(args, ShutdownRequest::Save::kAlways);
    } else if (args.accept("now")) {
      request.now = true;
    } else if (args.accept("force")) {
      request.force = true;
    } else if (only_one && args.accept("abort")) {
      abort = true;
    } else {
      args.fail_syntax();
    }
  }
}

void ShutdownOptions::choose(ArgReader& args, ShutdownRequest::Save save) {
  const bool free = request.save == ShutdownRequest::Save::kIfConfigured || request.save == save;
  if (!free) return args.fail_syntax();
  request.save = save;
}

// There is no reply to a shutdown that succeeds: the connection ends.
void shutdown(Call& call) {
  ArgReader args(call, 1);
  ShutdownOptions options;
  options.read(args);
  if (args.failed()) return;
  // A shutdown waits for nothing, so there is never one in progress.
  if (options.abort) return call.reply.error("ERR No shutdown in progress.");
  if (!call.feature<const ShutdownControl>().begin(options.request)) {
    return call.reply.error("ERR Errors trying to SHUTDOWN. Check logs.");
  }
  call.session.closing = true;
}

constexpr CommandRow kRows[] = {
    {
        .name = "shutdown",
        .handler = shutdown,
        .arity = -1,
        .flags = kAdmin | kNoScript | kLoading | kStale | kNoMulti | kAllowBusy,
        .group = "server",
        .since = "1.0.0",
        .complexity = "O(N) when saving, where N is the number of keys; O(1) otherwise",
        .summary = "Ends the server, with the data saved if that is configured or asked for",
        .syntax = "[NOSAVE|SAVE] [NOW]@7.0.0 [FORCE]@7.0.0 [ABORT]@7.0.0",
        .history = "7.0.0: Added the `NOW`, `FORCE` and `ABORT` modifiers.",
    },
};

}  // namespace

std::span<const CommandRow> shutdown_commands() { return kRows; }

}  // namespace tarn
