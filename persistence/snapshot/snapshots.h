#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/keyspace/databases.h"
#include "persistence/io/file_worker.h"
#include "persistence/snapshot/forked_job.h"
#include "persistence/snapshot/save_points.h"
#include "persistence/snapshot/snapshot_file.h"

namespace tarn {

// The snapshots of a server: the file, when it is written, and how that went.
//
// While a child writes, each page that the parent writes is a page copied. So reads leave no trace
// in the entries then, and writes leave those from before alone (Databases::begin_sharing).
class Snapshots {
 public:
  // To be set by the owner; looked at when a snapshot begins.
  struct Settings {
    std::string path = "dump.rdb";
    SnapshotSettings file{};
    std::vector<SavePoint> points;
  };
  struct Stats {
    std::uint64_t saves = 0;  // begun, of both kinds
    std::uint64_t last_cow_bytes = 0;
    std::int64_t last_duration_s = -1;  // in the background
  };

  // Whoever owns `files` polls it.
  Snapshots(Databases& databases, const Clock& clock, FileWorker& files);

  Settings settings;
  // Asked before each snapshot whether the file may be written.
  std::function<Result<>()> before_writing;
  // Whether another child lives, so that none may be forked.
  std::function<bool()> other_child;
  // Runs first in the child.
  std::function<void(const std::string& title)> on_child_start;
  // The last attempt in the background went otherwise than the one before.
  std::function<void()> on_status;
  // A snapshot is complete.
  std::function<void(const std::string& path)> on_saved;

  // Writes the file now. REQUIRES: !in_progress()
  Result<> save();
  // Has a child write it. REQUIRES: no child lives
  Result<> save_in_background();
  // Has a child write it as soon as may be.
  void schedule() { scheduled_ = true; }
  // Looks after the child; starts what is scheduled or due. To be called several times a second.
  void tick();
  // Ends the child that writes, if there is one; what it wrote is gone.
  void cancel();
  // All keys were deleted at a client's wish: what a child saves is of no use any more and, where
  // there are save points, the file must not bring back what is gone. So it has no name any more
  // when this returns; to free what it took, and to write one without keys, is left to `files`.
  void all_deleted();
  // Waits for what is left to `files`.
  void finish_files() { files_.finish(); }
  // What the databases hold now is what the file holds: it was just loaded.
  void mark_saved();

  bool in_progress() const { return job_.running(); }
  bool may_fork() const { return !in_progress() && !(other_child && other_child()); }
  const ForkedJob& job() const { return job_; }
  std::uint64_t keys_total() const { return in_progress() ? keys_total_ : 0; }
  std::uint64_t keys_done() const { return in_progress() ? job_.done() : 0; }
  // Since the child was started, and until it is done by how far it is; -1 where unknown.
  std::int64_t elapsed_ms() const;
  std::int64_t left_ms() const;

  std::uint64_t changes() const { return databases_.stats().changes - saved_changes_; }
  std::int64_t last_save_s() const { return history_.last_save_s; }
  bool last_background_save_ok() const { return history_.last_try_ok; }
  const Stats& stats() const { return stats_; }

 private:
  std::int64_t now_s() const { return clock_.now_ms() / 1000; }
  SaveHistory history() const;
  Result<> replace_by_empty();
  Result<> start_child();
  Result<> may_write() const { return before_writing ? before_writing() : Result<>(); }
  void finish(const ForkedJob::Outcome& outcome);
  void set_status(bool ok);
  void saved(std::uint64_t changes);

  Databases& databases_;
  const Clock& clock_;
  FileWorker& files_;
  ForkedJob job_{databases_};
  SaveHistory history_;
  std::uint64_t saved_changes_ = 0;   // of KeyspaceStats::changes
  std::uint64_t forked_changes_ = 0;  // likewise, when the child was forked
  std::string child_path_;
  std::uint64_t keys_total_ = 0;
  bool scheduled_ = false;
  Stats stats_;
};

}  // namespace tarn
