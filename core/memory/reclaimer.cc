#include "core/memory/reclaimer.h"

#include <sys/resource.h>
#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "core/base/processors.h"

namespace tarn {
namespace {

constexpr int kNice = 10;

class Worker {
 public:
  Worker() : owner_(::getpid()), thread_(start_helper([this] { run(); })) {}

  ~Worker() {
    if (!ours()) {
      // A forked child holds a copy of this object, but not the thread.
      thread_.detach();
      return;
    }
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }

  bool ours() const { return owner_ == ::getpid(); }

  void add(void* object, void (*destroy)(void*)) {
    {
      std::lock_guard lock(mutex_);
      queue_.push_back({object, destroy});
      ++pending_;
    }
    wake_.notify_one();
  }

  std::size_t pending() {
    std::lock_guard lock(mutex_);
    return pending_;
  }

  std::size_t completed() {
    std::lock_guard lock(mutex_);
    return completed_;
  }

  void drain() {
    std::unique_lock lock(mutex_);
    idle_.wait(lock, [this] { return pending_ == 0; });
  }

 private:
  struct Job {
    void* object;
    void (*destroy)(void*);
  };

  void run() {
    // Where both share a processor, the thread of commands goes first.
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice);
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      const Job job = queue_.front();
      queue_.pop_front();
      lock.unlock();
      job.destroy(job.object);
      lock.lock();
      ++completed_;
      if (--pending_ == 0) idle_.notify_all();
    }
  }

  const pid_t owner_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable idle_;
  std::deque<Job> queue_;
  std::size_t pending_ = 0;
  std::size_t completed_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

Worker& worker() {
  static Worker instance;
  return instance;
}

}  // namespace

void Reclaimer::destroy_later(void* object, void (*destroy)(void*)) {
  if (!worker().ours()) return destroy(object);
  worker().add(object, destroy);
}

std::size_t Reclaimer::pending() { return worker().pending(); }

std::size_t Reclaimer::completed() { return worker().completed(); }

void Reclaimer::drain() { worker().drain(); }

}  // namespace tarn
