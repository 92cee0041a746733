#include "server/net/wakeup.h"

#include <sys/eventfd.h>

#include <asio/error_code.hpp>
#include <cerrno>
#include <system_error>
#include <utility>

namespace tarn {
namespace {

int create_event() {
  const int event = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (event < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  return event;
}

}  // namespace

Wakeup::Wakeup(asio::io_context& io, std::function<void()> on_wake)
    : event_(io.get_executor(), create_event()),
      fd_(event_.native_handle()),
      on_wake_(std::move(on_wake)) {
  wait();
}

void Wakeup::wake() { ::eventfd_write(fd_, 1); }

void Wakeup::wait() {
  event_.async_wait(Descriptor::wait_read, [this](const asio::error_code& error) {
    if (error) return;
    eventfd_t times = 0;
    ::eventfd_read(fd_, &times);
    on_wake_();
    wait();
  });
}

}  // namespace tarn
