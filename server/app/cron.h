#pragma once

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace tarn {

// Periodic jobs: a job is one row, given with add().
class Cron {
 public:
  using Job = std::function<void()>;

  explicit Cron(asio::io_context& io) : timer_(io.get_executor()) {}

  // `name` is for people who read the list; periods shorter than a tick run at every tick.
  void add(std::string_view name, std::chrono::milliseconds period, Job job) {
    jobs_.push_back({name, period, {}, std::move(job)});
  }
  // Runs what is due at every tick, `hz` times a second.
  void start(int hz);
  void set_hz(int hz) { tick_ = std::chrono::milliseconds(1000 / hz); }
  void stop() { timer_.cancel(); }

 private:
  struct Row {
    std::string_view name;
    std::chrono::milliseconds period;
    std::chrono::steady_clock::time_point last;
    Job job;
  };
  using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                           asio::wait_traits<std::chrono::steady_clock>,
                                           asio::io_context::executor_type>;

  void wait();
  void run_due();

  Timer timer_;
  std::chrono::milliseconds tick_{100};
  std::vector<Row> jobs_;
};

}  // namespace tarn
