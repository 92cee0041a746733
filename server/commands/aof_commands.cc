// BGREWRITEAOF, WAITAOF, BACKUP.

#include <limits>

#include "server/commands/aof_services.h"
#include "server/commands/families.h"
#include "server/engine/args.h"

namespace tarn {
namespace {

constexpr std::int64_t kMaxInt64 = std::numeric_limits<std::int64_t>::max();

void bgrewriteaof(Call& call) {
  auto& services = call.feature<AofServices>();
  AppendOnlyFile& aof = services.aof;
  if (aof.rewriting()) {
    return call.reply.error("ERR Background append only file rewriting already in progress");
  }
  const bool now = aof.may_fork() && !call.session.deny_blocking;
  aof.schedule_rewrite();
  call.reply.simple(now ? "Background append only file rewriting started"
                        : "Background append only file rewriting scheduled");
}

std::chrono::milliseconds timeout_of(ArgReader& args) {
  const std::int64_t timeout_ms = args.integer("ERR timeout is not an integer or out of range");
  if (timeout_ms < 0) args.fail("ERR timeout is negative");
  return std::chrono::milliseconds(std::max<std::int64_t>(timeout_ms, 0));
}

void waitaof(Call& call) {
  auto& services = call.feature<AofServices>();
  ArgReader args(call, 1);
  const std::int64_t local =
      args.integer_in(0, 1, "ERR value is out of range, value must between 0 and 1");
  const std::int64_t replicas =
      args.integer_in(0, kMaxInt64, "ERR value is out of range, must be positive");
  const std::chrono::milliseconds timeout = timeout_of(args);
  if (args.failed()) return;
  if (local > 0 && !services.options.appendonly) {
    return call.reply.error(DurableWaiters::kNoLog);
  }
  AofLog& log = services.aof.log();
  // What this client has written in this very batch counts.
  const std::uint64_t sequence = log.sequence() + (log.has_batch() ? 1 : 0);
  const bool safe = services.aof.is_open() && services.aof.is_durable(sequence);
  const bool enough = (local == 0 || safe) && replicas == 0;
  if (enough || call.session.deny_blocking) return DurableWaiters::reply(call.reply, safe);
  // Nobody else would ask for it.
  if (local > 0 && log.sync == AofSync::kNo) log.request_sync();
  services.waiters.wait(call.session, {sequence, local > 0, replicas > 0}, timeout);
}

void backup(Call& call) {
  BackupCopy& copy = call.feature<AofServices>().copy;
  if (copy.in_progress()) return call.reply.error("ERR A backup is in progress already");
  if (const auto started = copy.start(std::string(call.args[1])); !started) {
    return call.reply.error("ERR " + started.error().message);
  }
  call.reply.simple("Backup started");
}

constexpr CommandRow kRows[] = {
    {
        .name = "backup",
        .handler = backup,
        .arity = 2,
        .flags = kAdmin | kNoScript | kNoAsyncLoading,
        .group = "server",
        .since = "7.2.4",
        .complexity = "O(1) with an append-only file; else a child writes all keys",
        .summary = "Makes one consistent copy of the data in a new folder while writes go on",
        .syntax = "folder",
    },
    {
        .name = "bgrewriteaof",
        .handler = bgrewriteaof,
        .arity = 1,
        .flags = kAdmin | kNoScript | kNoAsyncLoading,
        .group = "server",
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Has a child process write the append-only file anew, from the data as they are",
    },
    {
        .name = "waitaof",
        .handler = waitaof,
        .arity = 4,
        .flags = kNoScript | kBlocking,
        .categories = kConnectionCategory,
        .group = "generic",
        .since = "7.2.0",
        .complexity = "O(1)",
        .summary = "Waits until what was written so far is safe on the disk, here and on replicas",
        .syntax = "numlocal numreplicas timeout",
        .tips = "request_policy:all_shards response_policy:agg_min",
    },
};

}  // namespace

std::span<const CommandRow> aof_commands() { return kRows; }

}  // namespace tarn
