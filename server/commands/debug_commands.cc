#include <fmt/core.h>

#include <array>

#include "server/commands/debug_subcommand.h"
#include "server/commands/families.h"
#include "server/engine/args.h"
#include "server/engine/help.h"

// DEBUG: looks inside and makes trouble on purpose, for tests.

namespace tarn {
namespace {

void debug_help(Call& call);

constexpr DebugSubcommand kHelp[] = {{"help", debug_help, 0, 0, "", "Prints this help"}};

std::array<std::span<const DebugSubcommand>, 6> subcommands() {
  return {debug_key_subcommands(),     debug_table_subcommands(), debug_persistence_subcommands(),
          debug_process_subcommands(), debug_reply_subcommands(), kHelp};
}

void debug_help(Call& call) {
  const auto place = call.reply.open_array();
  call.reply.simple("DEBUG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
  std::size_t lines = 1;
  for (const auto rows : subcommands()) {
    for (const DebugSubcommand& row : rows) {
      std::string usage = upper_case(row.name);
      if (!row.syntax.empty()) usage.append(" ").append(row.syntax);
      call.reply.simple(usage);
      call.reply.simple(fmt::format("    {}", row.summary));
      lines += 2;
    }
  }
  call.reply.close_array(place, lines);
}

void debug(Call& call) {
  const std::size_t given = call.args.size() - 2;
  for (const auto rows : subcommands()) {
    for (const DebugSubcommand& row : rows) {
      if (given < row.min_args || given > row.max_args) continue;
      if (equals_ignoring_case(call.args[1], row.name)) return row.handler(call);
    }
  }
  reply_wrong_subcommand(call);
}

constexpr CommandRow kRows[] = {
    {
        .name = "debug",
        .handler = debug,
        .arity = -2,
        .flags = kAdmin | kNoScript | kLoading | kStale | kProtected,
        .group = "server",
        .since = "1.0.0",
        .complexity = "Depends on the subcommand",
        .summary = "Looks inside the server and makes trouble on purpose, for tests",
        .is_internal = true,
    },
};

}  // namespace

std::span<const CommandRow> debug_commands() { return kRows; }

}  // namespace tarn
