#pragma once

#include <array>
#include <asio/io_context.hpp>
#include <asio/posix/basic_stream_descriptor.hpp>
#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "server/net/input_buffer.h"
#include "server/net/net_loop.h"
#include "server/net/transport.h"

namespace tarn {

// A connected stream socket in reactor style: waits until the socket is readable, receives once
// without blocking, hands the bytes to its handler, and sends what the handler replied.
//
// Input is received into the loop's scratch buffer, so a connection without a half-received request
// holds no input memory; what the handler leaves is kept in the connection's own buffer. Where the
// handler names a direct target, bytes go there.
//
// A connection owns itself: it is deleted once it is closed and none of its waits is outstanding.
class Connection final : public Transport {
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

  std::size_t loop_index() const { return loop_index_; }
  void set_loop_index(std::size_t index) { loop_index_ = index; }

 private:
  using Descriptor = asio::posix::basic_stream_descriptor<asio::io_context::executor_type>;

  // Memory for the operation that Asio keeps while it waits, so that waiting allocates nothing. One
  // operation at a time.
  class OperationMemory {
   public:
    void* allocate(std::size_t bytes);
    void deallocate(void* memory);

   private:
    alignas(std::max_align_t) std::array<std::byte, 256> storage_;
    bool used_ = false;
  };
  template <class T>
  struct OperationAllocator;
  template <void (Connection::*method)()>
  struct Operation;

  template <void (Connection::*method)()>
  Operation<method> operation(OperationMemory& memory);
  void operation_ended();

  void wait_readable();
  void wait_writable();
  void on_readable();
  void on_writable();
  void on_turn();
  void end_turn();
  void receive();
  bool may_receive_ahead();
  void receive_ahead();
  ssize_t send_vectors(std::span<const iovec> vectors);
  bool receive_into(std::span<char> target, std::size_t& received);
  void deliver(std::string_view bytes);
  void deliver_pending();
  bool takes_input() const { return !input_paused_ && !output_held_; }
  void take_turn_later();
  void destroy_if_idle();

  NetLoop& loop_;
  Descriptor descriptor_;
  const int fd_;
  const Addresses addresses_;
  std::unique_ptr<InputHandler> handler_;
  InputBuffer input_;
  OutputBuffer output_;
  std::size_t bytes_received_ = 0;
  std::size_t bytes_sent_ = 0;
  std::size_t loop_index_ = 0;
  unsigned operations_ = 0;
  bool waiting_readable_ = false;
  bool waiting_writable_ = false;
  bool turn_posted_ = false;
  bool flush_scheduled_ = false;
  bool in_turn_ = false;  // its handler has the word
  bool input_paused_ = false;
  bool output_held_ = false;
  bool draining_ = false;  // close once everything is sent
  bool closed_ = false;
  OperationMemory read_memory_;
  OperationMemory write_memory_;
  OperationMemory turn_memory_;
};

}  // namespace tarn
