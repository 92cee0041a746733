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
#include <cstring>
#include <ctime>
#include <utility>

#include "bench/load/options.h"

namespace tarn::load {
namespace {

std::array<char, 256 * 1024> g_received;

uint64_t nanoseconds(const timespec& time) {
  return static_cast<uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(time.tv_nsec);
}

std::string_view received(ssize_t got) {
  if (got > 0) return {g_received.data(), static_cast<size_t>(got)};
  if (got == 0) die("the server closed the connection");
  if (errno != EAGAIN && errno != EINTR) die("recv", true);
  return {};
}

}  // namespace

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
  return received(::recv(fd_, g_received.data(), g_received.size(), 0));
}

void Socket::note_arrivals() {
  const int on = 1;
  if (::setsockopt(fd_, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) != 0) die("setsockopt", true);
}

std::string_view Socket::receive_noting_arrival(uint64_t& arrived_ns) {
  alignas(cmsghdr) std::array<char, 128> notes;
  iovec vector{g_received.data(), g_received.size()};
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = notes.data();
  message.msg_controllen = notes.size();
  const std::string_view bytes = received(::recvmsg(fd_, &message, 0));
  if (bytes.empty()) return bytes;
  const cmsghdr* note = CMSG_FIRSTHDR(&message);
  if (note == nullptr || note->cmsg_type != SCM_TIMESTAMPNS) die("no time of arrival");
  timespec time{};
  std::memcpy(&time, CMSG_DATA(note), sizeof time);
  arrived_ns = nanoseconds(time);
  return bytes;
}

void Socket::wait_readable() {
  pollfd entry{fd_, POLLIN, 0};
  ::poll(&entry, 1, -1);
}

uint64_t wall_clock_ns() {
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME, &time);
  return nanoseconds(time);
}

}  // namespace tarn::load
