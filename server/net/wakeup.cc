#include "server/net/wakeup.h"

#include <sys/eventfd.h>
#include <unistd.h>

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

Wakeup::Wakeup(NetLoop& loop, std::function<void()> on_wake)
    : loop_(loop), fd_(create_event()), on_wake_(std::move(on_wake)) {
  const auto watched = loop_.ready_set().change(*this, fd_, ReadySet::kNothing, ReadySet::kInput);
  if (!watched) throw std::system_error(ENOMEM, std::generic_category(), "epoll_ctl");
}

Wakeup::~Wakeup() {
  static_cast<void>(loop_.ready_set().change(*this, fd_, ReadySet::kInput, ReadySet::kNothing));
  loop_.ready_set().forget(*this);
  ::close(fd_);
}

void Wakeup::wake() { ::eventfd_write(fd_, 1); }

void Wakeup::on_ready(ReadySet::Ready) {
  eventfd_t times = 0;
  ::eventfd_read(fd_, &times);
  on_wake_();
}

}  // namespace tarn
