#include <fmt/core.h>

#include <cstdio>
#include <optional>
#include <string>

#include "core/base/memory_units.h"
#include "core/base/quoting.h"
#include "core/types/hash.h"
#include "core/types/list.h"
#include "core/types/set.h"
#include "core/types/sorted_set.h"
#include "server/commands/debug_subcommand.h"
#include "server/commands/type_names.h"
#include "server/engine/args.h"

// The hash tables of databases and of large collections, and the packed bytes of small ones.

namespace tarn {
namespace {

// --- Hash tables

// In Redis's terms: its slots are our buckets, and the chain of a slot is what its bucket holds.
std::string describe_buckets(const HashTableStats& stats) {
  std::size_t buckets = 0;
  std::size_t longest = 0;
  for (std::size_t length = 0; length < stats.buckets_by_fill.size(); ++length) {
    buckets += stats.buckets_by_fill[length];
    if (stats.buckets_by_fill[length] > 0) longest = length;
  }
  const std::size_t used = buckets - stats.buckets_by_fill[0];
  const double average = static_cast<double>(stats.elements) / static_cast<double>(used);
  std::string text = fmt::format(
      " table size: {}\n number of elements: {}\n different slots: {}\n max chain length: {}\n"
      " avg chain length (counted): {:.2f}\n avg chain length (computed): {:.2f}\n"
      " Chain length distribution:\n",
      buckets, stats.elements, used, longest, average, average);
  for (std::size_t length = 0; length <= longest; ++length) {
    const std::size_t count = stats.buckets_by_fill[length];
    if (count == 0) continue;
    text += fmt::format("   {}: {} ({:.2f}%)\n", length, count,
                        100.0 * static_cast<double>(count) / static_cast<double>(buckets));
  }
  return text;
}

std::string describe_segments(const HashTableStats& stats) {
  std::string text = fmt::format(
      " segments: {}\n directories: {} with {} entries\n"
      " elements beside their home bucket: {} next to it, {} in the stash\n"
      " splits: {}, merges: {}\n segments by fill:\n",
      stats.segments, stats.directories, stats.directory_entries, stats.neighbour_elements,
      stats.stash_elements, stats.splits, stats.merges);
  for (std::size_t tenth = 0; tenth < stats.segments_by_fill.size(); ++tenth) {
    const std::size_t count = stats.segments_by_fill[tenth];
    if (count > 0) text += fmt::format("   {}% and more: {}\n", tenth * 10, count);
  }
  return text;
}

std::string describe(const HashTableStats& stats) {
  std::string text = "Hash table 0 stats (main hash table):\n";
  if (stats.elements == 0) return text + "No stats available for empty dictionaries\n";
  text += describe_buckets(stats);
  text += fmt::format(" memory: {} bytes, {} an element\n", stats.memory_bytes,
                      (stats.memory_bytes + stats.elements / 2) / stats.elements);
  return stats.segments == 0 ? text : text + describe_segments(stats);
}

void debug_htstats(Call& call) {
  ArgReader args(call, 2);
  const std::int64_t db = args.integer();
  if (db < 0 || db >= static_cast<std::int64_t>(call.databases.size())) {
    args.fail("ERR Out of range database");
  }
  if (args.failed()) return;
  const Keyspace& keyspace = call.databases[static_cast<std::size_t>(db)];
  call.reply.verbatim("txt",
                      fmt::format("[Dictionary HT]\n{}[Expires HT]\n keys with a deadline: {}\n"
                                  " items in the timing wheel: {}\n memory: {} bytes\n",
                                  describe(keyspace.table().stats()), keyspace.expires(),
                                  keyspace.wheel().size(), keyspace.wheel().memory_bytes()));
}

// Nothing where the value has no table.
std::optional<HashTableStats> table_stats(const Entry& entry) {
  if (!entry.holds_large_collection()) return std::nullopt;
  const Collection& collection = *entry.collection();
  switch (entry.type()) {
    case Type::kHash: return static_cast<const LargeHash&>(collection).table_stats();
    case Type::kSet: return static_cast<const LargeSet&>(collection).table_stats();
    case Type::kSortedSet: return static_cast<const LargeSortedSet&>(collection).table_stats();
    default: return std::nullopt;
  }
}

void debug_htstats_key(Call& call) {
  const Entry* entry = existing_entry(call);
  if (entry == nullptr) return;
  const std::optional<HashTableStats> stats = table_stats(*entry);
  if (!stats) {
    return call.reply.error(
        "ERR The value stored at the specified key is not represented using an hash table");
  }
  call.reply.verbatim("txt", describe(*stats));
}

// --- Packed elements. They are shown where the server was started, as in Redis, and not in the
// reply: that is meant to have one line.

class Lines {
 public:
  void add(std::string_view text) { fmt::print("{{index: {}}} {}\n", index_++, quote(text)); }

 private:
  std::size_t index_ = 0;
};

void print_list(const ListView& list) {
  Lines lines;
  PackedElement::Scratch scratch;
  list.for_each([&](const PackedElement& element) { lines.add(element.text(scratch)); });
  std::fflush(stdout);
}

// Fields are followed by their values, and by deadlines where any field has one; members of sorted
// sets by their scores.
void print_packed(const Entry& entry) {
  std::string_view bytes = entry.value();
  if (entry.collection_encoding() == CollectionEncoding::kPackedExpiring) {
    bytes.remove_prefix(FieldWakeup::kBytes);
  }
  const PackedList list(bytes);
  Lines lines;
  PackedElement element;
  PackedElement::Scratch scratch;
  fmt::print("{{total bytes {}}}\n", bytes.size());
  for (PackedList::Cursor cursor = list.begin(); cursor != list.end();) {
    cursor = list.read(cursor, element);
    lines.add(element.text(scratch));
  }
  std::fflush(stdout);
}

void debug_listpack(Call& call) {
  const Entry* entry = existing_entry(call);
  if (entry == nullptr) return;
  if (!encoding_name(*entry).starts_with("listpack")) {
    return call.reply.error("ERR Not a listpack encoded object.");
  }
  entry->type() == Type::kList ? print_list(ListView(entry->collection_view()))
                               : print_packed(*entry);
  call.reply.simple("Listpack structure printed on stdout");
}

void debug_quicklist(Call& call) {
  const Entry* entry = existing_entry(call);
  if (entry == nullptr) return;
  if (encoding_name(*entry) != "quicklist") {
    return call.reply.error("ERR Not a quicklist encoded object.");
  }
  const auto& list = static_cast<const LargeList&>(*entry->collection()).elements();
  fmt::print(
      "{{count: {}}} {{chunks: {}}} {{compressed chunks: {}}} {{element bytes: {}}} "
      "{{compressed bytes: {}}}\n",
      list.size(), list.chunk_count(), list.compressed_chunk_count(), list.element_bytes(),
      list.compressed_bytes());
  const bool elements = call.args.size() > 3 && debug_switch(call, 3);
  if (elements) print_list(ListView(entry->collection_view()));
  std::fflush(stdout);
  call.reply.simple("Quicklist structure printed on stdout");
}

// The limit is checked and has no effect: here a large element shares its chunk with nobody anyway.
void debug_packed_threshold(Call& call) {
  constexpr std::uint64_t kMaxBytes = (std::uint64_t{1} << 32) - (1 << 20);
  const Result<std::uint64_t> bytes = parse_memory(call.args[2]);
  if (!bytes.ok() || *bytes > kMaxBytes) {
    return call.reply.error(
        "ERR argument must be a memory value bigger than 1 and smaller than 4gb");
  }
  call.reply.ok();
}

constexpr DebugSubcommand kRows[] = {
    {"htstats", debug_htstats, 1, 2, "db [full]", "Tells about the tables of a database"},
    {"htstats-key", debug_htstats_key, 1, 2, "key [full]",
     "Tells about the hash table of a key's value"},
    {"listpack", debug_listpack, 1, 1, "key", "Prints the elements of a packed value on stdout"},
    {"quicklist", debug_quicklist, 1, 2, "key [0|1]",
     "Prints how a list is stored on stdout, and with 1 its elements"},
    {"quicklist-packed-threshold", debug_packed_threshold, 1, 1, "size",
     "Takes the size from which elements had nodes of their own; it has no effect"},
};

}  // namespace

std::span<const DebugSubcommand> debug_table_subcommands() { return kRows; }

}  // namespace tarn
