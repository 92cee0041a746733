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

// What all connections of the event loop share: the loop, memory for input and output, and the
// round.
//
// A round is what the loop does between two waits: it handles every connection that is ready.
// Replies are not sent one by one but at the end of the round, when all commands of all ready
// connections have run; so whatever has to happen once for all of them (a write of the log) can
// happen before.
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

  // Has the connection's output sent at the end of the round.
  void flush_at_end_of_round(Connection& connection);
  void cancel_flush(Connection& connection);

  // Called at the end of each round, before replies are sent.
  void on_round_end(std::function<void()> hook) { round_end_ = std::move(hook); }

  // Connections own themselves; the loop remembers them, to end those that are left with it.
  void add(Connection& connection);
  void remove(Connection& connection);
  // Sends what waits, as far as sockets take it at once.
  void flush_all();

 private:
  void end_round();

  asio::io_context io_{ASIO_CONCURRENCY_HINT_UNSAFE};
  ChunkPool chunks_;
  NetStats stats_;
  std::unique_ptr<char[]> scratch_;
  std::vector<Connection*> connections_;
  std::vector<Connection*> to_flush_;
  std::vector<Connection*> flushing_;
  std::function<void()> round_end_;
  bool end_posted_ = false;
};

}  // namespace tarn
