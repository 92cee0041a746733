#pragma once

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "server/net/net_stats.h"
#include "server/net/output_buffer.h"
#include "server/net/ready_set.h"
#include "server/net/wakeup_coalescing.h"

namespace tarn {

class Connection;

// What all connections of the event loop share: the loop, memory for input and output, and the
// rounds.
//
//  1. A round gives a turn to each connection whose socket is ready, or to each that could go on
//     with what it has received.
//  2. The turns of some time (kBatchUs) are a batch. When it ends, what its commands have left for
//     all of them to be done at once happens, and then the output of all of them is sent. So a
//     batch is written to a log in one piece before any of its replies leaves, and no reply waits
//     long for the turns of others. Output for a great many (a message to thousands) is sent in
//     slices, and the batches that come meanwhile are sent before the rest of it.
//  3. Output that comes outside of rounds, from timers and the like, is sent before the loop waits.
//
// Requests that come one behind the other are waited for without a way through Asio, whose timers
// have a turn every millisecond then; or for several of them, see WakeupCoalescing. Where no more
// come, the loop waits in Asio.
//
// A command may let the loop poll() while it runs: one that loads a dataset does, so that others
// get an answer. A round within a round passes over the connection whose turn it interrupts.
class NetLoop {
 public:
  static constexpr std::size_t kReceiveBytes = 64 * 1024;

  NetLoop();
  ~NetLoop();
  NetLoop(const NetLoop&) = delete;
  NetLoop& operator=(const NetLoop&) = delete;

  // For timers.
  asio::io_context& io() { return io_; }

  // Serves until told to stop.
  void run();
  void stop() { stopped_ = true; }
  bool stopped() const { return stopped_; }
  // Runs what is ready, also from within a command. Returns whether anything was.
  bool poll();
  // Has `work` done behind the turns of those that are ready now.
  void post(std::function<void()> work) { posted_.push_back(std::move(work)); }

  // Whether requests may wait for each other a moment where that makes their clients faster.
  void coalesce_wakeups(bool allowed) { coalescing_.allow(allowed); }

  ReadySet& ready_set() { return ready_set_; }
  ChunkPool& chunks() { return chunks_; }
  NetStats& stats() { return stats_; }
  // Those that are open.
  std::size_t connections() const { return connections_.size() - retired_.size(); }

  // The buffer that sockets are read into; in use only within one read.
  char* scratch() { return scratch_.get(); }

  // Has the output sent when the batch ends, or soon. Once for a connection, until it is flushed.
  void flush_later(Connection& connection);
  // Gives the connection a turn after the others. Once, until it has had that.
  void take_turn_later(Connection& connection);
  // Has a batch end soon, where no connection causes one.
  void end_batch_soon();

  // Has `hook` called once nothing is ready, before the loop waits, or soon where there is always
  // something; for each call of ask_when_idle() once.
  void on_idle(std::function<void()> hook) { idle_ = std::move(hook); }
  void ask_when_idle();

  // Called at the end of each batch, before its replies are sent.
  void on_batch_end(std::function<void()> hook) { batch_end_ = std::move(hook); }

  // Whether handlers are told when the memory of their connections may have changed, and `hook` is
  // called when the output of a batch was sent.
  void watch_memory(bool watch) { memory_watched_ = watch; }
  bool memory_watched() const { return memory_watched_; }
  void on_batch_sent(std::function<void()> hook) { batch_sent_ = std::move(hook); }

  // Connections own themselves; the loop remembers them, to end those that are left with it.
  void add(Connection& connection);
  // Deletes the connection, which is closed, once nothing can be under way with it.
  void retire(Connection& connection);
  // Sends what waits and is not held, as far as sockets take it at once.
  void flush_all();

 private:
  void take_turn_of_asio();
  void wait_in_asio();
  bool linger();
  bool serve_ready(int wait_ms);
  bool has_waiting() const { return turns_wait_ || !posted_.empty(); }
  bool may_wait() const { return !has_waiting() && !idle_asked_; }
  void serve_waiting();
  void serve_waiting_soon() { turns_wait_ = true; }
  void run_posted();
  void tell_idle(bool idle);
  void begin_round();
  void end_round();
  void end_turn();
  void end_batch();
  void send_slice();
  void delete_retired();
  void remove(Connection& connection);

  asio::io_context io_{ASIO_CONCURRENCY_HINT_UNSAFE};
  asio::executor_work_guard<asio::io_context::executor_type> running_{io_.get_executor()};
  ReadySet ready_set_;
  ChunkPool chunks_;
  NetStats stats_;
  WakeupCoalescing coalescing_;
  std::unique_ptr<char[]> scratch_;
  std::vector<Connection*> connections_;
  std::vector<Connection*> to_flush_;
  std::vector<Connection*> flushing_;
  std::deque<Connection*> unsent_;  // of earlier batches
  std::vector<Connection*> to_serve_;
  std::vector<Connection*> retired_;
  std::vector<std::function<void()>> posted_;
  std::function<void()> batch_end_;
  std::function<void()> idle_;
  std::function<void()> batch_sent_;
  std::uint64_t batch_deadline_cycles_ = 0;
  std::uint64_t idle_deadline_cycles_ = 0;
  std::uint64_t round_cycles_ = 0;   // when the last round began
  std::uint64_t asio_cycles_ = 0;    // when Asio had its last turn
  std::uint64_t looked_cycles_ = 0;  // at the clock, before waiting for sockets
  unsigned rounds_under_way_ = 0;
  bool lingering_ = false;   // requests come one behind the other
  bool turns_wait_ = false;  // or output, or connections to delete
  bool idle_asked_ = false;
  bool stopped_ = false;
  bool memory_watched_ = false;
};

}  // namespace tarn
