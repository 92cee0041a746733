// SAVE, BGSAVE, LASTSAVE.

#include "persistence/snapshot/snapshots.h"
#include "server/commands/families.h"
#include "server/engine/args.h"

namespace tarn {
namespace {

constexpr std::string_view kInProgress = "ERR Background save already in progress";

void save(Call& call) {
  auto& snapshots = call.feature<Snapshots>();
  if (snapshots.in_progress()) return call.reply.error(kInProgress);
  snapshots.save() ? call.reply.ok() : call.reply.error("ERR");
}

// A transaction's other commands come first.
void bgsave(Call& call) {
  auto& snapshots = call.feature<Snapshots>();
  ArgReader args(call, 1);
  const bool schedule = args.accept("schedule");
  if (!args.at_end()) args.fail_syntax();
  if (args.failed()) return;
  if (snapshots.in_progress()) return call.reply.error(kInProgress);
  const bool in_exec = call.session.deny_blocking;
  if (in_exec || !snapshots.may_fork()) {
    if (!in_exec && !schedule) {
      return call.reply.error(
          "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE "
          "in order to schedule a BGSAVE whenever possible.");
    }
    snapshots.schedule();
    return call.reply.simple("Background saving scheduled");
  }
  snapshots.save_in_background() ? call.reply.simple("Background saving started")
                                 : call.reply.error("ERR");
}

void lastsave(Call& call) { call.reply.integer(call.feature<Snapshots>().last_save_s()); }

constexpr CommandRow kRows[] = {
    {
        .name = "save",
        .handler = save,
        .arity = 1,
        .flags = kAdmin | kNoScript | kNoAsyncLoading | kNoMulti,
        .group = "server",
        .since = "1.0.0",
        .complexity = "O(N) where N is the number of keys in all databases",
        .summary = "Writes a snapshot of all data, and serves nobody meanwhile",
    },
    {
        .name = "bgsave",
        .handler = bgsave,
        .arity = -1,
        .flags = kAdmin | kNoScript | kNoAsyncLoading,
        .group = "server",
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Has a child process write a snapshot of all data",
        .syntax = "schedule=[SCHEDULE]@3.2.2",
        .history = "3.2.2: Added the `SCHEDULE` option.",
    },
    {
        .name = "lastsave",
        .handler = lastsave,
        .arity = 1,
        .flags = kLoading | kStale | kFast,
        .categories = kAdminCategory | kDangerousCategory,
        .group = "server",
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Returns the Unix time of the last snapshot that succeeded",
        .tips = "nondeterministic_output",
    },
};

}  // namespace

std::span<const CommandRow> snapshot_commands() { return kRows; }

}  // namespace tarn
