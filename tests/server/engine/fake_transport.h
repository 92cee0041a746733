#pragma once

#include <string>

#include "server/net/transport.h"

namespace tarn {

// Takes all that was written to `out`.
std::string take_bytes(OutputBuffer& out);

// A connection to nobody, which remembers what was asked of it.
struct FakeTransport final : Transport {
  explicit FakeTransport(std::string peer_name = "127.0.0.1:50000");
  ~FakeTransport() override;

  OutputBuffer& output() override { return out; }
  void schedule_flush() override { ++flushes; }
  void close_after_flush() override { closing_after_flush = true; }
  void close() override { closed = true; }
  void pause_input() override { paused = true; }
  void resume_input() override { paused = false; }
  void hold_output() override { held = true; }
  void release_output() override { held = false; }
  int fd() const override { return 7; }
  const std::string& peer_address() const override { return peer; }
  const std::string& local_address() const override { return local; }
  bool is_unix_socket() const override { return unix_socket; }
  std::size_t bytes_received() const override { return 0; }
  std::size_t bytes_sent() const override { return 0; }
  std::size_t pending_input_bytes() const override { return 0; }
  std::size_t input_capacity_bytes() const override { return 0; }
  std::size_t memory_bytes() const override { return own_bytes; }
  std::size_t argument_bytes() const override { return 0; }

  // What was written since the last call.
  std::string take_output() { return take_bytes(out); }

  ChunkPool pool;
  OutputBuffer out{pool};
  std::string peer;
  std::string local = "127.0.0.1:6379";
  bool unix_socket = false;
  std::size_t own_bytes = 1000;
  int flushes = 0;
  bool closed = false;
  bool closing_after_flush = false;
  bool paused = false;
  bool held = false;
};

}  // namespace tarn
