#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "core/base/clock.h"
#include "core/keyspace/databases.h"
#include "persistence/aof/append_only_file.h"
#include "persistence/snapshot/forked_job.h"
#include "persistence/snapshot/snapshots.h"

namespace tarn {

// One consistent copy of the data in a new folder, made while writes go on (BACKUP).
//
// With an append-only file the copy is its files as of a moment: the segment is closed, and base
// and closed segments are linked into the folder (copied, where the file system has no hard links),
// with a manifest that names them, by a thread of the copy's own. Without one, a child writes a
// snapshot there. Where either fails, or the server ends before the files are being linked, the
// folder goes.
class BackupCopy {
 public:
  struct Status {
    bool last_ok = true;
    std::string last_folder;
    std::int64_t last_time_s = 0;
    std::string last_failure;
  };

  // A snapshot is made as `snapshots` makes it, and under the same name.
  BackupCopy(Databases& databases, const Clock& clock, AppendOnlyFile& aof,
             const Snapshots& snapshots)
      : databases_(databases), clock_(clock), aof_(aof), snapshots_(snapshots) {}
  ~BackupCopy();
  BackupCopy(const BackupCopy&) = delete;
  BackupCopy& operator=(const BackupCopy&) = delete;

  std::function<bool()> other_child;
  std::function<void(const std::string& doing)> on_child_start;

  // Begins; fails where the folder is there already, or cannot be made.
  // REQUIRES: !in_progress()
  Result<> start(const std::string& folder);
  // The files of the append-only file must stay where they are until it has ended.
  bool in_progress() const { return !folder_.empty(); }
  bool has_child() const { return job_.running(); }
  // Several times a second.
  void tick();

  const Status& status() const { return status_; }

 private:
  void start_linking();
  Result<> start_child();
  void finish_child(const Result<>& result);
  void finish(const Result<>& result);

  Databases& databases_;
  const Clock& clock_;
  AppendOnlyFile& aof_;
  const Snapshots& snapshots_;
  ForkedJob job_{databases_};
  FileWorker linker_{[] {}};  // tick() looks at it
  bool linking_ = false;
  std::string folder_;  // empty where nothing is going on
  Status status_;
};

}  // namespace tarn
