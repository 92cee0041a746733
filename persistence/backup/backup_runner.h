#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/clock.h"
#include "persistence/backup/backup_queue.h"
#include "persistence/backup/process_mark.h"

namespace tarn {

// Hands the files of a queue to `backup-command`, one at a time, each until the command exits 0: so
// a copy goes to any file system or store with the tool that a site uses already. (The same idea as
// PostgreSQL's archive_command.)
//
//  1. The command is a shell line. In it %p is the file's path, %f its name, %% a percent sign.
//  2. It runs beside the server. tick() looks whether it has ended, and starts the next one.
//  3. Where it fails, the same file is tried again: after 1 s, 2 s, 4 s ... 60 s at most. Files
//     that come meanwhile wait behind it, so that what is elsewhere never has gaps.
//
// A server that ends lets a running command end by itself. The next one waits for that, by a mark
// beside the queue, and hands the file over again, as nobody knows how it ended: so the command
// must bear to be run twice for one file.
class BackupRunner {
 public:
  static constexpr std::int64_t kMaxDelayMs = 60'000;

  struct Status {
    std::uint64_t done = 0;    // files that are safe, since the start
    std::uint64_t failed = 0;  // runs that failed, since the start
    bool last_run_ok = true;
    std::string last_done;         // name of the last file that is safe
    std::int64_t last_done_s = 0;  // Unix time
    // On one line: file, exit status and the end of what the command wrote.
    std::string last_failure{};
    std::int64_t last_failure_s = 0;
  };

  BackupRunner(BackupQueue& queue, const Clock& clock)
      : queue_(queue), clock_(clock), mark_(queue.directory() + "/running") {}
  ~BackupRunner();
  BackupRunner(const BackupRunner&) = delete;
  BackupRunner& operator=(const BackupRunner&) = delete;

  // Empty for none: files then wait. Counts from the next run on, which does not wait.
  void set_command(std::string command);
  bool enabled() const { return !command_.empty(); }

  // To be called several times a second.
  void tick();

  bool running() const { return child_ > 0; }
  const BackupQueue& queue() const { return queue_; }
  const Status& status() const { return status_; }

  // The line that is run for a file; for messages and tests.
  static std::string expand(std::string_view command, std::string_view path, std::string_view name);

 private:
  bool predecessor_runs();
  void start();
  void look();
  void ended(int wait_status);
  void failed(const std::string& why);
  void read_output();

  BackupQueue& queue_;
  const Clock& clock_;
  const ProcessMark mark_;
  std::optional<pid_t> predecessor_;  // the command of an earlier server
  bool looked_for_predecessor_ = false;
  std::string command_;
  Status status_;
  pid_t child_ = 0;
  int output_fd_ = -1;
  std::string output_;            // the end of what the command wrote
  std::int64_t next_try_ms_ = 0;  // monotonic
  std::int64_t delay_ms_ = 0;
};

}  // namespace tarn
