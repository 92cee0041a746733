#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "server/net/input_buffer.h"
#include "server/net/net_loop.h"
#include "server/net/transport.h"

namespace tarn {

// A connected stream socket in reactor style: when it is readable, it receives once without
// blocking, hands the bytes to its handler, and has sent what the handler replied when the batch
// ends (NetLoop).
//
// Input is received into the loop's scratch buffer, so a connection without a half-received request
// holds no input memory; what the handler leaves is kept in the connection's own buffer. Where the
// handler names a direct target, bytes go there.
//
// A peer that ends its side still gets the replies to what it has sent, also where they are held.
//
// A connection owns itself: once it is closed, the loop deletes it.
class Connection final : public Transport, public ReadySet::Member {
 public:
  struct Addresses {
    std::string peer;
    std::string local;
    bool unix_socket = false;
  };

  // Takes over `fd`, which is non-blocking.
  Connection(NetLoop& loop, int fd, Addresses addresses);
  ~Connection() override;

  void start(std::unique_ptr<InputHandler> handler);

  // For the loop. The socket is ready; it is this connection's turn to go on with what it has; and
  // the batch has ended.
  void on_ready(ReadySet::Ready ready) override;
  void on_turn();
  // Sends what waits, as much as the socket takes; nothing while the output is held.
  void flush();

  OutputBuffer& output() override { return output_; }
  void schedule_flush() override;
  void close_after_flush() override;
  void close() override;
  void pause_input() override;
  void resume_input() override;
  void hold_output() override { output_held_ = true; }
  void release_output() override;
  int fd() const override { return fd_; }
  const std::string& peer_address() const override { return addresses_.peer; }
  const std::string& local_address() const override { return addresses_.local; }
  bool is_unix_socket() const override { return addresses_.unix_socket; }
  std::size_t bytes_received() const override { return bytes_received_; }
  std::size_t bytes_sent() const override { return bytes_sent_; }
  std::size_t pending_input_bytes() const override { return input_.size(); }
  std::size_t input_capacity_bytes() const override { return input_.capacity(); }
  std::size_t memory_bytes() const override;
  std::size_t argument_bytes() const override { return handler_->argument_bytes(); }

  bool closed() const { return closed_; }
  std::size_t loop_index() const { return loop_index_; }
  void set_loop_index(std::size_t index) { loop_index_ = index; }

 private:
  std::uint32_t wanted_interest();
  void update_interest();
  void set_interest(std::uint32_t interest);
  void be_told_again() { set_interest(interest_); }
  template <class Deliver>
  void take_turn(Deliver deliver);
  void receive();
  bool may_receive_ahead();
  void receive_ahead();
  void send();
  void tell_of_memory();
  ssize_t send_vectors(std::span<const iovec> vectors);
  ssize_t receive_from_unix_socket(std::span<char> target, bool& cut);
  bool receive_into(std::span<char> target, std::size_t& received);
  void on_input_end();
  void end_after_replies();
  bool peer_is_gone() const;
  void deliver(std::string_view bytes);
  void deliver_pending();
  bool takes_input() const { return !input_paused_ && !output_held_; }
  void take_turn_later();
  bool wants_input();
  void wait_writable();
  void send_later();

  NetLoop& loop_;
  const int fd_;
  const Addresses addresses_;
  std::unique_ptr<InputHandler> handler_;
  InputBuffer input_;
  OutputBuffer output_;
  std::size_t bytes_received_ = 0;
  std::size_t bytes_sent_ = 0;
  std::size_t loop_index_ = 0;
  std::uint32_t interest_ = 0;  // what the loop's set is told
  bool drained_ = false;        // nothing was left to receive
  bool waiting_writable_ = false;
  bool turn_waits_ = false;
  bool turn_owed_ = false;  // it came while the output was held
  bool flush_scheduled_ = false;
  bool in_turn_ = false;  // its handler has the word
  bool input_paused_ = false;
  bool output_held_ = false;
  bool input_ended_ = false;  // the peer sends no more
  bool draining_ = false;     // close once everything is sent
  bool closed_ = false;
};

}  // namespace tarn
