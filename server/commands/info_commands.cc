// INFO.

#include "server/commands/families.h"
#include "server/engine/call.h"
#include "server/metrics/info.h"

namespace tarn {
namespace {

void info(Call& call) {
  call.reply.verbatim("txt", call.feature<const Info>().report(call.args.subspan(1)));
}

constexpr CommandRow kRows[] = {
    {
        .name = "info",
        .handler = info,
        .arity = -1,
        .flags = kLoading | kStale,
        .categories = kDangerousCategory,
        .group = "server",
        .since = "1.0.0",
        .complexity = "O(N) where N is the number of clients, and of commands if asked for",
        .summary = "Tells about the server, by sections",
        .syntax = "[section [section ...]]",
        .tips = "nondeterministic_output request_policy:all_shards response_policy:special",
        .history = "7.0.0: Added support for taking multiple section arguments.",
    },
};

}  // namespace

std::span<const CommandRow> info_commands() { return kRows; }

}  // namespace tarn
