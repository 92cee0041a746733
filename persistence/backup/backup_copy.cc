#include "persistence/backup/backup_copy.h"

#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "core/base/log.h"
#include "persistence/backup/backup_queue.h"
#include "persistence/io/atomic_file.h"
#include "persistence/io/files.h"

namespace tarn {
namespace {

Result<> link_log(const AofManifest& files, const std::string& from, const std::string& to,
                  const std::string& name) {
  if (::mkdir(to.c_str(), 0755) != 0) return file_error("make the folder", to, errno);
  const auto link = [&](const AofManifest::File& file) {
    return link_or_copy(from + "/" + file.name, to + "/" + file.name);
  };
  if (const auto linked = link(*files.base); !linked) return linked;
  for (const AofManifest::File& file : files.increments) {
    if (const auto linked = link(file); !linked) return linked;
  }
  return write_file_atomically(to + "/" + name + ".manifest", files.print());
}

// Of a copy that failed nothing stays, so that it can be tried again; which says so where something
// does.
void remove_folder(const std::string& folder) {
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
}

}  // namespace

// What is being linked becomes whole.
BackupCopy::~BackupCopy() {
  if (!in_progress() || linking_) return;
  job_.kill();
  remove_folder(folder_);
}

Result<> BackupCopy::start(const std::string& folder) {
  if (::mkdir(folder.c_str(), 0755) != 0) return file_error("make the folder", folder, errno);
  // Until it is done the server may go to another directory.
  std::error_code fault;
  folder_ = std::filesystem::absolute(folder, fault);
  if (fault) folder_ = folder;
  // The segment is closed when the log's helper has made way.
  if (aof_.is_open()) aof_.request_segment();
  return {};
}

void BackupCopy::tick() {
  if (!in_progress()) return;
  if (const auto outcome = job_.poll()) return finish_child(outcome->result);
  if (linking_) return static_cast<void>(linker_.poll());
  if (job_.running()) return;
  if (!aof_.is_open()) {
    if (other_child && other_child()) return;
    if (const auto started = start_child(); !started) finish_child(started);
    return;
  }
  // Without a base there is nothing that could be copied yet.
  if (aof_.segment_requested() || aof_.is_closing() || aof_.awaits_base()) return;
  start_linking();
}

// All but the segment that is being written.
void BackupCopy::start_linking() {
  linking_ = true;
  auto link = [files = aof_.closed_files(), from = aof_.settings.directory, folder = folder_,
               name = aof_.settings.name] {
    const auto linked = link_log(files, from, folder + "/" + from, name);
    if (!linked) remove_folder(folder);
    return linked;
  };
  linker_.add(std::move(link), [this](const Result<>& result) {
    linking_ = false;
    finish(result);
  });
}

Result<> BackupCopy::start_child() {
  const Snapshots::Settings& how = snapshots_.settings;
  const std::string path = folder_ + "/" + how.path;
  SnapshotSettings file = how.file;
  file.at_last = true;
  return job_.start({.title = "tarn-backup",
                     .scratch_file = snapshot_scratch_file(path),
                     .on_start = on_child_start},
                    [this, path, file](ForkedJob::Progress& progress) {
                      return save_snapshot(databases_, file, path,
                                           [&](std::uint64_t keys) { progress.report(keys); });
                    });
}

// The file of a child that fails is gone with it.
void BackupCopy::finish_child(const Result<>& result) {
  if (!result) remove_folder(folder_);
  finish(result);
}

void BackupCopy::finish(const Result<>& result) {
  status_.last_ok = result.ok();
  status_.last_folder = std::exchange(folder_, {});
  status_.last_time_s = clock_.now_ms() / 1000;
  status_.last_failure = result ? std::string() : result.error().message;
  if (result) {
    log::info("A copy of the data is in {}", status_.last_folder);
  } else {
    log::warn("No copy of the data could be made in {}: {}", status_.last_folder,
              status_.last_failure);
  }
}

}  // namespace tarn
