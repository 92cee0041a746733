#include "server/net/listener.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <asio/basic_socket_acceptor.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ip/v6_only.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/steady_timer.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <type_traits>
#include <utility>

namespace tarn {
namespace {

// So that a flood of connections does not keep those that are there from being served.
constexpr int kMaxAcceptsPerTurn = 1000;
constexpr std::chrono::milliseconds kRetryAfter{100};

std::string to_text(const asio::ip::tcp::endpoint& endpoint) {
  const std::string address = endpoint.address().to_string();
  const std::string port = std::to_string(endpoint.port());
  return endpoint.address().is_v6() ? "[" + address + "]:" + port : address + ":" + port;
}

std::string socket_name(int fd, bool peer) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  auto* address = reinterpret_cast<sockaddr*>(&storage);
  if ((peer ? ::getpeername(fd, address, &length) : ::getsockname(fd, address, &length)) != 0) {
    return "?:0";
  }
  asio::ip::tcp::endpoint endpoint;
  if (length > endpoint.capacity()) return "?:0";
  std::memcpy(endpoint.data(), &storage, length);
  return to_text(endpoint);
}

template <class Protocol>
Connection::Addresses addresses_of(int fd, const std::string& listener_name) {
  if constexpr (std::is_same_v<Protocol, asio::ip::tcp>) {
    return {socket_name(fd, true), socket_name(fd, false), false};
  } else {
    return {listener_name + ":0", listener_name + ":0", true};
  }
}

template <class Protocol>
class SocketListener final : public Listener, public ReadySet::Member {
 public:
  using Acceptor = asio::basic_socket_acceptor<Protocol, asio::io_context::executor_type>;
  using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                           asio::wait_traits<std::chrono::steady_clock>,
                                           asio::io_context::executor_type>;

  SocketListener(ReadySet& ready_set, Acceptor acceptor, std::string name)
      : ready_set_(ready_set),
        acceptor_(std::move(acceptor)),
        retry_(acceptor_.get_executor()),
        name_(std::move(name)) {}
  ~SocketListener() override {
    unwatch();
    ready_set_.forget(*this);
  }

  void start(Accept accept) override {
    accept_ = std::move(accept);
    watch();
  }
  const std::string& name() const override { return name_; }

  void on_ready(ReadySet::Ready) override {
    for (int i = 0; i < kMaxAcceptsPerTurn; ++i) {
      const int fd =
          ::accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd >= 0) {
        accept_(fd, addresses_of<Protocol>(fd, name_));
        continue;
      }
      if (errno == EINTR || errno == ECONNABORTED) continue;
      if (errno != EAGAIN) wait_later();
      return;
    }
    watch();
  }

 private:
  void watch() {
    if (!ready_set_.change(*this, acceptor_.native_handle(), interest_, ReadySet::kInput)) {
      return wait_later();
    }
    interest_ = ReadySet::kInput;
  }

  void unwatch() {
    static_cast<void>(
        ready_set_.change(*this, acceptor_.native_handle(), interest_, ReadySet::kNothing));
    interest_ = ReadySet::kNothing;
  }

  // Out of descriptors or memory: the connection stays in the backlog, and is tried again. A timer
  // whose time was up when the listener went is not cancelled any more.
  void wait_later() {
    unwatch();
    retry_.expires_after(kRetryAfter);
    retry_.async_wait([this, here = std::weak_ptr(here_)](const asio::error_code& error) {
      if (!error && !here.expired()) watch();
    });
  }

  ReadySet& ready_set_;
  Acceptor acceptor_;
  std::uint32_t interest_ = ReadySet::kNothing;
  Timer retry_;
  std::string name_;
  Accept accept_;
  const std::shared_ptr<bool> here_ = std::make_shared<bool>(true);  // as long as the listener
};

Error cannot_listen(const std::string& where, const asio::error_code& why) {
  return {"Could not create server listening socket " + where + ": " + why.message()};
}

Result<std::unique_ptr<Listener>> listen_at(NetLoop& loop, const asio::ip::tcp::endpoint& endpoint,
                                            const std::string& name, int backlog) {
  using TcpListener = SocketListener<asio::ip::tcp>;
  TcpListener::Acceptor acceptor(loop.io().get_executor());
  asio::error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (error) return cannot_listen(name, error);
  ::fcntl(acceptor.native_handle(), F_SETFD, FD_CLOEXEC);
  acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (endpoint.address().is_v6()) acceptor.set_option(asio::ip::v6_only(true), error);
  acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(backlog, error);
  if (!error) acceptor.non_blocking(true, error);
  if (error) return cannot_listen(name, error);
  return std::unique_ptr<Listener>(
      std::make_unique<TcpListener>(loop.ready_set(), std::move(acceptor), to_text(endpoint)));
}

}  // namespace

Result<std::vector<std::unique_ptr<Listener>>> listen_tcp(NetLoop& loop, const std::string& host,
                                                          int port, int backlog) {
  using asio::ip::tcp;
  const std::string name = host + ":" + std::to_string(port);
  const auto port_number = static_cast<unsigned short>(port);
  std::vector<tcp::endpoint> endpoints;
  asio::error_code error;
  if (host == "*") {
    endpoints.emplace_back(tcp::v4(), port_number);
  } else if (host == "::*") {
    endpoints.emplace_back(tcp::v6(), port_number);
  } else if (const auto address = asio::ip::make_address(host, error); !error) {
    endpoints.emplace_back(address, port_number);
  } else {
    tcp::resolver resolver(loop.io());
    for (const auto& entry :
         resolver.resolve(host, std::to_string(port), tcp::resolver::passive, error)) {
      endpoints.push_back(entry.endpoint());
    }
    if (error) return cannot_listen(name, error);
  }

  std::vector<std::unique_ptr<Listener>> listeners;
  for (const tcp::endpoint& endpoint : endpoints) {
    auto listener = listen_at(loop, endpoint, name, backlog);
    if (!listener) return listener.error();
    listeners.push_back(std::move(*listener));
  }
  return listeners;
}

Result<std::unique_ptr<Listener>> listen_unix(NetLoop& loop, const std::string& path,
                                              unsigned permissions, int backlog) {
  using UnixListener = SocketListener<asio::local::stream_protocol>;
  const std::string name = "Unix socket " + path;
  sockaddr_un limits;
  if (path.size() >= sizeof limits.sun_path) {
    return Error{"Could not create server listening socket " + name + ": the path is too long"};
  }
  ::unlink(path.c_str());
  UnixListener::Acceptor acceptor(loop.io().get_executor());
  asio::error_code error;
  const asio::local::stream_protocol::endpoint endpoint(path);
  acceptor.open(endpoint.protocol(), error);
  if (error) return cannot_listen(name, error);
  ::fcntl(acceptor.native_handle(), F_SETFD, FD_CLOEXEC);
  acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(backlog, error);
  if (!error) acceptor.non_blocking(true, error);
  if (error) return cannot_listen(name, error);
  if (permissions != 0) ::chmod(path.c_str(), permissions);
  return std::unique_ptr<Listener>(
      std::make_unique<UnixListener>(loop.ready_set(), std::move(acceptor), path));
}

void configure_tcp(int fd, int keepalive_s) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (keepalive_s <= 0) return;
  // The first probe after the interval, then three more in its thirds.
  const int interval_s = keepalive_s > 3 ? keepalive_s / 3 : 1;
  const int probes = 3;
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &keepalive_s, sizeof keepalive_s);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof interval_s);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
}

}  // namespace tarn
