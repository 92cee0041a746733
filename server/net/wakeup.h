#pragma once

#include <asio/io_context.hpp>
#include <asio/posix/basic_stream_descriptor.hpp>
#include <functional>

namespace tarn {

// Lets another thread have the loop do something. The loop itself has no locks, so nobody else may
// post to it.
class Wakeup {
 public:
  // `on_wake` runs in the loop: once or more often after each call of wake().
  Wakeup(asio::io_context& io, std::function<void()> on_wake);
  Wakeup(const Wakeup&) = delete;
  Wakeup& operator=(const Wakeup&) = delete;

  // From any thread, also before the loop runs.
  void wake();

 private:
  using Descriptor = asio::posix::basic_stream_descriptor<asio::io_context::executor_type>;

  void wait();

  Descriptor event_;
  const int fd_;
  const std::function<void()> on_wake_;
};

}  // namespace tarn
