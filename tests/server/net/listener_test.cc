#include "server/net/listener.h"

#include <doctest/doctest.h>
#include <sys/socket.h>

#include <asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <thread>
#include <utility>

#include "server/net/net_loop.h"

namespace tarn {
namespace {

using namespace std::chrono_literals;

// The socket that this process listens on; REQUIRES: there is only one.
int listening_socket() {
  for (int fd = 0; fd < 1024; ++fd) {
    int listens = 0;
    socklen_t size = sizeof listens;
    if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens != 0) {
      return fd;
    }
  }
  return -1;
}

}  // namespace

TEST_CASE("a listener may go when it is about to try again") {
  NetLoop loop;
  const auto settle = [&] {
    while (loop.poll()) {
    }
  };
  auto opened = listen_tcp(loop, "127.0.0.1", 0, 10);
  REQUIRE(opened);
  std::unique_ptr<Listener> listener = std::move(opened->front());
  bool accepted = false;
  listener->start([&](int, const Connection::Addresses&) { accepted = true; });

  // Nothing can be accepted, as if there were no descriptors; but sanitizers need some.
  REQUIRE(::shutdown(listening_socket(), SHUT_RDWR) == 0);
  settle();
  // Both times are up when the loop looks, so that the listener's cannot be cancelled.
  asio::steady_timer earlier(loop.io(), 1ms);
  earlier.async_wait([&](const asio::error_code&) { listener.reset(); });
  std::this_thread::sleep_for(200ms);
  settle();
  CHECK(listener == nullptr);
  CHECK_FALSE(accepted);
}

}  // namespace tarn
