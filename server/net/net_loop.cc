#include "server/net/net_loop.h"

#include <sys/prctl.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <thread>
#include <utility>

#include "core/base/cycle_clock.h"
#include "server/net/connection.h"

namespace tarn {
namespace {

// Enough turns to share what is done once a batch; little beside what a reply needs to its reader.
constexpr std::uint64_t kBatchUs = 100;
// A batch that leaves output for more connections than this, as a message to thousands does, is
// sent in slices of so long.
constexpr std::size_t kFew = 64;
constexpr std::uint64_t kSendUs = 500;
// How long what waits for the loop to be idle waits at most, but for the round under way.
constexpr std::uint64_t kIdleUs = 200;
// Requests that are so near to each other come one behind the other; and how long Asio waits then.
constexpr std::uint64_t kLingerUs = 1000;
// How long the loop waits where another is likely to come. A timer within the system's next tick,
// of four milliseconds mostly, would have to be set up in the processor for each wait, for the
// price of two requests on a virtual machine.
constexpr int kLingerWaitMs = 5;

// Of the calling thread.
std::uint64_t processor_time_ns() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(time.tv_nsec);
}

}  // namespace

NetLoop::NetLoop()
    : ready_set_(io_), scratch_(std::make_unique_for_overwrite<char[]>(kReceiveBytes)) {}

NetLoop::~NetLoop() {
  for (std::size_t i = connections_.size(); i-- > 0;) connections_[i]->close();
  delete_retired();
}

void NetLoop::run() {
  ::prctl(PR_SET_TIMERSLACK, 1);  // a short sleep is to be one
  stats_.since_cycles = CycleClock::now();
  while (!stopped_) {
    ++stats_.iterations;
    take_turn_of_asio();
    const bool any = lingering_ && may_wait() ? linger() : serve_ready(0);
    serve_waiting();
    tell_idle(!any);
  }
}

bool NetLoop::poll() {
  bool any = io_.poll() > 0;
  any |= serve_ready(0);
  any |= has_waiting();
  serve_waiting();
  tell_idle(!any);
  return any;
}

// Waits, where nothing else is to be done or likely to come.
void NetLoop::take_turn_of_asio() {
  if (!lingering_ && may_wait()) {
    wait_in_asio();
  } else {
    looked_cycles_ = CycleClock::now();
    if (looked_cycles_ - asio_cycles_ < CycleClock::from_us(kLingerUs)) return;
    io_.poll();
  }
  looked_cycles_ = asio_cycles_ = CycleClock::now();
}

// A timer that ends the wait does its work there. That is no waiting, and shows as processor time.
void NetLoop::wait_in_asio() {
  ready_set_.watch();
  const std::uint64_t start = CycleClock::now();
  const std::uint64_t worked_before_ns = processor_time_ns();
  io_.run_one();
  const std::uint64_t worked = CycleClock::from_ns(processor_time_ns() - worked_before_ns);
  const std::uint64_t taken = CycleClock::now() - start;
  stats_.waited_cycles += taken - std::min(worked, taken);
}

bool NetLoop::linger() {
  if (coalescing_.sleeps(looked_cycles_, stats_.reads)) {
    if (serve_ready(0)) return true;
    std::this_thread::sleep_for(std::chrono::microseconds(WakeupCoalescing::kSleepUs));
  }
  return serve_ready(kLingerWaitMs);
}

// ---- Rounds -------------------------------------------------------------------------------------

bool NetLoop::serve_ready(int wait_ms) {
  ReadySet::Round round(ready_set_);
  if (!round.collect(wait_ms)) {
    if (wait_ms == 0) return false;
    lingering_ = false;
    stats_.waited_cycles += CycleClock::now() - looked_cycles_;
    return false;
  }
  begin_round();
  if (wait_ms > 0) stats_.waited_cycles += round_cycles_ - looked_cycles_;
  while (!round.done() && !stopped_) {
    round.serve_next();
    end_turn();
  }
  end_round();
  return true;
}

void NetLoop::serve_waiting() {
  if (std::exchange(turns_wait_, false)) {
    begin_round();
    std::vector<Connection*> serving;
    serving.swap(to_serve_);
    for (Connection* connection : serving) {
      if (stopped_) break;
      connection->on_turn();
      end_turn();
    }
    end_round();
  }
  run_posted();
}

void NetLoop::run_posted() {
  if (posted_.empty()) return;
  std::vector<std::function<void()>> running;
  running.swap(posted_);
  for (const auto& work : running) {
    if (stopped_) break;
    work();
  }
}

void NetLoop::ask_when_idle() {
  if (std::exchange(idle_asked_, true)) return;
  idle_deadline_cycles_ = CycleClock::now() + CycleClock::from_us(kIdleUs);
}

void NetLoop::tell_idle(bool idle) {
  if (!idle_asked_ || (!idle && CycleClock::now() < idle_deadline_cycles_)) return;
  idle_asked_ = false;
  idle_();
}

void NetLoop::begin_round() {
  if (rounds_under_way_++ > 0) return;
  const std::uint64_t now = CycleClock::now();
  batch_deadline_cycles_ = now + CycleClock::from_us(kBatchUs);
  // A wait that comes to nothing costs more than a way through Asio: only where the last round was
  // so near, too.
  lingering_ = now - round_cycles_ < CycleClock::from_us(kLingerUs);
  round_cycles_ = now;
}

void NetLoop::end_round() {
  end_batch();
  if (--rounds_under_way_ == 0) delete_retired();
}

void NetLoop::end_turn() {
  const std::uint64_t now = CycleClock::now();
  if (now < batch_deadline_cycles_) return;
  end_batch();
  batch_deadline_cycles_ = now + CycleClock::from_us(kBatchUs);
}

void NetLoop::end_batch() {
  if (batch_end_) batch_end_();
  flushing_.swap(to_flush_);
  if (flushing_.size() <= kFew && unsent_.empty()) [[likely]] {
    for (Connection* connection : flushing_) connection->flush();
  } else {
    send_slice();
  }
  flushing_.clear();
  if (memory_watched_) [[unlikely]]
    batch_sent_();
}

// This batch comes first; but those who have waited longest are sent to even where it takes all the
// time.
void NetLoop::send_slice() {
  constexpr std::size_t kFewest = 16;
  const std::uint64_t deadline = CycleClock::now() + CycleClock::from_us(kSendUs);
  auto next = flushing_.begin();
  while (next != flushing_.end() && CycleClock::now() < deadline) (*next++)->flush();
  unsent_.insert(unsent_.end(), next, flushing_.end());
  for (std::size_t sent = 0; !unsent_.empty(); ++sent) {
    if (sent >= kFewest && CycleClock::now() >= deadline) break;
    Connection* connection = unsent_.front();
    unsent_.pop_front();
    connection->flush();
  }
  if (!unsent_.empty()) serve_waiting_soon();
}

void NetLoop::flush_later(Connection& connection) {
  to_flush_.push_back(&connection);
  end_batch_soon();
}

void NetLoop::end_batch_soon() {
  if (rounds_under_way_ == 0) serve_waiting_soon();
}

void NetLoop::take_turn_later(Connection& connection) {
  to_serve_.push_back(&connection);
  serve_waiting_soon();
}

void NetLoop::flush_all() {
  for (std::size_t i = connections_.size(); i-- > 0;) connections_[i]->flush();
}

// ---- Connections --------------------------------------------------------------------------------

void NetLoop::add(Connection& connection) {
  connection.set_loop_index(connections_.size());
  connections_.push_back(&connection);
}

void NetLoop::retire(Connection& connection) {
  retired_.push_back(&connection);
  if (rounds_under_way_ == 0) serve_waiting_soon();
}

void NetLoop::delete_retired() {
  if (retired_.empty()) return;
  const auto retired = [](const Connection* connection) { return connection->closed(); };
  std::erase_if(to_flush_, retired);
  std::erase_if(unsent_, retired);
  std::erase_if(to_serve_, retired);
  for (Connection* connection : retired_) {
    remove(*connection);
    delete connection;
  }
  retired_.clear();
}

void NetLoop::remove(Connection& connection) {
  const std::size_t index = connection.loop_index();
  connections_[index] = connections_.back();
  connections_[index]->set_loop_index(index);
  connections_.pop_back();
}

}  // namespace tarn
