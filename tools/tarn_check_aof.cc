// tarn-check-aof: verifies an append-only file, and cuts a damaged one where its whole part ends.
//
// A repair cuts the file with the first fault, and takes those behind it out of the manifest; they
// stay on disk with ".dropped" behind their names. What is lost may be in an archive, so that its
// numbers, of files and of batches, are taken: the manifest says so, as after a return to an
// earlier moment (AofManifest::left_batches).

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>

#include "persistence/io/atomic_file.h"
#include "persistence/io/directory_lock.h"
#include "persistence/io/files.h"
#include "tools/arguments.h"
#include "tools/log_check.h"
#include "tools/log_files.h"

namespace tarn {
namespace {

namespace fs = std::filesystem;

constexpr const char* kUsage =
    "Usage: tarn-check-aof FILE|DIRECTORY|MANIFEST [--repair [--yes]]\n"
    "  The directory is that of the log, or the data directory that it is in.\n"
    "  --repair  cuts a damaged log where its whole part ends; asks before, unless --yes\n"
    "Exits with 0 if all is whole, or has been repaired.\n";

bool is_confirmed() {
  fmt::print("Cut it there? [y/N] ");
  std::fflush(stdout);
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

// The last batch that a repair loses; 0 for none that has a number.
Result<std::uint64_t> last_lost(const Log& log, const LogFault& fault) {
  std::uint64_t last = 0;
  for (std::size_t i = fault.file; i < log.files.size(); ++i) {
    if (!fs::exists(log.files[i])) continue;
    const bool in_part = fault.cut && i == fault.file;
    const auto batch = last_batch_after(log.files[i], in_part ? fault.cut->good_bytes : 0);
    if (!batch) return batch;
    last = std::max(last, *batch);
  }
  return last;
}

// The manifest first: what it does not name is no part of the log, whatever happens then.
Result<> drop_files(Log& log, std::size_t first, std::uint64_t lost) {
  if (log.manifest_path.empty()) return {};
  auto& segments = log.manifest.increments;
  for (std::size_t i = first - log.first_segment(); i < segments.size(); ++i) {
    log.manifest.history.push_back({segments[i].name + ".dropped", segments[i].number});
  }
  segments.resize(std::min(segments.size(), first - log.first_segment()));
  log.manifest.left_batches = std::max(log.manifest.left_batches, lost);
  const auto saved = write_file_atomically(log.manifest_path, log.manifest.print());
  if (!saved) return saved;
  for (std::size_t i = first; i < log.files.size(); ++i) {
    if (!fs::exists(log.files[i])) continue;
    const std::string aside = log.files[i] + ".dropped";
    if (const auto renamed = rename_file(log.files[i], aside); !renamed) return renamed;
    fmt::print("{}: no part of the log any more; it is {} now\n", log.files[i], aside);
  }
  return sync_directory_of(log.manifest_path);
}

// Keeps a server off while its files change. A copy of them has no lock.
Result<std::unique_ptr<DirectoryLock>> lock(const Log& log) {
  const fs::path folder = fs::absolute(log.files[0]).parent_path();
  for (const fs::path& directory : {folder, folder.parent_path()}) {
    if (!fs::exists(directory / DirectoryLock::kFileName)) continue;
    return DirectoryLock::acquire(directory.string());
  }
  return std::unique_ptr<DirectoryLock>();
}

// Says what a repair will do, and what it loses.
void announce(const Log& log, const LogCheck& check, std::size_t first_dropped,
              std::uint64_t lost) {
  const LogFault& fault = *check.fault();
  const std::string& path = log.files[fault.file];
  if (fault.cut) {
    const AofSegment& cut = *fault.cut;
    fmt::print("To repair: cut {} at offset {}. That loses {} bytes with at least {} commands",
               path, cut.good_bytes, cut.bytes - cut.good_bytes, cut.torn_commands);
    if (cut.annotated && lost > cut.sequence) {
      fmt::print(", of batches {} to {}", cut.sequence + 1, lost);
    }
  } else {
    fmt::print("To repair: end the log before {}", path);
  }
  const std::size_t dropped = log.files.size() - std::min(log.files.size(), first_dropped);
  fmt::print("; {} files behind that are dropped, with {} commands.\n", dropped,
             check.commands_behind());
}

int repair(Log& log, const LogCheck& check, bool yes) {
  const LogFault& fault = *check.fault();
  const std::string& path = log.files[fault.file];
  if (!fault.repairable || (!fault.cut && fault.file == 0)) {
    return fail(Error{path + ": this cannot be repaired by a cut. Restore it from a backup; "
                             "tarn-check-rdb --repair saves the keys of a damaged RDB file."});
  }
  const std::size_t first_dropped = fault.file + (fault.cut ? 1 : 0);
  const auto lost = last_lost(log, fault);
  if (!lost) return fail(lost.error());
  announce(log, check, first_dropped, *lost);
  const auto locked = lock(log);
  if (!locked) return fail(locked.error());
  if (!yes && ::isatty(STDIN_FILENO) == 0) {
    return fail(Error{"Nothing is changed: say --yes, or answer on a terminal"});
  }
  if (!yes && !is_confirmed()) return fail(Error{"Nothing is changed"});
  // A torn end was never safe, and so is in no archive.
  const bool torn = fault.cut && fault.cut->end == AofSegment::End::kTorn;
  const bool taken = !torn || first_dropped < log.files.size();
  if (const auto done = drop_files(log, first_dropped, taken ? *lost : 0); !done) {
    return fail(done.error());
  }
  if (fault.cut) {
    if (const auto done = cut_file(path, fault.cut->good_bytes); !done) return fail(done.error());
  }
  fmt::print("repaired\n");
  return 0;
}

int run(int argc, char** argv) {
  const auto arguments = Arguments::parse(argc, argv, {"--help", "--repair", "--yes"}, {});
  if (!arguments) return fail(arguments.error(), kUsage);
  if (arguments->has("--help")) return std::fputs(kUsage, stdout) < 0;
  if (arguments->rest().size() != 1) return fail(Error{"Expected one path"}, kUsage);
  auto log = find_log(arguments->rest()[0]);
  if (!log) return fail(log.error());
  LogCheck check(*log);
  if (const auto done = check.run(); !done) return fail(done.error());
  if (!check.fault()) {
    fmt::print("all is whole\n");
    return 0;
  }
  if (!arguments->has("--repair")) {
    std::fflush(stdout);
    return fail(Error{"damaged; --repair cuts the log there, and says before what is lost"});
  }
  return repair(*log, check, arguments->has("--yes"));
}

}  // namespace
}  // namespace tarn

int main(int argc, char** argv) { return tarn::run_guarded(tarn::run, argc, argv); }
