#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/keyspace/databases.h"

namespace tarn {

// Work on the data as it is now, done by a forked child while the parent goes on: the system gives
// the child a copy of all memory, page by page, as the parent writes.
//
//  1. start() forks. The child keeps the standard streams and one end of a pipe, and closes what
//     else it has inherited: a listening port must not stay open in it, nor a client's connection.
//  2. The child does its work, and now and then writes into the pipe how far it is and how much
//     memory has been copied on its account. At the end it writes its result, and ends by _exit, so
//     that nothing of the parent's runs in it.
//  3. The parent polls. The end of the pipe and waitpid tell that the child has ended; no SIGCHLD
//     is needed. A child that ends without a result has crashed or was killed.
//
//  4. From before the fork until the child is gone the databases know that they share their memory,
//     so that the parent writes as few of the pages as it can (Databases::begin_sharing).
//
// Invariants: a child does not outlive its parent. It logs nothing, as it shares the parent's files
// of that purpose. When a child ends without success, its scratch file is removed.
class ForkedJob {
 public:
  // The child's side: tells the parent how far it is.
  class Progress {
   public:
    // Cheap; may be called for each key.
    void report(std::uint64_t done);

   private:
    friend class ForkedJob;
    explicit Progress(int pipe);
    void send();

    int pipe_;
    std::uint64_t done_ = 0;
    std::int64_t next_ms_ = 0;
  };
  using Work = std::function<Result<>(Progress&)>;

  struct Settings {
    std::string title;         // what the child does, for ps and top
    std::string scratch_file;  // removed where the child does not succeed; may be empty
    // Runs first in the child, for what is the process's own affair: how ps shows it, its oom
    // score.
    std::function<void(const std::string& title)> on_start{};
  };
  struct Outcome {
    Result<> result;
    // By kill() or abandon(), or by somebody who sent it SIGUSR1, which is how a child is told to
    // end without that being a failure.
    bool killed = false;
    std::uint64_t cow_bytes = 0;
    std::int64_t duration_ms = 0;
  };

  // The databases must outlive the job.
  explicit ForkedJob(Databases& databases) : databases_(databases) {}
  ~ForkedJob();
  ForkedJob(const ForkedJob&) = delete;
  ForkedJob& operator=(const ForkedJob&) = delete;

  // REQUIRES: !running(), nor is another job on these databases. May be called with other threads
  // about; the work must not need them.
  Result<> start(Settings settings, const Work& work);

  bool running() const { return pid_ > 0; }
  pid_t pid() const { return pid_; }
  // Takes in what the child has said, without waiting. The outcome, once, when it has ended.
  std::optional<Outcome> poll();
  // Waits for the child to end. REQUIRES: running()
  Outcome wait();
  // Ends the child now, and waits until it is gone. Nothing happens where there is none.
  void kill();
  // The same without waiting, which may be long where the child's memory is large: poll() tells
  // when it is gone. A scratch file has no name any more, so the child can give it no other.
  void abandon();

  // How far the child is, in the work's own unit, and memory copied so far; stay as they were at
  // the end when the child is gone.
  std::uint64_t done() const { return done_; }
  std::uint64_t cow_bytes() const { return cow_bytes_; }
  std::uint64_t cow_peak_bytes() const { return cow_peak_bytes_; }
  // Monotonic times in ms: when the child was started, and when it last said what it has copied.
  std::int64_t started_ms() const { return started_ms_; }
  std::int64_t cow_known_ms() const { return cow_known_ms_; }

  // For how long fork() held this process, the last time; how often there was one.
  static std::int64_t last_fork_us();
  static std::uint64_t forks();

 private:
  [[noreturn]] void run_child(int pipe, pid_t parent, const Settings& settings,
                              const Work& work) noexcept;
  void read_pipe();
  void remove_scratch_file();
  void take_messages();
  Outcome reap(int status);

  Databases& databases_;
  pid_t pid_ = -1;
  int pipe_ = -1;
  Settings settings_;
  std::string received_;
  std::optional<Result<>> result_;
  bool killing_ = false;
  std::uint64_t done_ = 0;
  std::uint64_t cow_bytes_ = 0;
  std::uint64_t cow_peak_bytes_ = 0;
  std::int64_t started_ms_ = 0;
  std::int64_t cow_known_ms_ = 0;
};

}  // namespace tarn
