#include "server/net/connection.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace tarn {
namespace {

// How much one connection may send or receive before the others have their turn.
constexpr std::size_t kMaxSendBytesPerTurn = 1 << 20;
// The same of what is made while it is sent.
constexpr std::size_t kMaxMadeBytesPerTurn = 1 << 17;
constexpr std::size_t kMaxDirectBytesPerTurn = 1 << 20;
constexpr std::size_t kMaxVectors = 64;

}  // namespace

Connection::Connection(NetLoop& loop, int fd, Addresses addresses)
    : loop_(loop), fd_(fd), addresses_(std::move(addresses)), output_(loop.chunks()) {
  loop_.add(*this);
}

Connection::~Connection() = default;

void Connection::start(std::unique_ptr<InputHandler> handler) {
  handler_ = std::move(handler);
  update_interest();
}

// ---- Turns --------------------------------------------------------------------------------------

bool Connection::wants_input() {
  return !draining_ && !input_ended_ && (takes_input() || may_receive_ahead());
}

std::uint32_t Connection::wanted_interest() {
  return (wants_input() ? ReadySet::kInput : ReadySet::kNothing) |
         (waiting_writable_ ? ReadySet::kOutput : ReadySet::kNothing);
}

void Connection::update_interest() {
  if (closed_) return;
  const std::uint32_t interest = wanted_interest();
  if (interest != interest_) set_interest(interest);
}

void Connection::set_interest(std::uint32_t interest) {
  // The system has no memory for it: what cannot be watched cannot be served.
  if (!loop_.ready_set().change(*this, fd_, interest_, interest)) return close();
  interest_ = interest;
}

template <class Deliver>
void Connection::take_turn(Deliver deliver) {
  in_turn_ = true;
  deliver();
  in_turn_ = false;
  update_interest();
  if (loop_.memory_watched()) [[unlikely]]
    tell_of_memory();
}

void Connection::on_ready(ReadySet::Ready ready) {
  if (closed_) return;
  if (in_turn_) return be_told_again();
  if (ready.output && waiting_writable_) {
    waiting_writable_ = false;
    // Not now: a reply of this round may be among it, and has to wait for its end.
    schedule_flush();
  }
  drained_ = false;
  if (ready.input && !draining_ && !turn_waits_) {
    take_turn([this] { takes_input() ? receive() : receive_ahead(); });
    if (closed_) return;
  } else {
    update_interest();
  }
  const bool more = ready.input && (!drained_ || ready.in_pieces);
  if (more && (interest_ & ReadySet::kInput) != 0) [[unlikely]]
    be_told_again();
}

void Connection::on_turn() {
  turn_waits_ = false;
  if (closed_ || in_turn_ || draining_) return;
  turn_owed_ = output_held_;
  take_turn([this] {
    if (takes_input() && handler_->direct_target().empty()) deliver_pending();
  });
  if (input_ended_) end_after_replies();
}

// Descriptors that the peer sends along are dropped; but a receipt ends behind them, although more
// may be there.
ssize_t Connection::receive_from_unix_socket(std::span<char> target, bool& cut) {
  iovec vector{target.data(), target.size()};
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  const ssize_t result = ::recvmsg(fd_, &message, 0);
  cut = (message.msg_flags & MSG_CTRUNC) != 0;
  return result;
}

// Receives once. Returns false if the connection is gone or nothing was there.
bool Connection::receive_into(std::span<char> target, std::size_t& received) {
  bool cut = false;
  const ssize_t result = addresses_.unix_socket ? receive_from_unix_socket(target, cut)
                                                : ::recv(fd_, target.data(), target.size(), 0);
  if (result < 0) {
    drained_ = errno == EAGAIN;
    if (errno != EAGAIN && errno != EINTR) close();
    return false;
  }
  if (result == 0) {
    on_input_end();
    return false;
  }
  received = static_cast<std::size_t>(result);
  drained_ = received < target.size() && !cut;
  bytes_received_ += received;
  loop_.stats().bytes_received += received;
  ++loop_.stats().reads;
  return true;
}

// The peer may have ended only what it sends, and still read what it has asked for. A command that
// waits is not answered any more.
void Connection::on_input_end() {
  input_ended_ = true;
  if (output_held_ ? peer_is_gone() : input_paused_) return close();
  end_after_replies();
}

// Nothing more comes. What is held is part of what the peer has asked for, and so is the input
// behind it that was received ahead: its turn comes with the release.
void Connection::end_after_replies() {
  if (closed_ || output_held_ || turn_waits_) return;
  output_.empty() ? close() : close_after_flush();
}

// Whether the peer does not even read, as far as the system knows.
bool Connection::peer_is_gone() const {
  pollfd self{fd_, 0, 0};
  return ::poll(&self, 1, 0) > 0 && (self.revents & (POLLHUP | POLLERR)) != 0;
}

void Connection::receive() {
  std::size_t received = 0;
  if (std::span<char> direct = handler_->direct_target(); !direct.empty()) {
    if (direct.size() > kMaxDirectBytesPerTurn) direct = direct.first(kMaxDirectBytesPerTurn);
    if (!receive_into(direct, received)) return;
    handler_->on_direct(received);
    if (!closed_ && handler_->direct_target().empty()) deliver_pending();
    return;
  }
  if (input_.empty()) {
    if (!receive_into({loop_.scratch(), NetLoop::kReceiveBytes}, received)) return;
    deliver({loop_.scratch(), received});
    return;
  }
  if (!receive_into(input_.room(NetLoop::kReceiveBytes), received)) return;
  input_.commit(received);
  deliver_pending();
}

// While the handler takes no input, a little is kept for it. Not where the bytes have a direct
// target, which is no place for input that waits: they stay in the socket.
bool Connection::may_receive_ahead() {
  return input_.size() < NetLoop::kReceiveBytes && handler_->direct_target().empty();
}

// Also notices that the peer is gone.
void Connection::receive_ahead() {
  if (!may_receive_ahead()) return;
  std::size_t received = 0;
  if (receive_into(input_.room(NetLoop::kReceiveBytes), received)) input_.commit(received);
}

// Hands over bytes that are not in the connection's own buffer yet; keeps what is left of them.
void Connection::deliver(std::string_view bytes) {
  const InputHandler::Taken taken = handler_->on_input(bytes);
  if (closed_) return;
  const std::size_t left = bytes.size() - taken.front - taken.back;
  if (left > 0) input_.append(bytes.substr(taken.front, left));
  if (taken.more) take_turn_later();
}

void Connection::deliver_pending() {
  const InputHandler::Taken taken = handler_->on_input(input_.view());
  if (closed_) return;
  input_.drop_back(taken.back);
  input_.consume(taken.front);
  if (taken.more) take_turn_later();
}

void Connection::take_turn_later() {
  if (turn_waits_ || closed_) return;
  turn_waits_ = true;
  loop_.take_turn_later(*this);
}

void Connection::pause_input() { input_paused_ = true; }

void Connection::resume_input() {
  if (!input_paused_ || closed_) return;
  input_paused_ = false;
  take_turn_later();
}

// The output first: what it answers came before the input that waits.
void Connection::release_output() {
  if (!output_held_ || closed_) return;
  output_held_ = false;
  if (draining_ || !output_.empty()) schedule_flush();
  if (takes_input() && (turn_owed_ || !input_.empty())) take_turn_later();
  if (input_ended_) end_after_replies();
  update_interest();
}

void Connection::schedule_flush() {
  if (flush_scheduled_ || closed_) return;
  flush_scheduled_ = true;
  loop_.flush_later(*this);
}

void Connection::tell_of_memory() {
  if (!closed_) handler_->on_memory_changed();
}

std::size_t Connection::memory_bytes() const {
  return sizeof(*this) + addresses_.peer.capacity() + addresses_.local.capacity() +
         input_.capacity() + handler_->memory_bytes();
}

// One piece is the usual case, and cheaper to send.
ssize_t Connection::send_vectors(std::span<const iovec> vectors) {
  if (vectors.size() == 1) {
    return ::send(fd_, vectors[0].iov_base, vectors[0].iov_len, MSG_NOSIGNAL);
  }
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(vectors.data());
  message.msg_iovlen = vectors.size();
  return ::sendmsg(fd_, &message, MSG_NOSIGNAL);
}

void Connection::wait_writable() {
  waiting_writable_ = true;
  update_interest();
}

// The socket would take more, but the others have their turn first.
void Connection::send_later() {
  waiting_writable_ = true;
  set_interest(wanted_interest());
}

void Connection::flush() {
  send();
  if (loop_.memory_watched()) [[unlikely]]
    tell_of_memory();
}

void Connection::send() {
  flush_scheduled_ = false;
  if (output_held_ || closed_) return;
  std::size_t sent_now = 0;
  while (!output_.empty()) {
    std::array<iovec, kMaxVectors> vectors;
    const ssize_t result = send_vectors({vectors.data(), output_.gather(vectors)});
    if (result < 0) {
      if (errno == EAGAIN) return wait_writable();
      if (errno == EINTR) return send_later();
      return close();
    }
    const auto sent = static_cast<std::size_t>(result);
    output_.consume(sent);
    bytes_sent_ += sent;
    loop_.stats().bytes_sent += sent;
    ++loop_.stats().writes;
    sent_now += sent;
    const std::size_t limit = output_.makes_next() ? kMaxMadeBytesPerTurn : kMaxSendBytesPerTurn;
    if (sent_now >= limit && !output_.empty()) return send_later();
  }
  if (draining_) close();
}

void Connection::close_after_flush() {
  if (closed_ || draining_) return;
  draining_ = true;
  schedule_flush();
}

// Whoever called may still use the connection; the loop deletes it when nobody does.
void Connection::close() {
  if (closed_) return;
  closed_ = true;
  handler_->on_closed();
  output_.clear();
  static_cast<void>(loop_.ready_set().change(*this, fd_, interest_, ReadySet::kNothing));
  ::close(fd_);
  loop_.retire(*this);
}

}  // namespace tarn
