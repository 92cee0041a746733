// What a client does to others' commands: CLIENT PAUSE, UNPAUSE and UNBLOCK.

#include "server/commands/client_control.h"

#include "server/commands/timeout_argument.h"
#include "server/engine/args.h"
#include "server/engine/client_services.h"
#include "server/engine/help.h"

namespace tarn {
namespace {

ClientServices& services(Call& call) { return call.feature<ClientServices>(); }

// Returns whether there are at most so many arguments; if not, the error was replied. For
// subcommands whose arity only says "at least".
bool at_most(Call& call, std::size_t arguments) {
  if (call.args.size() <= arguments) return true;
  reply_wrong_subcommand(call);
  return false;
}

}  // namespace

void client_pause(Call& call) {
  if (!at_most(call, 4)) return;
  bool writes_only = false;
  if (call.args.size() == 4) {
    writes_only = equals_ignoring_case(call.args[3], "write");
    if (!writes_only && !equals_ignoring_case(call.args[3], "all")) {
      return call.reply.error("ERR CLIENT PAUSE mode must be WRITE or ALL");
    }
  }
  ArgReader args(call, 2);
  const std::chrono::milliseconds timeout = read_timeout_ms(call, args);
  if (args.failed()) return;
  services(call).pause.begin(call.now_ms() + timeout.count(), writes_only);
  call.reply.ok();
}

void client_unpause(Call& call) {
  services(call).pause.end();
  call.reply.ok();
}

void client_unblock(Call& call) {
  if (!at_most(call, 4)) return;
  BlockedClients::End end = BlockedClients::End::kTimeout;
  if (call.args.size() == 4) {
    if (equals_ignoring_case(call.args[3], "error")) {
      end = BlockedClients::End::kError;
    } else if (!equals_ignoring_case(call.args[3], "timeout")) {
      return call.reply.error("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
    }
  }
  ArgReader args(call, 2);
  const std::int64_t id = args.integer();
  if (args.failed()) return;
  const bool found = services(call).blocked.unblock(static_cast<std::uint64_t>(id), end);
  call.reply.integer(found ? 1 : 0);
}

}  // namespace tarn
