// Commands about the server as such: its time, its role, and what it feeds to those who watch.

#include <memory>
#include <string>

#include "server/commands/families.h"
#include "server/commands/timeout_argument.h"
#include "server/engine/args.h"
#include "server/engine/client_services.h"

namespace tarn {
namespace {

ClientServices& services(Call& call) { return call.feature<ClientServices>(); }

void time(Call& call) {
  const std::int64_t now_us = services(call).dispatcher.clock().now_us();
  call.reply.array(2);
  call.reply.bulk_integer(now_us / 1'000'000);
  call.reply.bulk_integer(now_us % 1'000'000);
}

// A master at the beginning of its history, without replicas.
void role(Call& call) {
  call.reply.array(3);
  call.reply.bulk("master");
  call.reply.integer(0);
  call.reply.array(0);
}

struct WaitForReplicas final : Waiting {
  void on_timeout(Reply& reply) override { reply.integer(0); }
};

// There are no replicas, so those who wait for one wait for their time to be up.
void wait(Call& call) {
  ArgReader args(call, 1);
  const std::int64_t replicas = args.integer();
  const std::chrono::milliseconds timeout = read_timeout_ms(call, args);
  if (args.failed()) return;
  const bool can_wait = call.session.transport != nullptr && !call.session.deny_blocking;
  if (replicas <= 0 || !can_wait) return call.reply.integer(0);
  services(call).blocked.block(call.session, timeout, std::make_shared<WaitForReplicas>());
}

// Once is enough.
void monitor(Call& call) {
  if (call.session.deny_blocking) {
    return call.reply.error("ERR MONITOR isn't allowed for DENY BLOCKING client");
  }
  if (call.session.monitor) return;
  services(call).monitors.add(call.session);
  call.reply.ok();
}

constexpr CommandRow kRows[] = {
    {
        .name = "time",
        .handler = time,
        .arity = 1,
        .flags = kLoading | kStale | kFast,
        .group = "server",
        .since = "2.6.0",
        .complexity = "O(1)",
        .summary = "Returns the server's time in seconds and microseconds",
        .tips = "nondeterministic_output",
    },
    {
        .name = "role",
        .handler = role,
        .arity = 1,
        .flags = kNoScript | kLoading | kStale | kFast,
        .categories = kAdminCategory | kDangerousCategory,
        .group = "server",
        .since = "2.8.12",
        .complexity = "O(1)",
        .summary = "Returns what the server is to its peers: master or replica",
    },
    {
        .name = "wait",
        .handler = wait,
        .arity = 3,
        .flags = kNoScript,
        .categories = kConnectionCategory,
        .group = "generic",
        .since = "3.0.0",
        .complexity = "O(1)",
        .summary = "Waits until replicas have the writes of this connection",
        .syntax = "numreplicas timeout",
        .tips = "request_policy:all_shards response_policy:agg_min",
    },
    {
        .name = "monitor",
        .handler = monitor,
        .arity = 1,
        .flags = kAdmin | kNoScript | kLoading | kStale,
        .group = "server",
        .since = "1.0.0",
        .summary = "Shows all commands that the server runs, as they come",
    },
};

}  // namespace

std::span<const CommandRow> server_commands() { return kRows; }

}  // namespace tarn
