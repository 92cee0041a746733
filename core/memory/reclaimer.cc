#include "core/memory/reclaimer.h"

#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <thread>

#include "core/base/processors.h"

namespace tarn {
namespace {

constexpr int kNice = 10;
// What jemalloc keeps for a while when it is freed, which takes a microsecond, is below this; what
// is larger goes back to the system at once (its oversize_threshold).
constexpr std::size_t kSlowBytes = std::size_t{8} << 20;

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

  void add_piece(void* memory, std::size_t bytes) {
    {
      std::lock_guard lock(mutex_);
      pieces_.push_back({memory, bytes});
      waiting_bytes_.fetch_add(bytes, std::memory_order_relaxed);
      ++pending_;
    }
    wake_.notify_one();
  }

  bool free_piece() {
    std::unique_lock lock(mutex_);
    if (pieces_.empty()) return false;
    free_first(lock);
    return true;
  }

  std::size_t waiting_bytes() const { return waiting_bytes_.load(std::memory_order_relaxed); }

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
  struct Piece {
    void* memory;
    std::size_t bytes;
  };

  void run() {
    // Where both share a processor, the thread of commands goes first.
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice);
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty() || !pieces_.empty(); });
      if (!pieces_.empty()) {
        free_first(lock);
        continue;
      }
      if (queue_.empty()) return;
      const Job job = queue_.front();
      queue_.pop_front();
      lock.unlock();
      job.destroy(job.object);
      lock.lock();
      complete();
    }
  }

  void free_first(std::unique_lock<std::mutex>& lock) {
    const Piece piece = pieces_.front();
    pieces_.pop_front();
    waiting_bytes_.fetch_sub(piece.bytes, std::memory_order_relaxed);
    lock.unlock();
    std::free(piece.memory);
    lock.lock();
    complete();
  }

  void complete() {
    ++completed_;
    if (--pending_ == 0) idle_.notify_all();
  }

  const pid_t owner_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable idle_;
  std::deque<Job> queue_;
  std::deque<Piece> pieces_;
  std::atomic<std::size_t> waiting_bytes_ = 0;  // of the pieces
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

void Reclaimer::free_later(void* memory, std::size_t bytes) {
  if (bytes >= kSlowBytes) return destroy_later(memory, std::free);
  if (!worker().ours()) return std::free(memory);
  worker().add_piece(memory, bytes);
}

std::size_t Reclaimer::waiting_bytes() { return worker().waiting_bytes(); }

bool Reclaimer::free_one() { return worker().ours() && worker().free_piece(); }

std::size_t Reclaimer::pending() { return worker().pending(); }

std::size_t Reclaimer::completed() { return worker().completed(); }

void Reclaimer::drain() { worker().drain(); }

}  // namespace tarn
