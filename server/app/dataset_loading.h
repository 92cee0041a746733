#pragma once

#include <cstdint>
#include <string>

#include "core/keyspace/databases.h"
#include "persistence/io/byte_source.h"
#include "persistence/rdb/rdb_reader.h"
#include "server/config/options.h"
#include "server/engine/dispatcher.h"
#include "server/metrics/loading_state.h"
#include "server/net/net_loop.h"

namespace tarn {

// The time between the opening of the port and the end of loading. Clients may connect, ask how far
// it is (INFO), and end the server; commands that look at data get an error that tells how long it
// will take.
//
//  1. begin() raises kLoadingGate, and stops the deletion of due keys.
//  2. Whoever loads calls progress() often. From there the event loop has its turns, the log hears
//     of the progress every few seconds and, where the log is a terminal, a bar moves on it.
//  3. end().
//
// Not for loading within a command (DEBUG RELOAD): the loop is not to be entered twice.
class DatasetLoading {
 public:
  DatasetLoading(NetLoop& loop, Dispatcher& dispatcher, const Options& options);

  // 0 bytes in total: unknown.
  void begin(std::string file, std::uint64_t total_bytes);
  // How much is loaded so far; of a file that has grown since begin(), no more than it had then.
  void progress(std::uint64_t bytes, std::uint64_t keys);
  // An auxiliary field of the file.
  void note(std::string_view name, std::string_view value);
  void end();

  // How an RDB file is read, be it a snapshot or the base of a log; and what is said afterwards.
  RdbReadOptions rdb_options() const;
  static void tell_of_skipped(const RdbSummary& summary);

  // Somebody has ended the server meanwhile: whoever loads gives up.
  bool stopped() const { return loop_.stopped(); }
  LoadingState& state() { return state_; }
  const LoadingState& state() const { return state_; }

 private:
  std::string error() const;
  std::string describe() const;
  void serve();
  void pause_for(std::uint64_t keys);
  void show();
  void draw_bar();
  void clear_bar();

  NetLoop& loop_;
  Dispatcher& dispatcher_;
  const Options& options_;
  LoadingState state_;
  bool active_expiry_before_ = true;
  bool on_terminal_ = false;
  bool bar_drawn_ = false;
  std::int64_t next_log_ms_ = 0;
  std::int64_t next_bar_ms_ = 0;
};

// A source that fails, so that its reader gives up, once loading was stopped.
class StoppableSource final : public ByteSource {
 public:
  StoppableSource(ByteSource& source, const DatasetLoading& loading)
      : source_(source), loading_(loading) {}

  Result<std::size_t> read(std::span<char> buffer) override {
    if (loading_.stopped()) return Error{"the server was told to end"};
    return source_.read(buffer);
  }
  const std::string& name() const override { return source_.name(); }
  std::uint64_t consumed_bytes() const override { return source_.consumed_bytes(); }
  std::uint64_t total_bytes() const override { return source_.total_bytes(); }

 private:
  ByteSource& source_;
  const DatasetLoading& loading_;
};

}  // namespace tarn
