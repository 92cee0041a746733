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

  /// Waits until the socket is readable.
  void wait_readable();

 private:
  int fd_;
};

}  // namespace tarn::load
