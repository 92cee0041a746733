#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "core/base/result.h"

namespace tarn {

// A thread that does what a disk may take long for and nobody has to wait for: syncing directories,
// saving small files, linking, copying and deleting large ones.
//
// Jobs run one after another, in the order in which they were added, so a file that one job links
// may be deleted by the next. What a job's result means to its owner is done on the owner's thread:
// by poll(), after the worker has called `wake` on its own. The thread begins with the first job.
class FileWorker {
 public:
  // On the worker's thread; must not touch what belongs to the owner's.
  using Work = std::function<Result<>()>;
  using Then = std::function<void(const Result<>&)>;

  explicit FileWorker(std::function<void()> wake) : wake_(std::move(wake)) {}
  // Does what was added, but calls no Then.
  ~FileWorker();
  FileWorker(const FileWorker&) = delete;
  FileWorker& operator=(const FileWorker&) = delete;

  void add(Work work, Then then);
  // Calls the Then of each job that has ended. Returns whether there was any.
  bool poll();
  // Waits until all jobs have ended, those too that a Then adds, and polls.
  void finish();

 private:
  struct Job {
    Work work;
    Then then;
  };
  struct Ended {
    Then then;
    Result<> result;
  };

  void run();

  const std::function<void()> wake_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;  // the first of them is being done
  std::vector<Ended> ended_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace tarn
