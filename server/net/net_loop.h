#pragma once

#include <asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "server/net/output_buffer.h"

namespace tarn {

class Connection;

// Traffic since the start, or since CONFIG RESETSTAT.
struct NetStats {
  std::uint64_t connections_accepted = 0;
  std::uint64_t connections_rejected = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t reads = 0;
  std::uint64_t writes = 0;
};

// What all connections of the event loop share: the loop, memory for input and output, and what
// happens at the end of a batch.
//
// A batch is what a connection hands to its handler in one turn. Its replies are sent in one piece
// when it ends, right then: a posted task would cost the loop another look at the sockets. Before
// that, whatever the batch's commands have left to be done once for all of them can happen. Output
// that others cause (a message, the end of a wait) is sent once the handlers that are ready have
// run.
class NetLoop {
 public:
  static constexpr std::size_t kReceiveBytes = 64 * 1024;

  NetLoop();
  ~NetLoop();
  NetLoop(const NetLoop&) = delete;
  NetLoop& operator=(const NetLoop&) = delete;

  asio::io_context& io() { return io_; }
  ChunkPool& chunks() { return chunks_; }
  NetStats& stats() { return stats_; }
  std::size_t connections() const { return connections_.size(); }

  // The buffer that sockets are read into; in use only within one read.
  char* scratch() { return scratch_.get(); }

  // Has the output sent of a connection that is not having its turn.
  void flush_soon(Connection& connection);
  void cancel_flush(Connection& connection);

  // Has a batch end soon, where no connection causes one.
  void end_batch_soon();

  // Called at the end of each batch, before its replies are sent.
  void on_batch_end(std::function<void()> hook) { batch_end_ = std::move(hook); }
  void end_batch() {
    if (batch_end_) batch_end_();
  }

  // Connections own themselves; the loop remembers them, to end those that are left with it.
  void add(Connection& connection);
  void remove(Connection& connection);
  // Sends what waits and is not held, as far as sockets take it at once.
  void flush_all();

 private:
  void flush_scheduled();

  asio::io_context io_{ASIO_CONCURRENCY_HINT_UNSAFE};
  ChunkPool chunks_;
  NetStats stats_;
  std::unique_ptr<char[]> scratch_;
  std::vector<Connection*> connections_;
  std::vector<Connection*> to_flush_;
  std::vector<Connection*> flushing_;
  std::function<void()> batch_end_;
  bool flush_posted_ = false;
};

}  // namespace tarn
