// tarn-restore: rebuilds a data directory as of some moment, from copies of an append-only file's
// base and segments (restore_plan.h). All is verified before anything is written; the manifest is
// written last, so that a directory which is not finished has no log.

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>

#include "persistence/aof/annotation.h"
#include "persistence/aof/manifest.h"
#include "persistence/io/atomic_file.h"
#include "persistence/io/file_source.h"
#include "persistence/io/files.h"
#include "tools/arguments.h"
#include "tools/moment.h"
#include "tools/restore_plan.h"

namespace tarn {
namespace {

namespace fs = std::filesystem;

constexpr const char* kUsage =
    "Usage: tarn-restore --from FOLDER [--to MOMENT] [--into NEWFOLDER]\n"
    "                    [--name appendonly.aof] [--dirname appendonlydir]\n"
    "  --from     files that backup-command has copied, or an append-only directory\n"
    "  --to       a sequence number (aof_sequence of INFO persistence), a local time as\n"
    "             \"2026-11-20 10:00:00\" (UTC with Z behind it), or @ and Unix seconds;\n"
    "             without it, as far as the files go\n"
    "  --into     the data directory to make, which must be empty, or not be there;\n"
    "             without it, the current one\n"
    "  --name     appendfilename of the server\n"
    "  --dirname  appenddirname of the server\n";

struct Order {
  std::string from;
  std::string into;
  std::string name;
  std::string dirname;
  Moment moment;
};

Result<Order> read_order(const Arguments& arguments) {
  Order order{arguments.value("--from"),
              arguments.value("--into", "."),
              arguments.value("--name", "appendonly.aof"),
              arguments.value("--dirname", "appendonlydir"),
              {}};
  if (order.from.empty()) return Error{"--from is needed"};
  if (!arguments.rest().empty()) return Error{"Unexpected: " + arguments.rest()[0]};
  if (arguments.has("--to")) {
    const auto moment = parse_moment(arguments.value("--to"));
    if (!moment) return moment.error();
    order.moment = *moment;
  }
  if (!fs::is_directory(order.from)) return Error{order.from + ": is no folder"};
  const fs::path within = fs::path(order.from) / order.dirname;
  if (fs::is_directory(within)) order.from = within.string();
  if (fs::exists(order.into) && (!fs::is_directory(order.into) || !fs::is_empty(order.into))) {
    return Error{order.into + ": is not empty; name a new folder by --into"};
  }
  return order;
}

// The first `bytes` of a file.
Result<> copy_file(const std::string& from, const std::string& to, std::uint64_t bytes) {
  constexpr std::size_t kPieceBytes = 1 << 20;
  auto source = FileSource::open(from);
  if (!source) return source.error();
  auto file = AtomicFile::create(to);
  if (!file) return file.error();
  std::string piece(kPieceBytes, '\0');
  while (bytes > 0) {
    const std::size_t wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(bytes, kPieceBytes));
    const auto count = (*source)->read({piece.data(), wanted});
    if (!count) return count.error();
    if (*count == 0) return Error{from + ": has become shorter"};
    const auto written = (*file)->sink().write({piece.data(), *count});
    if (!written) return written;
    bytes -= *count;
  }
  return (*file)->commit();
}

// A segment without batches.
Result<> write_first_line(const RestorePlan& plan, const std::string& to) {
  ChecksumChain chain;
  const Annotation annotation{.sequence = plan.base_sequence,
                              .bytes = 0,
                              .safe = plan.base_sequence,
                              .time_ms = plan.base_time_ms};
  return write_file_atomically(to, print_annotation(annotation, "", chain));
}

Result<> write_directory(const RestorePlan& plan, const Order& order) {
  const std::string directory = order.into + "/" + order.dirname;
  std::error_code fault;
  fs::create_directories(directory, fault);
  if (fault) return Error{fmt::format("Cannot make {}: {}", directory, fault.message())};
  AofManifest manifest;
  manifest.base = {plan.base.name, plan.base.number};
  const auto path_of = [&](const std::string& name) { return directory + "/" + name; };
  Result<> done = copy_file(plan.base.path, path_of(plan.base.name), plan.base.bytes);
  for (const RestorePiece& piece : plan.segments) {
    if (!done) return done;
    const std::string to = path_of(piece.name);
    done = piece.path.empty() ? write_first_line(plan, to) : copy_file(piece.path, to, piece.bytes);
    manifest.increments.push_back({piece.name, piece.number});
  }
  manifest.left_batches = plan.left_batches;
  // Of what is history only the numbers are needed, so that they are not taken again.
  const auto take_number = [&](std::string_view kind, std::uint64_t last, std::uint64_t used) {
    if (last > used) {
      manifest.history.push_back({fmt::format("{}.{}.{}", order.name, last, kind), last});
    }
  };
  take_number("base.rdb", plan.last_base_number, plan.base.number);
  take_number("incr.aof", plan.last_segment_number, plan.segments.back().number);
  if (done) done = write_file_atomically(path_of(order.name + ".manifest"), manifest.print());
  if (done) done = sync_directory_of(directory);
  if (done) done = sync_directory_of(fs::absolute(order.into).string());
  return done;
}

int restore(const Order& order) {
  const auto plan = plan_restore(order.from, order.name, order.moment);
  if (!plan) return fail(plan.error());
  if (const auto written = write_directory(*plan, order); !written) return fail(written.error());
  fmt::print("base: {}, {} keys, after batch {} of {}\n", plan->base.name, plan->base_keys,
             plan->base_sequence, print_time(plan->base_time_ms));
  if (!plan->torn.empty()) fmt::print("the last file has a torn end: {}\n", plan->torn);
  fmt::print("reached: batch {} of {} in {}, {} commands after the base\n", plan->sequence,
             print_time(plan->time_ms), plan->file, plan->commands);
  if (order.moment.is_time() && plan->left_batches == 0) {
    fmt::print(
        "nothing is later than that: if more was written up to --to, its segment is missing\n");
  }
  if (plan->left_batches != 0) {
    fmt::print("left: batches up to {}; what comes now is numbered from {} on\n",
               plan->left_batches, plan->left_batches + 2);
  }
  fmt::print("{}: ready for a server with --dir {} --appendonly yes\n", order.into, order.into);
  return 0;
}

int run(int argc, char** argv) {
  const auto arguments =
      Arguments::parse(argc, argv, {"--help"}, {"--from", "--into", "--to", "--name", "--dirname"});
  if (!arguments) return fail(arguments.error(), kUsage);
  if (arguments->has("--help")) return std::fputs(kUsage, stdout) < 0;
  const auto order = read_order(*arguments);
  return order ? restore(*order) : fail(order.error());
}

}  // namespace
}  // namespace tarn

int main(int argc, char** argv) { return tarn::run_guarded(tarn::run, argc, argv); }
