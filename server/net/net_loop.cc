#include "server/net/net_loop.h"

#include <algorithm>
#include <asio/post.hpp>

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

}  // namespace

NetLoop::NetLoop()
    : ready_set_(io_, [this] { serve_ready(); }),
      scratch_(std::make_unique_for_overwrite<char[]>(kReceiveBytes)) {}

NetLoop::~NetLoop() {
  for (std::size_t i = connections_.size(); i-- > 0;) connections_[i]->close();
  delete_retired();
}

void NetLoop::poll() {
  // The round that is under way has yet to do so.
  if (!connections_.empty()) ready_set_.wait();
  io_.poll();
}

// ---- Rounds -------------------------------------------------------------------------------------

void NetLoop::serve_ready() {
  ReadySet::Round round;
  const auto ready = ready_set_.collect(round);
  begin_round();
  for (const ReadySet::Ready& one : ready) {
    if (io_.stopped()) break;
    static_cast<Connection*>(one.member)->on_ready(one.input, one.output);
    end_turn();
  }
  end_round();
  // Within a round, whoever polls looks again; the socket of the turn that is interrupted may be
  // ready all the time.
  if (rounds_under_way_ == 0 && !connections_.empty()) ready_set_.wait();
}

void NetLoop::serve_waiting() {
  serving_posted_ = false;
  begin_round();
  std::vector<Connection*> serving;
  serving.swap(to_serve_);
  for (Connection* connection : serving) {
    if (io_.stopped()) break;
    connection->on_turn();
    end_turn();
  }
  end_round();
}

// Behind the handlers of everything that is ready now.
void NetLoop::serve_waiting_soon() {
  if (serving_posted_) return;
  serving_posted_ = true;
  asio::post(io_, [this] { serve_waiting(); });
}

void NetLoop::begin_round() {
  if (rounds_under_way_++ == 0) {
    batch_deadline_cycles_ = CycleClock::now() + CycleClock::from_us(kBatchUs);
  }
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
  ready_set_.wait();
}

void NetLoop::retire(Connection& connection) {
  retired_.push_back(&connection);
  if (rounds_under_way_ == 0) serve_waiting_soon();
}

void NetLoop::delete_retired() {
  for (Connection* connection : retired_) {
    remove(*connection);
    std::erase(to_flush_, connection);
    std::erase(unsent_, connection);
    std::erase(to_serve_, connection);
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
