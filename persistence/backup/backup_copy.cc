#include "persistence/backup/backup_copy.h"

#include <sys/stat.h>

#include <cerrno>

#include "core/base/log.h"
#include "persistence/backup/backup_queue.h"
#include "persistence/io/atomic_file.h"
#include "persistence/io/files.h"

namespace tarn {

Result<> BackupCopy::start(const std::string& folder) {
  if (::mkdir(folder.c_str(), 0755) != 0) return file_error("make the folder", folder, errno);
  folder_ = folder;
  // The segment is closed when the log's helper has made way.
  if (aof_.is_open()) aof_.request_segment();
  return {};
}

void BackupCopy::tick() {
  if (!in_progress()) return;
  if (const auto outcome = job_.poll()) return finish(outcome->result);
  if (job_.running()) return;
  if (!aof_.is_open()) {
    if (other_child && other_child()) return;
    if (const auto started = start_child(); !started) finish(started);
    return;
  }
  // Without a base there is nothing that could be copied yet.
  if (aof_.segment_requested() || aof_.log().sync_in_progress() || !aof_.manifest().base) return;
  finish(link_files());
}

// All but the segment that is being written.
Result<> BackupCopy::link_files() const {
  const std::string directory = folder_ + "/" + aof_.settings.directory;
  if (::mkdir(directory.c_str(), 0755) != 0) {
    return file_error("make the folder", directory, errno);
  }
  AofManifest copied = aof_.manifest();
  copied.history.clear();
  copied.increments.pop_back();
  if (const auto linked =
          link_or_copy(aof_.path_of(*copied.base), directory + "/" + copied.base->name);
      !linked) {
    return linked;
  }
  for (const AofManifest::File& file : copied.increments) {
    const auto linked = link_or_copy(aof_.path_of(file), directory + "/" + file.name);
    if (!linked) return linked;
  }
  return write_file_atomically(directory + "/" + aof_.settings.name + ".manifest", copied.print());
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
