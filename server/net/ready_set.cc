#include "server/net/ready_set.h"

#include <asio/error_code.hpp>
#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>

namespace tarn {
namespace {

int create_set() {
  const int set = ::epoll_create1(EPOLL_CLOEXEC);
  if (set < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  return set;
}

}  // namespace

ReadySet::ReadySet(asio::io_context& io, std::function<void()> on_ready)
    : set_(io.get_executor(), create_set()), on_ready_(std::move(on_ready)) {}

void ReadySet::wait() {
  if (waiting_) return;
  waiting_ = true;
  set_.async_wait(Descriptor::wait_read, [this](const asio::error_code& error) {
    if (error) return;
    waiting_ = false;
    on_ready_();
  });
}

std::span<const ReadySet::Ready> ReadySet::collect(Round& round) {
  std::array<epoll_event, kRoundSize> events;
  const int found =
      ::epoll_wait(set_.native_handle(), events.data(), static_cast<int>(kRoundSize), 0);
  const auto count = static_cast<std::size_t>(found > 0 ? found : 0);
  for (std::size_t i = 0; i < count; ++i) {
    const bool gone = (events[i].events & (EPOLLERR | EPOLLHUP)) != 0;
    round[i] = {events[i].data.ptr, gone || (events[i].events & EPOLLIN) != 0,
                gone || (events[i].events & EPOLLOUT) != 0};
  }
  return {round.data(), count};
}

Result<> ReadySet::change(void* member, int fd, std::uint32_t before, std::uint32_t now) {
  if (before == now) return {};
  int how = EPOLL_CTL_MOD;
  if (before == kNothing) how = EPOLL_CTL_ADD;
  if (now == kNothing) how = EPOLL_CTL_DEL;
  epoll_event event{};
  event.events = now;
  event.data.ptr = member;
  if (::epoll_ctl(set_.native_handle(), how, fd, &event) == 0) return {};
  return Error{std::string("Cannot watch a socket: ") + std::strerror(errno)};
}

}  // namespace tarn
