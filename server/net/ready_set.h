#pragma once

#include <sys/epoll.h>

#include <array>
#include <asio/io_context.hpp>
#include <asio/posix/basic_stream_descriptor.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "core/base/result.h"

namespace tarn {

// The sockets of all connections, in one epoll set of their own, which Asio's loop watches as a
// single descriptor.
//
// A wait of Asio's for each socket would cost a system call, an operation object and a way through
// the scheduler for every request. A socket here stays in the set until its interest changes, and
// costs none of them. And Asio calls one handler after the other, so none knows whether it is the
// last; what is ready here comes as one round, at whose end things can be done once for all of it.
//
// The set is level-triggered: a socket that is not read to the end is ready again in the next
// round, behind the others.
class ReadySet {
 public:
  enum Interest : std::uint32_t { kNothing = 0, kInput = EPOLLIN, kOutput = EPOLLOUT };
  struct Ready {
    void* member;
    bool input;  // also where the peer is gone, as a receipt then tells
    bool output;
  };
  static constexpr std::size_t kRoundSize = 128;
  using Round = std::array<Ready, kRoundSize>;

  // `on_ready` is called by the loop when collect() has something to give; REQUIRES: it collects.
  ReadySet(asio::io_context& io, std::function<void()> on_ready);
  ReadySet(const ReadySet&) = delete;
  ReadySet& operator=(const ReadySet&) = delete;

  // Has the loop look at the set, once.
  void wait();
  // Those that are ready now, at most a round of them.
  std::span<const Ready> collect(Round& round);

  // Changes what `member`, whose socket is `fd`, waits for. A socket that waits for nothing is not
  // in the set at all, since a hang-up is told regardless of the interest. It must not be when it
  // is closed: a forked process may still have it open, and then it would stay.
  Result<> change(void* member, int fd, std::uint32_t before, std::uint32_t now);

 private:
  using Descriptor = asio::posix::basic_stream_descriptor<asio::io_context::executor_type>;

  Descriptor set_;
  const std::function<void()> on_ready_;
  bool waiting_ = false;
};

}  // namespace tarn
