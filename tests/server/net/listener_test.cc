#include "server/net/listener.h"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "server/net/net_loop.h"
#include "tests/server/config/temporary_directory.h"

namespace tarn {
namespace {

using namespace std::chrono_literals;

// While it lives, no descriptor can be had beyond those that are open.
class NoMoreDescriptors {
 public:
  NoMoreDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const int next = ::dup(STDIN_FILENO);
    ::close(next);
    const rlimit now{static_cast<rlim_t>(next), before_.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &now) == 0);
  }
  ~NoMoreDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  NoMoreDescriptors(const NoMoreDescriptors&) = delete;
  NoMoreDescriptors& operator=(const NoMoreDescriptors&) = delete;

 private:
  rlimit before_{};
};

// A listener with one client that it has no descriptor for, so far.
struct Shortage {
  Shortage() {
    const std::string path = directory.path() + "/socket";
    auto opened = listen_unix(loop, path, 0, 10);
    REQUIRE(opened);
    listener = std::move(*opened);
    listener->start([&](int fd, const Connection::Addresses&) {
      ++accepted;
      ::close(fd);
    });
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(::connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    const NoMoreDescriptors none;
    while (loop.poll()) {
    }
    CHECK(accepted == 0);
  }
  ~Shortage() { ::close(client); }
  Shortage(const Shortage&) = delete;
  Shortage& operator=(const Shortage&) = delete;

  const TemporaryDirectory directory;
  NetLoop loop;
  const int client = ::socket(AF_UNIX, SOCK_STREAM, 0);
  std::unique_ptr<Listener> listener;
  int accepted = 0;
};

}  // namespace

TEST_CASE("a listener accepts whom it had no descriptor for once there is one") {
  Shortage shortage;
  while (shortage.accepted == 0) shortage.loop.poll();
  CHECK(shortage.accepted == 1);
}

TEST_CASE("a listener may go when it is about to try again") {
  Shortage shortage;
  // Both times are up when the loop looks, so that the second timer cannot be cancelled.
  asio::steady_timer first(shortage.loop.io(), 1ms);
  first.async_wait([&](const asio::error_code&) { shortage.listener.reset(); });
  std::this_thread::sleep_for(200ms);
  while (shortage.loop.poll()) {
  }
  CHECK(shortage.accepted == 0);
}

}  // namespace tarn
