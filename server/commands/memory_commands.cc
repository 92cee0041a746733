// MEMORY: where the memory goes.

#include <fmt/core.h>

#include <optional>
#include <string>

#include "core/base/format.h"
#include "core/memory/allocator.h"
#include "server/commands/families.h"
#include "server/commands/key_lookup.h"
#include "server/engine/args.h"
#include "server/engine/help.h"
#include "server/metrics/memory_meter.h"

namespace tarn {
namespace {

// --- USAGE

// A key's memory is accounted for, not sampled; the option is read for the sake of clients.
void memory_usage(Call& call) {
  ArgReader args(call, 3);
  while (args.ok() && !args.at_end()) {
    if (!args.accept("samples", 1) || args.integer() < 0) args.fail_syntax();
  }
  if (args.failed()) return;
  const Entry* entry = look_at(call, call.key(2));
  if (entry == nullptr) return call.reply.null();
  call.reply.integer(static_cast<std::int64_t>(call.db().memory_bytes(*entry)));
}

// --- STATS

// A map whose pairs are counted as they are written.
class MapReply {
 public:
  explicit MapReply(Reply& reply) : reply_(reply), place_(reply.open_array()) {}

  void bytes(std::string_view name, std::size_t value) {
    number(name, static_cast<std::int64_t>(value));
  }
  void number(std::string_view name, std::int64_t value) {
    key(name);
    reply_.integer(value);
  }
  void real(std::string_view name, double value) {
    key(name);
    reply_.real(value);
  }
  void excess(std::string_view name, std::size_t larger, std::size_t smaller) {
    number(name, static_cast<std::int64_t>(larger) - static_cast<std::int64_t>(smaller));
  }
  // The value follows.
  void key(std::string_view name) {
    reply_.bulk(name);
    ++pairs_;
  }
  void close() { reply_.close_map(place_, pairs_); }

 private:
  Reply& reply_;
  const OutputBuffer::Placeholder place_;
  std::size_t pairs_ = 0;
};

void add_databases(Call& call, MapReply& map) {
  for (std::size_t i = 0; i < call.databases.size(); ++i) {
    const Keyspace& keyspace = call.databases[i];
    if (keyspace.empty()) continue;
    map.key(fmt::format("db.{}", i));
    MapReply overhead(call.reply);
    overhead.bytes("overhead.hashtable.main", keyspace.table().memory_bytes());
    overhead.bytes("overhead.hashtable.expires", keyspace.wheel().memory_bytes());
    overhead.bytes("overhead.hashtable.slot-to-keys", 0);
    overhead.close();
  }
}

void add_slab_classes(Call& call, MapReply& map) {
  for (const auto& row : call.feature<MemoryMeter>().slab_classes()) {
    map.key(fmt::format("slab.{}", row.object_bytes));
    MapReply slab(call.reply);
    slab.bytes("slabs", row.slabs);
    slab.bytes("objects", row.live_objects);
    slab.bytes("capacity", row.capacity);
    slab.bytes("bytes", row.slabs * SlabAllocator::kSlabBytes);
    slab.close();
  }
}

void add_allocator(MapReply& map, const MemoryReport& report) {
  const AllocatorStats& allocator = report.allocator;
  map.bytes("allocator.allocated", allocator.allocated);
  map.bytes("allocator.active", allocator.active);
  map.bytes("allocator.resident", allocator.resident);
  map.real("allocator-fragmentation.ratio",
           MemoryReport::ratio(allocator.active, allocator.allocated));
  map.excess("allocator-fragmentation.bytes", allocator.active, allocator.allocated);
  map.real("allocator-rss.ratio", MemoryReport::ratio(allocator.resident, allocator.active));
  map.excess("allocator-rss.bytes", allocator.resident, allocator.active);
  map.real("rss-overhead.ratio", MemoryReport::ratio(report.rss, allocator.resident));
  map.excess("rss-overhead.bytes", report.rss, allocator.resident);
  map.real("fragmentation", MemoryReport::ratio(report.rss, report.used));
  map.excess("fragmentation.bytes", report.rss, report.used);
}

void memory_stats(Call& call) {
  const MemoryReport report = call.feature<MemoryMeter>().report();
  const std::size_t keys = call.databases.total_keys();
  const std::size_t growth = report.used > report.startup ? report.used - report.startup : 0;
  MapReply map(call.reply);
  map.bytes("peak.allocated", report.peak);
  map.bytes("total.allocated", report.used);
  map.bytes("startup.allocated", report.startup);
  map.bytes("replication.backlog", 0);
  map.bytes("clients.slaves", 0);
  map.bytes("clients.normal", call.feature<MemoryMeter>().client_bytes());
  map.bytes("cluster.links", 0);
  map.bytes("aof.buffer", 0);
  map.bytes("lua.caches", 0);
  map.bytes("functions.caches", 0);
  add_databases(call, map);
  map.bytes("overhead.total", report.overhead);
  map.bytes("keys.count", keys);
  map.bytes("keys.bytes-per-key", keys == 0 ? 0 : growth / keys);
  map.bytes("dataset.bytes", report.dataset);
  map.real("dataset.percentage", report.dataset_percent());
  map.real("peak.percentage", report.peak_percent());
  add_allocator(map, report);
  map.bytes("malloc.allocated", report.malloc.allocated);
  map.bytes("large-values.bytes", report.blobs);
  map.bytes("tables.bytes", report.tables);
  map.bytes("slabs.allocated", report.entries);
  map.bytes("slabs.resident", report.slab_resident);
  add_slab_classes(call, map);
  map.close();
}

// --- DOCTOR

// Below this the server's own needs drown everything else.
constexpr std::size_t kMinBytesToJudge = std::size_t{5} << 20;
constexpr std::size_t kBearableWaste = std::size_t{10} << 20;

bool wasteful(std::size_t larger, std::size_t smaller, double ratio) {
  return larger > smaller + kBearableWaste && MemoryReport::ratio(larger, smaller) > ratio;
}

std::string memory_advice(const MemoryReport& report) {
  if (report.used < kMinBytesToJudge) {
    return "There is hardly any data here: too little to say anything about.\n";
  }
  std::string text;
  if (MemoryReport::ratio(report.peak, report.used) > 1.5) {
    text +=
        "- At its peak the server used more than 1.5 times the memory of now. Memory given back by "
        "large values may stay resident for a while; MEMORY PURGE speeds that up.\n";
  }
  if (wasteful(report.slab_resident, report.entries, 1.5)) {
    text +=
        "- Many keys were deleted, and those left are spread thinly. They are being moved together "
        "in the background.\n";
  }
  if (wasteful(report.malloc.resident, report.malloc.allocated, 1.4)) {
    text +=
        "- Large values and buffers are fragmented: much of the memory that they came from is "
        "unused. MEMORY PURGE gives back what is not used at all.\n";
  }
  if (wasteful(report.rss, report.allocator.resident, 1.1)) {
    text +=
        "- The process holds more memory than its allocators know of. Look for libraries and "
        "threads that allocate on their own.\n";
  }
  if (text.empty()) return "All is well: memory is used for data, and little is wasted.\n";
  return "There is something to look at:\n\n" + text;
}

void memory_doctor(Call& call) {
  call.reply.verbatim("txt", memory_advice(call.feature<MemoryMeter>().report()));
}

// --- PURGE and MALLOC-STATS

// Entries are moved together for so long; the rest happens in the background.
constexpr std::size_t kMovesPerDatabase = 20'000;

void memory_purge(Call& call) {
  for (std::size_t i = 0; i < call.databases.size(); ++i) {
    static_cast<void>(call.databases[i].evacuate_step(kMovesPerDatabase));
  }
  purge_allocator();
  call.reply.ok();
}

void memory_malloc_stats(Call& call) {
  std::string text = allocator_report();
  text += "___ Slabs of entries ___\n";
  constexpr std::string_view kRow = "{:>12} {:>10} {:>14} {:>14} {:>8}\n";
  append_format(text, kRow, "object bytes", "slabs", "objects", "room for", "filled");
  for (const auto& row : call.feature<MemoryMeter>().slab_classes()) {
    const double filled = 100.0 * MemoryReport::ratio(row.live_objects, row.capacity);
    append_format(text, kRow, row.object_bytes, row.slabs, row.live_objects, row.capacity,
                  fmt::format("{:.1f} %", filled));
  }
  call.reply.verbatim("txt", text);
}

constexpr std::string_view kReadTips =
    "nondeterministic_output request_policy:all_shards response_policy:special";

constexpr CommandRow kSubcommands[] = {
    {
        .name = "doctor",
        .handler = memory_doctor,
        .arity = 2,
        .group = "server",
        .since = "4.0.0",
        .complexity = "O(1)",
        .summary = "Says in words whether memory is wasted, and what to do about it",
        .tips = kReadTips,
    },
    {
        .name = "help",
        .handler = reply_help,
        .arity = 2,
        .flags = kLoading | kStale,
        .group = "server",
        .since = "4.0.0",
        .complexity = "O(1)",
        .summary = "Prints this help",
    },
    {
        .name = "malloc-stats",
        .handler = memory_malloc_stats,
        .arity = 2,
        .group = "server",
        .since = "4.0.0",
        .complexity = "Depends on how much memory is allocated, could be slow",
        .summary = "Shows what the allocators say of themselves",
        .tips = kReadTips,
    },
    {
        .name = "purge",
        .handler = memory_purge,
        .arity = 2,
        .group = "server",
        .since = "4.0.0",
        .complexity = "Depends on how much memory is allocated, could be slow",
        .summary = "Gives unused memory back to the system",
        .tips = "request_policy:all_shards response_policy:all_succeeded",
    },
    {
        .name = "stats",
        .handler = memory_stats,
        .arity = 2,
        .group = "server",
        .since = "4.0.0",
        .complexity = "O(N) where N is the number of clients",
        .summary = "Shows what the memory is used for",
        .tips = kReadTips,
    },
    {
        .name = "usage",
        .handler = memory_usage,
        .arity = -3,
        .flags = kReadonly,
        .keys = {key_at(2, kRO)},
        .group = "server",
        .since = "4.0.0",
        .complexity = "O(1)",
        .summary = "Returns how many bytes a key and its value take",
        .syntax = "key [SAMPLES count]",
    },
};

constexpr CommandRow kRows[] = {
    {
        .name = "memory",
        .arity = -2,
        .group = "server",
        .since = "4.0.0",
        .complexity = "Depends on subcommand.",
        .summary = "Shows where the memory goes",
        .subcommands = kSubcommands,
    },
};

}  // namespace

std::span<const CommandRow> memory_commands() { return kRows; }

}  // namespace tarn
