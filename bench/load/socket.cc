#include "bench/load/socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "bench/load/options.h"

namespace tarn::load {

Socket::Socket(const std::string& host, uint16_t port)
    : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (fd_ < 0) die("socket", true);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (::inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) die("not an IPv4 host: " + host);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    die("connect to " + host + ":" + std::to_string(port), true);
  }
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::fcntl(fd_, F_SETFL, O_NONBLOCK);
}

Socket::~Socket() {
  if (fd_ >= 0) ::close(fd_);
}

Socket::Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

size_t Socket::send(std::string_view bytes) {
  const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (sent >= 0) return static_cast<size_t>(sent);
  if (errno != EAGAIN && errno != EINTR) die("send", true);
  return 0;
}

std::string_view Socket::receive() {
  static std::array<char, 256 * 1024> buffer;
  const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), 0);
  if (got > 0) return {buffer.data(), static_cast<size_t>(got)};
  if (got == 0) die("the server closed the connection");
  if (errno != EAGAIN && errno != EINTR) die("recv", true);
  return {};
}

void Socket::wait_readable() {
  pollfd entry{fd_, POLLIN, 0};
  ::poll(&entry, 1, -1);
}

}  // namespace tarn::load
