#include "server/commands/database_index.h"
#include "server/commands/families.h"
#include "server/config/option_types.h"
#include "server/engine/args.h"

// Databases as wholes.

namespace tarn {
namespace {

void select(Call& call) {
  ArgReader args(call, 1);
  const std::size_t db = next_database(args, call.databases);
  if (args.failed()) return;
  call.session.db = static_cast<unsigned>(db);
  call.reply.ok();
}

void dbsize(Call& call) { call.reply.integer(static_cast<std::int64_t>(call.db().size())); }

// Both modes take no time in the thread of commands, so the mode is only checked.
bool flush_mode_fits(Call& call) {
  ArgReader args(call, 1);
  if (!args.at_end() && !args.accept("sync") && !args.accept("async")) args.fail_syntax();
  if (!args.at_end()) args.fail_syntax();
  return !args.failed();
}

void flushdb(Call& call) {
  if (!flush_mode_fits(call)) return;
  call.databases.flush(call.session.db);
  call.reply.ok();
}

void flushall(Call& call) {
  if (!flush_mode_fits(call)) return;
  call.databases.delete_all();
  call.reply.ok();
}

void swapdb(Call& call) {
  ArgReader args(call, 1);
  const std::int64_t first = args.integer_in(kMinInt, kMaxInt, "ERR invalid first DB index");
  const std::int64_t second = args.integer_in(kMinInt, kMaxInt, "ERR invalid second DB index");
  const auto count = static_cast<std::int64_t>(call.databases.size());
  if (first < 0 || first >= count || second < 0 || second >= count) {
    args.fail(errors::kDbIndexOutOfRange);
  }
  if (args.failed()) return;
  call.databases.swap(static_cast<std::size_t>(first), static_cast<std::size_t>(second));
  call.reply.ok();
}

constexpr std::string_view kFlushHistory =
    "4.0.0: Added the `ASYNC` flushing mode modifier.\n"
    "6.2.0: Added the `SYNC` flushing mode modifier.";

constexpr CommandRow kRows[] = {
    {
        .name = "select",
        .handler = select,
        .arity = 2,
        .flags = kLoading | kStale | kFast,
        .categories = kConnectionCategory,
        .group = "connection",
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Chooses the database that the connection works on",
        .syntax = "index",
    },
    {
        .name = "dbsize",
        .handler = dbsize,
        .arity = 1,
        .flags = kReadonly | kFast,
        .categories = kKeyspaceCategory,
        .group = "server",
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Counts the keys of the database",
        .tips = "request_policy:all_shards response_policy:agg_sum",
    },
    {
        .name = "flushdb",
        .handler = flushdb,
        .arity = -1,
        .flags = kWrite,
        .categories = kKeyspaceCategory | kDangerousCategory,
        .group = "server",
        .since = "1.0.0",
        .complexity = "O(1); the memory is freed on another thread",
        .summary = "Deletes all keys of the database",
        .syntax = "async=[ASYNC@4.0.0|SYNC@6.2.0]",
        .tips = "request_policy:all_shards response_policy:all_succeeded",
        .history = kFlushHistory,
    },
    {
        .name = "flushall",
        .handler = flushall,
        .arity = -1,
        .flags = kWrite,
        .categories = kKeyspaceCategory | kDangerousCategory,
        .group = "server",
        .since = "1.0.0",
        .complexity = "O(1); the memory is freed on another thread",
        .summary = "Deletes all keys of all databases",
        .syntax = "async=[ASYNC@4.0.0|SYNC@6.2.0]",
        .tips = "request_policy:all_shards response_policy:all_succeeded",
        .history = kFlushHistory,
    },
    {
        .name = "swapdb",
        .handler = swapdb,
        .arity = 3,
        .flags = kWrite | kFast,
        .categories = kKeyspaceCategory | kDangerousCategory,
        .group = "server",
        .since = "4.0.0",
        .complexity = "O(1)",
        .summary = "Exchanges what two databases hold",
        .syntax = "index1 index2",
    },
};

}  // namespace

std::span<const CommandRow> database_commands() { return kRows; }

}  // namespace tarn
