#include "persistence/io/file_worker.h"

#include <utility>

#include "core/base/processors.h"

namespace tarn {

FileWorker::~FileWorker() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void FileWorker::add(Work work, Then then) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back({std::move(work), std::move(then)});
  }
  changed_.notify_all();
  if (!thread_.joinable()) thread_ = start_helper([this] { run(); });
}

void FileWorker::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stop_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    const Work work = std::move(jobs_.front().work);
    lock.unlock();
    Result<> result = work();
    lock.lock();
    ended_.push_back({std::move(jobs_.front().then), std::move(result)});
    jobs_.pop_front();
    changed_.notify_all();
    lock.unlock();
    wake_();
    lock.lock();
  }
}

bool FileWorker::poll() {
  std::vector<Ended> ended;
  {
    const std::lock_guard lock(mutex_);
    ended = std::exchange(ended_, {});
  }
  for (const Ended& job : ended) job.then(job.result);
  return !ended.empty();
}

void FileWorker::finish() {
  do {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return jobs_.empty(); });
  } while (poll());
}

}  // namespace tarn
