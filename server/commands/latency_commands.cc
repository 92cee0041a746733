// LATENCY: when the server was slow, and how long commands take.

#include <bit>
#include <vector>

#include "core/base/cycle_clock.h"
#include "server/commands/families.h"
#include "server/engine/help.h"
#include "server/metrics/slow_commands.h"

namespace tarn {
namespace {

LatencyMonitor& monitor(Call& call) { return call.feature<SlowCommands>().latency(); }

// --- Events

void latency_latest(Call& call) {
  const auto& all = monitor(call).series();
  call.reply.array(all.size());
  for (const auto& [event, series] : all) {
    call.reply.array(4);
    call.reply.bulk(event);
    call.reply.integer(series.samples.back().time_s);
    call.reply.integer(series.samples.back().ms);
    call.reply.integer(series.max_ms);
  }
}

void latency_history(Call& call) {
  const LatencyMonitor::Series* series = monitor(call).find(call.args[2]);
  if (series == nullptr) return call.reply.array(0);
  call.reply.array(series->samples.size());
  for (const auto& sample : series->samples) {
    call.reply.array(2);
    call.reply.integer(sample.time_s);
    call.reply.integer(sample.ms);
  }
}

void latency_graph(Call& call) {
  const LatencyMonitor::Series* series = monitor(call).find(call.args[2]);
  if (series == nullptr) {
    return call.reply.error("ERR No samples available for event '" + std::string(call.args[2]) +
                            "'");
  }
  call.reply.verbatim("txt", latency_graph(call.args[2], *series, call.now_ms() / 1000));
}

void latency_doctor(Call& call) {
  const SlowCommands& slow = call.feature<SlowCommands>();
  call.reply.verbatim("txt", latency_advice(slow.latency(), slow.slow_log_threshold_us()));
}

void latency_reset(Call& call) {
  std::size_t events = 0;
  if (call.args.size() == 2) events = monitor(call).reset();
  for (std::string_view event : call.args.subspan(2)) events += monitor(call).reset(event) ? 1 : 0;
  call.reply.integer(static_cast<std::int64_t>(events));
}

// --- Histograms

// How many calls took up to 1, 2, 4, 8 ... microseconds; of several powers in a row with the same
// count, the first.
void reply_histogram(Call& call, const Histogram& histogram) {
  struct Row {
    std::uint64_t up_to_us;
    std::uint64_t calls;
  };
  std::vector<Row> rows;
  std::uint64_t calls = 0;
  histogram.for_each([&](std::uint64_t cycles, std::uint64_t count) {
    const std::uint64_t us = (CycleClock::to_ns(cycles) + 999) / 1000;
    const std::uint64_t up_to_us = std::bit_ceil(us);
    calls += count;
    if (rows.empty() || rows.back().up_to_us != up_to_us) rows.push_back({up_to_us, 0});
    rows.back().calls = calls;
  });
  call.reply.map(2);
  call.reply.bulk("calls");
  call.reply.integer(static_cast<std::int64_t>(calls));
  call.reply.bulk("histogram_usec");
  call.reply.map(rows.size());
  for (const Row& row : rows) {
    call.reply.integer(static_cast<std::int64_t>(row.up_to_us));
    call.reply.integer(static_cast<std::int64_t>(row.calls));
  }
}

std::size_t reply_histogram_of(Call& call, const Command& command) {
  const Histogram* histogram = command.stats.latency.get();
  if (histogram == nullptr || histogram->total() == 0) return 0;
  call.reply.bulk(command.full_name);
  reply_histogram(call, *histogram);
  return 1;
}

// A container stands for its subcommands.
std::size_t reply_histograms_of(Call& call, const Command& command) {
  std::size_t commands = reply_histogram_of(call, command);
  for (const auto& subcommand : command.subcommands) {
    commands += reply_histogram_of(call, *subcommand);
  }
  return commands;
}

void latency_histogram(Call& call) {
  const CommandTable& table = call.feature<SlowCommands>().commands();
  const auto place = call.reply.open_array();
  std::size_t commands = 0;
  if (call.args.size() == 2) {
    for (const auto& command : table.commands()) commands += reply_histograms_of(call, *command);
  }
  for (std::string_view name : call.args.subspan(2)) {
    const Command* command = table.find_full(name);
    if (command != nullptr) commands += reply_histograms_of(call, *command);
  }
  call.reply.close_map(place, commands);
}

constexpr std::uint32_t kFlags = kAdmin | kNoScript | kLoading | kStale;
constexpr std::string_view kReadTips =
    "nondeterministic_output request_policy:all_nodes response_policy:special";

constexpr CommandRow kSubcommands[] = {
    {
        .name = "doctor",
        .handler = latency_doctor,
        .arity = 2,
        .flags = kFlags,
        .group = "server",
        .since = "2.8.13",
        .complexity = "O(1)",
        .summary = "Says in words what was slow, and what to do about it",
        .tips = kReadTips,
    },
    {
        .name = "graph",
        .handler = latency_graph,
        .arity = 3,
        .flags = kFlags,
        .group = "server",
        .since = "2.8.13",
        .complexity = "O(1)",
        .summary = "Draws the samples of an event",
        .syntax = "event",
        .tips = kReadTips,
    },
    {
        .name = "help",
        .handler = reply_help,
        .arity = 2,
        .flags = kLoading | kStale,
        .group = "server",
        .since = "2.8.13",
        .complexity = "O(1)",
        .summary = "Prints this help",
    },
    {
        .name = "histogram",
        .handler = latency_histogram,
        .arity = -2,
        .flags = kFlags,
        .group = "server",
        .since = "7.0.0",
        .complexity = "O(N) where N is the number of commands asked for",
        .summary = "Tells how many calls of commands took how long",
        .syntax = "[command [command ...]]",
        .tips = kReadTips,
    },
    {
        .name = "history",
        .handler = latency_history,
        .arity = 3,
        .flags = kFlags,
        .group = "server",
        .since = "2.8.13",
        .complexity = "O(1)",
        .summary = "Returns the samples of an event: time and milliseconds",
        .syntax = "event",
        .tips = kReadTips,
    },
    {
        .name = "latest",
        .handler = latency_latest,
        .arity = 2,
        .flags = kFlags,
        .group = "server",
        .since = "2.8.13",
        .complexity = "O(1)",
        .summary = "Returns the latest sample of each event, and its worst of all times",
        .tips = kReadTips,
    },
    {
        .name = "reset",
        .handler = latency_reset,
        .arity = -2,
        .flags = kFlags,
        .group = "server",
        .since = "2.8.13",
        .complexity = "O(1)",
        .summary = "Forgets the samples of some events or of all",
        .syntax = "[event [event ...]]",
        .tips = "request_policy:all_nodes response_policy:all_succeeded",
    },
};

constexpr CommandRow kRows[] = {
    {
        .name = "latency",
        .arity = -2,
        .group = "server",
        .since = "2.8.13",
        .complexity = "Depends on subcommand.",
        .summary = "Shows when the server was slow, and how long commands take",
        .subcommands = kSubcommands,
    },
};

}  // namespace

std::span<const CommandRow> latency_commands() { return kRows; }

}  // namespace tarn
