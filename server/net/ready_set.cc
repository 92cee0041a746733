#include "server/net/ready_set.h"

#include <algorithm>
#include <asio/error_code.hpp>
#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>

namespace tarn {
namespace {

int create_set() {
  const int set = ::epoll_create1(EPOLL_CLOEXEC);
  if (set < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  return set;
}

}  // namespace

ReadySet::ReadySet(asio::io_context& io) : set_(io.get_executor(), create_set()) {}

void ReadySet::watch() {
  if (watched_) return;
  watched_ = true;
  set_.async_wait(Descriptor::wait_read, [this](const asio::error_code& error) {
    if (!error) watched_ = false;
  });
}

Result<> ReadySet::change(Member& member, int fd, std::uint32_t before, std::uint32_t now) {
  if (before == kNothing && now == kNothing) return {};
  int how = EPOLL_CTL_MOD;
  if (before == kNothing) how = EPOLL_CTL_ADD;
  if (now == kNothing) how = EPOLL_CTL_DEL;
  epoll_event event{};
  event.events = now | EPOLLET | ((now & kInput) != 0 ? EPOLLRDHUP | EPOLLPRI : 0U);
  event.data.ptr = &member;
  if (::epoll_ctl(set_.native_handle(), how, fd, &event) == 0) return {};
  return Error{std::string("Cannot watch a descriptor: ") + std::strerror(errno)};
}

void ReadySet::forget(const Member& member) {
  for (Round* round = innermost_; round != nullptr; round = round->outer_) {
    for (std::size_t i = round->next_; i < round->count_; ++i) {
      if (round->events_[i].data.ptr == &member) round->events_[i].data.ptr = nullptr;
    }
  }
}

// ---- Rounds -------------------------------------------------------------------------------------

ReadySet::Round::Round(ReadySet& set) : set_(set), outer_(set.innermost_) {
  set_.innermost_ = this;
}

ReadySet::Round::~Round() { set_.innermost_ = outer_; }

bool ReadySet::Round::collect(int wait_ms) {
  const int found = ::epoll_wait(set_.set_.native_handle(), events_.data(),
                                 static_cast<int>(events_.size()), wait_ms);
  count_ = static_cast<std::size_t>(std::max(found, 0));
  next_ = 0;
  return count_ > 0;
}

void ReadySet::Round::serve_next() {
  const epoll_event& event = events_[next_++];
  if (event.data.ptr == nullptr) return;
  const bool gone = (event.events & (EPOLLERR | EPOLLHUP)) != 0;
  const bool ended = gone || (event.events & EPOLLRDHUP) != 0;
  static_cast<Member*>(event.data.ptr)
      ->on_ready({.input = ended || (event.events & EPOLLIN) != 0,
                  .output = gone || (event.events & EPOLLOUT) != 0,
                  .in_pieces = ended || (event.events & EPOLLPRI) != 0});
}

}  // namespace tarn
