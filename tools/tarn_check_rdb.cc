// tarn-check-rdb: verifies a snapshot, says what is in it, and saves what a damaged one still has.

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/numbers.h"
#include "core/keyspace/databases.h"
#include "persistence/io/file_source.h"
#include "persistence/io/files.h"
#include "persistence/rdb/rdb_reader.h"
#include "persistence/snapshot/snapshot_file.h"
#include "tools/arguments.h"
#include "tools/log_files.h"

namespace tarn {
namespace {

constexpr const char* kUsage =
    "Usage: tarn-check-rdb FILE [--repair OUT] [--databases N]\n"
    "  --repair OUT   writes all keys before the damage to a new file\n"
    "  --databases N  how many databases the file may have; 16 by default\n"
    "Exits with 0 if the file is whole, or what could be saved is in OUT.\n";

constexpr std::array<std::string_view, 6> kTypeNames = {"string",     "list", "set",
                                                        "sorted set", "hash", "stream"};

void print_keys(const Databases& databases) {
  for (std::size_t i = 0; i < databases.size(); ++i) {
    std::array<std::uint64_t, kTypeNames.size()> counts{};
    std::uint64_t keys = 0;
    databases[i].for_each([&](const Entry& entry) {
      ++counts[static_cast<std::size_t>(entry.type())];
      ++keys;
    });
    if (keys == 0) continue;
    std::string types;
    for (std::size_t type = 0; type < counts.size(); ++type) {
      if (counts[type] != 0) types += fmt::format(", {} {}", counts[type], kTypeNames[type]);
    }
    fmt::print("database {}: {} keys{}\n", i, keys, types);
  }
}

// A plain file may have been written without a checksum; a frame of LZ4 has its own.
Result<bool> has_checksum(const std::string& path, const RdbSummary& summary) {
  if (summary.lz4) return true;
  char sum[sizeof(std::uint64_t)];
  if (summary.version < 5 || summary.bytes < sizeof sum) return false;
  auto source = FileSource::open(path, summary.bytes - sizeof sum);
  if (!source) return source.error();
  const auto count = (*source)->read(sum);
  if (!count) return count.error();
  return std::any_of(sum, sum + *count, [](char byte) { return byte != 0; });
}

int repair(const Databases& databases, const std::string& out) {
  const auto saved = save_snapshot(databases, {.format = SnapshotFormat::kPlain}, out, nullptr);
  if (!saved) return fail(saved.error());
  fmt::print("{}: written, with the {} keys before the damage\n", out, databases.total_keys());
  return 0;
}

int check(const std::string& path, const std::string& out, std::size_t database_count) {
  auto source = FileSource::open(path);
  if (!source) return fail(source.error());
  // At this clock's time nothing has expired: all keys that are there count.
  FakeClock clock(0);
  Databases databases(clock, database_count);
  RdbReadOptions how{.skip_unknown = true, .drop_expired = false};
  how.on_warning = [](const std::string& message) { fmt::print("{}\n", message); };
  const auto summary = read_rdb(**source, how, databases);
  if (!summary) {
    std::fflush(stdout);
    std::fprintf(stderr, "%s\n", summary.error().message.c_str());
    fmt::print("before the damage are {} keys:\n", databases.total_keys());
    print_keys(databases);
    return out.empty() ? 1 : repair(databases, out);
  }
  fmt::print("{}: RDB version {}, {}, {} bytes\n", path, summary->version,
             summary->lz4 ? "in an LZ4 frame" : "plain", (*source)->total_bytes());
  for (const auto& [name, value] : summary->aux) fmt::print("{}: {}\n", name, value);
  print_keys(databases);
  if (!summary->lz4 && summary->bytes < (*source)->total_bytes()) {
    fmt::print("{} bytes follow: commands, for tarn-check-aof\n",
               (*source)->total_bytes() - summary->bytes);
  }
  const auto summed = has_checksum(path, *summary);
  if (!summed) return fail(summed.error());
  fmt::print("{}, {} keys\n", *summed ? "checksum ok" : "whole, but has no checksum",
             summary->keys);
  if (!out.empty()) fmt::print("there is nothing to repair: {} is not written\n", out);
  return 0;
}

int run(int argc, char** argv) {
  const auto arguments = Arguments::parse(argc, argv, {"--help"}, {"--repair", "--databases"});
  if (!arguments) return fail(arguments.error(), kUsage);
  if (arguments->has("--help")) return std::fputs(kUsage, stdout) < 0;
  if (arguments->rest().size() != 1) return fail(Error{"Expected one file"}, kUsage);
  constexpr std::uint64_t kMaxDatabases = 1 << 16;
  std::uint64_t databases = 0;
  if (!parse_uint64(arguments->value("--databases", "16"), databases) || databases == 0 ||
      databases > kMaxDatabases) {
    return fail(Error{fmt::format("--databases is a number from 1 to {}", kMaxDatabases)});
  }
  const std::string out = arguments->value("--repair");
  if (!out.empty() && file_bytes(out) != 0) {
    return fail(Error{out + " exists: name a new file for what is saved"});
  }
  return check(arguments->rest()[0], out, static_cast<std::size_t>(databases));
}

}  // namespace
}  // namespace tarn

int main(int argc, char** argv) { return tarn::run_guarded(tarn::run, argc, argv); }
