#include "persistence/snapshot/snapshots.h"
#include "server/commands/debug_control.h"
#include "server/commands/debug_subcommand.h"
#include "server/engine/args.h"

// What is on disk.

namespace tarn {
namespace {

// Saves, empties the databases and loads the file again. NOSAVE: the file that is there; NOFLUSH:
// in addition to what there is; MERGE: in place of what both have.
void debug_reload(Call& call) {
  auto& control = call.feature<DebugControl>();
  ArgReader args(call, 2);
  bool save = true;
  bool flush = true;
  bool merge = false;
  while (args.ok() && !args.at_end()) {
    if (args.accept("nosave")) {
      save = false;
    } else if (args.accept("noflush")) {
      flush = false;
    } else if (args.accept("merge")) {
      merge = true;
    } else {
      args.fail("ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.");
    }
  }
  if (args.failed()) return;
  if (control.is_loading()) return call.reply.error(errors::kLoading);
  if (save) {
    control.snapshots->cancel();
    if (!control.snapshots->save()) return call.reply.error("ERR");
  }
  control.snapshots->finish_files();  // what a FLUSHALL has left there
  if (flush) call.databases.flush_all();
  if (!control.reload(merge)) {
    return call.reply.error("ERR Error trying to load the RDB dump, check server logs.");
  }
  call.reply.ok();
}

void debug_loadaof(Call& call) {
  if (call.feature<DebugControl>().is_loading()) return call.reply.error(errors::kLoading);
  if (const auto loaded = call.feature<DebugControl>().reload_log(); !loaded) {
    return call.reply.error("ERR Error trying to load the AOF files, check server logs: " +
                            loaded.error().message);
  }
  call.reply.ok();
}

void debug_config_rewrite(Call& call) {
  if (const auto done = call.feature<DebugControl>().rewrite_config(); !done) {
    return call.reply.error("ERR CONFIG-REWRITE-FORCE-ALL failed: " + done.error().message);
  }
  call.reply.ok();
}

constexpr DebugSubcommand kRows[] = {
    {"config-rewrite-force-all", debug_config_rewrite, 0, 0, "",
     "Rewrites the configuration file so that it names every option"},
    {"loadaof", debug_loadaof, 0, 0, "",
     "Makes the append-only file safe and loads it in place of the data"},
    {"reload", debug_reload, 0, DebugSubcommand::kAny, "[NOSAVE|NOFLUSH|MERGE ...]",
     "Saves a snapshot and loads it in place of the data"},
};

}  // namespace

std::span<const DebugSubcommand> debug_persistence_subcommands() { return kRows; }

}  // namespace tarn
