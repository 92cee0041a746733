// SLOWLOG: the last commands that took long.

#include <algorithm>

#include "server/commands/families.h"
#include "server/engine/args.h"
#include "server/engine/help.h"
#include "server/metrics/slow_commands.h"

namespace tarn {
namespace {

constexpr std::size_t kDefaultEntries = 10;
constexpr std::string_view kBadCount = "ERR count should be greater than or equal to -1";

void slowlog_get(Call& call) {
  const auto& entries = call.feature<SlowCommands>().log().entries();
  std::size_t count = std::min(kDefaultEntries, entries.size());
  if (call.args.size() > 3) return reply_wrong_subcommand(call);
  if (call.args.size() == 3) {
    ArgReader args(call, 2);
    const std::int64_t wanted = args.integer_in(-1, INT64_MAX, kBadCount);
    if (args.failed()) return;
    count =
        wanted < 0 ? entries.size() : std::min(static_cast<std::size_t>(wanted), entries.size());
  }
  call.reply.array(count);
  for (std::size_t i = 0; i < count; ++i) {
    const SlowLog::Entry& entry = entries[i];
    call.reply.array(6);
    call.reply.integer(entry.id);
    call.reply.integer(entry.time_s);
    call.reply.integer(entry.duration_us);
    call.reply.array(entry.args.size());
    for (const std::string& arg : entry.args) call.reply.bulk(arg);
    call.reply.bulk(entry.client_address);
    call.reply.bulk(entry.client_name);
  }
}

void slowlog_len(Call& call) {
  call.reply.integer(
      static_cast<std::int64_t>(call.feature<SlowCommands>().log().entries().size()));
}

void slowlog_reset(Call& call) {
  call.feature<SlowCommands>().log().reset();
  call.reply.ok();
}

constexpr std::uint32_t kFlags = kAdmin | kLoading | kStale;

constexpr CommandRow kSubcommands[] = {
    {
        .name = "get",
        .handler = slowlog_get,
        .arity = -2,
        .flags = kFlags,
        .group = "server",
        .since = "2.2.12",
        .complexity = "O(N) where N is the number of entries returned",
        .summary = "Returns the latest entries (10 unless told otherwise, -1 for all): id, time, "
                   "microseconds, arguments, client's address and name",
        .syntax = "[count]",
        .tips = "request_policy:all_nodes nondeterministic_output",
        .history = "4.0.0: Added client IP address, port and name to the reply.",
    },
    {
        .name = "help",
        .handler = reply_help,
        .arity = 2,
        .flags = kLoading | kStale,
        .group = "server",
        .since = "6.2.0",
        .complexity = "O(1)",
        .summary = "Prints this help",
    },
    {
        .name = "len",
        .handler = slowlog_len,
        .arity = 2,
        .flags = kFlags,
        .group = "server",
        .since = "2.2.12",
        .complexity = "O(1)",
        .summary = "Returns how many entries there are",
        .tips = "request_policy:all_nodes response_policy:agg_sum nondeterministic_output",
    },
    {
        .name = "reset",
        .handler = slowlog_reset,
        .arity = 2,
        .flags = kFlags,
        .group = "server",
        .since = "2.2.12",
        .complexity = "O(N) where N is the number of entries",
        .summary = "Forgets all entries",
        .tips = "request_policy:all_nodes response_policy:all_succeeded",
    },
};

constexpr CommandRow kRows[] = {
    {
        .name = "slowlog",
        .arity = -2,
        .group = "server",
        .since = "2.2.12",
        .complexity = "Depends on subcommand.",
        .summary = "Shows the commands that took long",
        .subcommands = kSubcommands,
    },
};

}  // namespace

std::span<const CommandRow> slowlog_commands() { return kRows; }

}  // namespace tarn
