#include "server/net/connection.h"

#include <sys/socket.h>

#include <asio/error_code.hpp>
#include <asio/post.hpp>
#include <cerrno>
#include <utility>

#include "core/base/assert.h"

namespace tarn {
namespace {

// How much one connection may send or receive before the others have their turn.
constexpr std::size_t kMaxSendBytesPerTurn = 1 << 20;
constexpr std::size_t kMaxDirectBytesPerTurn = 1 << 20;
constexpr std::size_t kMaxVectors = 64;

}  // namespace

void* Connection::OperationMemory::allocate(std::size_t bytes) {
  TARN_ASSERT(!used_ && bytes <= storage_.size());
  used_ = true;
  return storage_.data();
}

void Connection::OperationMemory::deallocate(void* /*memory*/) { used_ = false; }

template <class T>
struct Connection::OperationAllocator {
  using value_type = T;

  explicit OperationAllocator(OperationMemory& operation_memory) : memory(&operation_memory) {}
  template <class U>
  OperationAllocator(const OperationAllocator<U>& other) : memory(other.memory) {}

  T* allocate(std::size_t count) { return static_cast<T*>(memory->allocate(count * sizeof(T))); }
  void deallocate(T* pointer, std::size_t) { memory->deallocate(pointer); }
  bool operator==(const OperationAllocator&) const = default;

  OperationMemory* memory;
};

// A completion handler that calls a method of the connection. Errors need no look: the method finds
// out by itself when it uses the socket.
template <void (Connection::*method)()>
struct Connection::Operation {
  using allocator_type = OperationAllocator<std::byte>;

  allocator_type get_allocator() const { return allocator_type(*memory); }
  void operator()(const asio::error_code& = {}) const {
    (connection->*method)();
    connection->operation_ended();
  }

  Connection* connection;
  OperationMemory* memory;
};

template <void (Connection::*method)()>
Connection::Operation<method> Connection::operation(OperationMemory& memory) {
  ++operations_;
  return {this, &memory};
}

void Connection::operation_ended() {
  --operations_;
  destroy_if_idle();
}

Connection::Connection(NetLoop& loop, int fd, Addresses addresses)
    : loop_(loop),
      descriptor_(loop.io().get_executor(), fd),
      fd_(fd),
      addresses_(std::move(addresses)),
      output_(loop.chunks()) {
  loop_.add(*this);
}

Connection::~Connection() {
  if (handler_ != nullptr && !closed_) handler_->on_closed();
  if (flush_scheduled_) loop_.cancel_flush(*this);
  loop_.remove(*this);
}

void Connection::start(std::unique_ptr<InputHandler> handler) {
  handler_ = std::move(handler);
  wait_readable();
}

void Connection::wait_readable() {
  if (waiting_readable_ || draining_ || closed_ || turn_posted_) return;
  if (!takes_input() && !may_receive_ahead()) return;
  waiting_readable_ = true;
  descriptor_.async_wait(Descriptor::wait_read, operation<&Connection::on_readable>(read_memory_));
}

void Connection::wait_writable() {
  if (waiting_writable_ || closed_) return;
  waiting_writable_ = true;
  descriptor_.async_wait(Descriptor::wait_write,
                         operation<&Connection::on_writable>(write_memory_));
}

void Connection::on_readable() {
  waiting_readable_ = false;
  if (closed_ || draining_) return;
  in_turn_ = true;
  takes_input() ? receive() : receive_ahead();
  end_turn();
  wait_readable();
}

void Connection::on_writable() {
  waiting_writable_ = false;
  if (!closed_) flush();
}

// Receives once. Returns false if the connection is gone or nothing was there.
bool Connection::receive_into(std::span<char> target, std::size_t& received) {
  const ssize_t result = ::recv(fd_, target.data(), target.size(), 0);
  if (result < 0) {
    if (errno != EAGAIN && errno != EINTR) close();
    return false;
  }
  if (result == 0) {
    close();
    return false;
  }
  received = static_cast<std::size_t>(result);
  bytes_received_ += received;
  loop_.stats().bytes_received += received;
  ++loop_.stats().reads;
  return true;
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
  if (turn_posted_ || closed_) return;
  turn_posted_ = true;
  asio::post(loop_.io(), operation<&Connection::on_turn>(turn_memory_));
}

void Connection::on_turn() {
  turn_posted_ = false;
  if (closed_ || draining_) return;
  in_turn_ = true;
  if (takes_input() && handler_->direct_target().empty()) deliver_pending();
  end_turn();
  wait_readable();
}

// Sends what the commands of the turn replied.
void Connection::end_turn() {
  in_turn_ = false;
  if (!flush_scheduled_ || closed_) return;
  loop_.end_batch();
  flush();
}

void Connection::pause_input() { input_paused_ = true; }

void Connection::resume_input() {
  if (!input_paused_ || closed_) return;
  input_paused_ = false;
  if (takes_input()) take_turn_later();
}

// The output first: what it answers came before the input that waits.
void Connection::release_output() {
  if (!output_held_ || closed_) return;
  output_held_ = false;
  if (draining_ || !output_.empty()) schedule_flush();
  if (takes_input()) take_turn_later();
}

void Connection::schedule_flush() {
  if (flush_scheduled_ || closed_) return;
  flush_scheduled_ = true;
  if (!in_turn_) loop_.flush_soon(*this);
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

void Connection::flush() {
  flush_scheduled_ = false;
  if (output_held_) return;
  std::size_t sent_now = 0;
  while (!closed_ && !output_.empty()) {
    std::array<iovec, kMaxVectors> vectors;
    const ssize_t result = send_vectors({vectors.data(), output_.gather(vectors)});
    if (result < 0) {
      if (errno == EAGAIN || errno == EINTR) return wait_writable();
      return close();
    }
    const auto sent = static_cast<std::size_t>(result);
    output_.consume(sent);
    bytes_sent_ += sent;
    loop_.stats().bytes_sent += sent;
    ++loop_.stats().writes;
    sent_now += sent;
    if (sent_now >= kMaxSendBytesPerTurn && !output_.empty()) return wait_writable();
  }
  if (draining_ && !closed_) close();
}

void Connection::close_after_flush() {
  if (closed_ || draining_) return;
  draining_ = true;
  schedule_flush();
}

void Connection::close() {
  if (closed_) return;
  closed_ = true;
  handler_->on_closed();
  output_.clear();
  asio::error_code ignored;
  descriptor_.close(ignored);
  // Outstanding waits end now, each with a last call; where there is none, the connection must
  // still not vanish under whoever called.
  if (!turn_posted_) {
    turn_posted_ = true;
    asio::post(loop_.io(), operation<&Connection::on_turn>(turn_memory_));
  }
}

void Connection::destroy_if_idle() {
  if (closed_ && operations_ == 0) delete this;
}

}  // namespace tarn
