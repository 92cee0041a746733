#include "server/net/net_loop.h"

#include <algorithm>
#include <asio/post.hpp>

#include "server/net/connection.h"

namespace tarn {

NetLoop::NetLoop() : scratch_(std::make_unique_for_overwrite<char[]>(kReceiveBytes)) {}

NetLoop::~NetLoop() {
  for (std::size_t i = connections_.size(); i-- > 0;) connections_[i]->close();
  // Their waits end, and with the last one each connection deletes itself.
  io_.restart();
  while (!connections_.empty() && io_.poll_one() > 0) {
  }
}

void NetLoop::flush_soon(Connection& connection) {
  to_flush_.push_back(&connection);
  end_batch_soon();
}

void NetLoop::end_batch_soon() {
  if (flush_posted_) return;
  flush_posted_ = true;
  // Behind the handlers of everything that is ready now.
  asio::post(io_, [this] { flush_scheduled(); });
}

void NetLoop::cancel_flush(Connection& connection) {
  std::replace(to_flush_.begin(), to_flush_.end(), &connection, static_cast<Connection*>(nullptr));
  std::replace(flushing_.begin(), flushing_.end(), &connection, static_cast<Connection*>(nullptr));
}

void NetLoop::flush_scheduled() {
  flush_posted_ = false;
  end_batch();
  flushing_.swap(to_flush_);
  for (std::size_t i = 0; i < flushing_.size(); ++i) {
    if (flushing_[i] != nullptr) flushing_[i]->flush();
  }
  flushing_.clear();
}

void NetLoop::flush_all() {
  for (std::size_t i = connections_.size(); i-- > 0;) connections_[i]->flush();
}

void NetLoop::add(Connection& connection) {
  connection.set_loop_index(connections_.size());
  connections_.push_back(&connection);
}

void NetLoop::remove(Connection& connection) {
  const std::size_t index = connection.loop_index();
  connections_[index] = connections_.back();
  connections_[index]->set_loop_index(index);
  connections_.pop_back();
}

}  // namespace tarn
