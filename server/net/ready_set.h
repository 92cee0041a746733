#pragma once

#include <sys/epoll.h>

#include <array>
#include <asio/io_context.hpp>
#include <asio/posix/basic_stream_descriptor.hpp>
#include <cstddef>
#include <cstdint>

#include "core/base/result.h"

namespace tarn {

// The descriptors that are often ready, above all the sockets of all connections, in one epoll set
// of their own.
//
// A wait of Asio's for each socket would cost a system call, an operation object and a way through
// the scheduler for every request. A socket here stays in the set until its interest changes, and
// costs none of them. And Asio calls one handler after the other, so none knows whether it is the
// last; what is ready here comes as one round, at whose end things can be done once for all of it.
//
// While requests come one behind the other the loop waits for this set itself. When they stop, it
// has Asio watch the set, as a single descriptor.
//
// The set is edge-triggered. A level-triggered one keeps those it has told at the head of its
// queue, so that under load a request waits for two rounds of those that came before it, instead of
// one. Here a member that has not read all there is, or could have sent more, asks to be told
// again, and has its next turn in the next round, behind the others. That it has read all is told
// by a receipt that is shorter than it could be, but for those that Ready::in_pieces names.
class ReadySet {
 public:
  enum Interest : std::uint32_t { kNothing = 0, kInput = EPOLLIN, kOutput = EPOLLOUT };

  // What a member is told.
  struct Ready {
    bool input;
    bool output;
    // More may be there after a short receipt: the peer sends no more, so what it has sent is to be
    // read to the end; or it has sent an urgent byte, before which a receipt stops.
    bool in_pieces;
  };
  class Member {
   public:
    virtual void on_ready(Ready ready) = 0;

   protected:
    ~Member() = default;
  };

  // Those that are ready at one moment. Rounds nest, where a member has the loop poll().
  class Round {
   public:
    explicit Round(ReadySet& set);
    ~Round();
    Round(const Round&) = delete;
    Round& operator=(const Round&) = delete;

    // Takes what is ready now, or within so long. Returns whether anything is.
    bool collect(int wait_ms);
    // Gives the next its turn; REQUIRES: !done().
    void serve_next();
    bool done() const { return next_ == count_; }

   private:
    friend class ReadySet;
    static constexpr std::size_t kSize = 128;

    ReadySet& set_;
    Round* const outer_;
    std::array<epoll_event, kSize> events_;
    std::size_t count_ = 0;
    std::size_t next_ = 0;
  };

  explicit ReadySet(asio::io_context& io);
  ReadySet(const ReadySet&) = delete;
  ReadySet& operator=(const ReadySet&) = delete;

  // Has a handler of Asio's run, once, when the set has something to give.
  void watch();

  // Changes what `member`, whose descriptor is `fd`, waits for. The same interest once more has it
  // told again if it is ready still. One that waits for nothing is not in the set at all, since a
  // hang-up is told regardless of the interest. It must not be when it is closed: a forked process
  // may still have it open, and then it would stay.
  Result<> change(Member& member, int fd, std::uint32_t before, std::uint32_t now);
  // The member is deleted, perhaps within a round that was to give it a turn.
  void forget(const Member& member);

 private:
  using Descriptor = asio::posix::basic_stream_descriptor<asio::io_context::executor_type>;

  Descriptor set_;
  Round* innermost_ = nullptr;
  bool watched_ = false;
};

}  // namespace tarn
