#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tarn::load {

/// A connected, non-blocking TCP socket with TCP_NODELAY. Any fault ends the process.
class Socket {
 public:
  Socket(const std::string& host, uint16_t port);
  ~Socket();
  Socket(Socket&& other) noexcept;
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  Socket& operator=(Socket&&) = delete;

  int fd() const { return fd_; }

  /// Bytes that the kernel took now, maybe 0.
  size_t send(std::string_view bytes);

  /// What has arrived, in a buffer shared by all sockets and valid until the next call; may be
  /// empty.
  std::string_view receive();

  /// From now on the system notes when bytes arrive. Before the first receive_noting_arrival().
  void note_arrivals();

  /// As receive(); and when the last of it arrived, whoever had the processor then: a time of
  /// wall_clock_ns().
  std::string_view receive_noting_arrival(uint64_t& arrived_ns);

  /// Waits until the socket is readable.
  void wait_readable();

 private:
  int fd_;
};

/// Nanoseconds since 1970.
uint64_t wall_clock_ns();

}  // namespace tarn::load
