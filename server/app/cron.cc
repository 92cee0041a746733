#include "server/app/cron.h"

namespace tarn {

void Cron::start(int hz) {
  set_hz(hz);
  const auto now = std::chrono::steady_clock::now();
  for (Row& row : jobs_) row.last = now;
  wait();
}

void Cron::wait() {
  timer_.expires_after(tick_);
  timer_.async_wait([this](const asio::error_code& error) {
    if (error) return;
    run_due();
    wait();
  });
}

void Cron::run_due() {
  const auto now = std::chrono::steady_clock::now();
  for (Row& row : jobs_) {
    if (now - row.last < row.period) continue;
    row.last = now;
    row.job();
  }
}

}  // namespace tarn
