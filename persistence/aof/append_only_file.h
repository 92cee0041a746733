#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/keyspace/databases.h"
#include "persistence/aof/aof_loader.h"
#include "persistence/aof/aof_log.h"
#include "persistence/aof/manifest.h"
#include "persistence/io/file_worker.h"
#include "persistence/snapshot/forked_job.h"
#include "persistence/snapshot/snapshot_file.h"

namespace tarn {

// An append-only file as a whole: a directory with a base (all data of some moment), the segments
// that were written since then, and the manifest that says which they are.
//
//  1. load() reads base and segments; open() goes on in a new segment.
//  2. A segment that is large or old enough is closed, and the next one begun: first the manifest
//     names the new file, then it is written to. The file that the manifest names last may
//     therefore be missing or empty, and one that it does not name is of no use.
//  3. A rewrite begins a new segment and, at the same moment, has a child write a base of the data
//     as they are. When the child is done, the manifest names the new base, and the segments since
//     then; what was before becomes history, and is deleted.
//  4. While clients are served, a FileWorker saves manifests and makes and deletes files, so that
//     nobody waits for the disk: the next segment is prepared before it is needed.
//
// Invariant: whenever the process dies, the manifest names files that together have all batches
// that were safe.
class AppendOnlyFile {
 public:
  // To be set by the owner.
  struct Settings {
    std::string directory = "appendonlydir";
    std::string name = "appendonly.aof";
    SnapshotSettings base{};
    bool base_is_rdb = true;  // or else commands
    bool keep_history = false;
    bool load_truncated = true;
    std::uint64_t segment_bytes = 0;        // 0: no limit
    std::int64_t segment_seconds = 0;       // likewise
    std::int64_t rewrite_percentage = 100;  // growth since the last rewrite; 0: never by itself
    std::uint64_t rewrite_min_bytes = 64 << 20;
  };
  struct Stats {
    std::uint64_t rewrites = 0;
    std::uint64_t failed_rewrites = 0;  // since the last that succeeded
    std::int64_t last_rewrite_s = -1;   // how long it took
    bool last_rewrite_ok = true;
    std::uint64_t last_cow_bytes = 0;
  };
  // `wake` is called on another thread when the log's helper has done something: poll() soon.
  // It, and the worker's own, are to be answered by poll().
  AppendOnlyFile(Databases& databases, const Clock& clock, FileWorker& files,
                 std::function<void()> wake);

  Settings settings;
  // Asked before a log is begun whether there may be one.
  std::function<Result<>()> before_writing;
  std::function<bool()> other_child;
  std::function<void(const std::string& doing)> on_child_start;
  // A file is complete, safe, and never written again.
  std::function<void(const std::string& path, const std::string& name)> on_finished_file;
  // Whether files may not be deleted now: they are being copied, or are to be linked.
  std::function<bool()> files_in_use;
  // A new segment begins, in which database 0 is selected.
  std::function<void()> on_segment;

  // Whether there is one on disk; an old single file is moved into the directory first. An error
  // where there are its files, but no manifest.
  Result<bool> find();
  // What is on disk, in bytes. REQUIRES: find() returned true
  std::uint64_t bytes_on_disk() const;
  // REQUIRES: find() returned true
  Result<> load(const AofLoader::Reader& reader);
  // Begins to log, after what was loaded. Without anything loaded, what the databases hold now
  // becomes the base. So it does after a return to an earlier moment: the new base has a number
  // beyond all of the history that was left, and its files follow those in number. In an archive of
  // both nothing is overwritten, and no number of a batch means two.
  Result<> open();
  // The same while clients are served: a child writes the base.
  Result<> open_beside();
  // Ends logging; waits until all is safe.
  Result<> close();
  bool is_open() const { return log_.started(); }
  // open_beside() has its log, but not yet the base without which that is of no use.
  bool awaits_base() const { return beside_; }
  // Of a log that is switched off the last segment is finished, too. REQUIRES: it is closed
  void report_last_segment();
  // Writes the base on this thread, for those who end before a child has. REQUIRES: awaits_base(),
  // the log is closed
  Result<> write_awaited_base();

  AofLog& log() { return log_; }
  const AofLog& log() const { return log_; }

  // Looks after segments, rewrites and failures. Several times a second.
  void tick();
  // A batch was committed: a segment that it has filled ends with it, if it may.
  void after_commit();
  // Takes in what the log's helper has done. Returns whether anything has changed.
  bool poll();

  // Starts a rewrite as soon as may be; by tick(). With the log switched off the base alone is made
  // anew, with which the log begins where it is on at a next start.
  void schedule_rewrite() { rewrite_wanted_ = true; }
  bool rewrite_scheduled() const { return rewrite_wanted_; }
  bool rewriting() const { return job_.running() || adopting_; }
  bool may_fork() const { return !rewriting() && !(other_child && other_child()); }
  // Has the segment closed as soon as may be, so that all that was logged by then is in files that
  // are finished.
  void request_segment() { segment_wanted_ = true; }
  bool segment_requested() const { return segment_wanted_; }
  // Segments are closed that are not safe yet.
  bool is_closing() const { return !finished_.empty(); }
  const AofManifest& manifest() const { return manifest_; }
  // What it names that will not be written again.
  AofManifest closed_files() const;
  // Whether all up to this batch can be had again, even if the power fails now: by syncs, whatever
  // `appendfsync` asks for, and not before there is a base.
  bool is_durable(std::uint64_t sequence) const {
    return !awaits_base() && log_.synced_sequence() >= sequence;
  }
  std::string path_of(const AofManifest::File& file) const;

  std::uint64_t current_bytes() const { return closed_bytes_ + log_.segment_bytes(); }
  std::uint64_t base_bytes() const { return rewritten_bytes_; }
  const ForkedJob& job() const { return job_; }
  const Stats& stats() const { return stats_; }

 private:
  std::string manifest_path() const;
  std::string beginning_path() const;
  Result<> save_manifest();
  struct FileChanges {
    FileWorker::Work before{};  // the manifest is saved
    FileWorker::Work after{};
  };
  void change_manifest(AofManifest next, FileChanges files, FileWorker::Then then);
  Result<> upgrade_single_file();
  Result<> allow_lack_of_manifest() const;
  Result<> mark_beginning() const;
  Result<> make_loaded_safe();
  Result<> take_over_directory();
  Result<> pass_numbers();
  AofManifest::File next_segment() const;
  AofManifest::File next_base() const;
  void drop_files();

  void prepare_segment();
  bool segment_is_prepared() const;
  Result<> begin_segment();
  void resume();
  void on_begun(std::uint64_t after);
  void put_off(const Error& why);
  bool has_batches() const { return log_.sequence() > segment_first_sequence_; }
  bool segment_is_large() const;
  bool segment_is_due() const;
  void report_finished();

  Result<> begin_base();
  // `at_last`: for a forked child.
  Result<> write_base(const std::string& path, std::uint64_t sequence, bool at_last,
                      const std::function<void(std::uint64_t keys)>& on_progress) const;
  bool rewrite_is_due() const;
  void do_what_is_due();
  void try_rewrite();
  Result<> start_rewrite();
  Result<> prepare_rewrite();
  void finish_rewrite(const ForkedJob::Outcome& outcome);
  void on_rewrite_failed(const Error& why);
  void adopt_base();
  void on_adopted();
  void delete_history();

  Databases& databases_;
  const Clock& clock_;
  FileWorker& files_;
  AofLog log_;
  AofManifest manifest_;        // as it is on disk
  bool changing_ = false;       // it is being saved
  AofManifest::File segment_;   // that is written; the manifest may name the next one
  std::uint64_t sequence_ = 0;  // of the last batch that was loaded
  bool loaded_ = false;
  bool beside_ = false;

  std::uint64_t closed_bytes_ = 0;  // of base and closed segments
  std::uint64_t rewritten_bytes_ = 0;
  std::int64_t segment_began_ms_ = 0;
  std::uint64_t segment_first_sequence_ = 0;
  std::vector<AofManifest::File> finished_;  // closed, and perhaps not safe yet
  std::int64_t next_try_ms_ = 0;             // after a failure to begin a segment

  ForkedJob job_{databases_};
  bool rewrite_wanted_ = false;
  bool segment_wanted_ = false;
  bool adopting_ = false;         // the manifest is to name the base that the child has written
  bool history_is_over_ = false;  // and can be deleted
  AofManifest::File base_;        // that the child writes
  std::uint64_t rewrite_first_segment_ = 0;
  std::int64_t next_rewrite_ms_ = 0;  // after failures
  Stats stats_;
};

}  // namespace tarn
