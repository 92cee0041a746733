#include "server/app/compression_driver.h"

#include <algorithm>

#include "core/base/cycle_clock.h"

namespace tarn {
namespace {

constexpr std::uint64_t kSliceUs = 250;
constexpr int kIdleEffort = 50;
// A walk waits for one change in so many keys, and at most so many times longer.
constexpr std::uint64_t kKeysPerChange = 64;
constexpr std::uint64_t kMaxPatience = 64;
// However little has changed, it does not wait for longer.
constexpr std::int64_t kMaxWaitMs = 60'000;
// Memory is under pressure from this share of the limit on, in percent.
constexpr std::size_t kPressurePercent = 75;

}  // namespace

CompressionDriver::CompressionDriver(asio::io_context& io, Dispatcher& dispatcher,
                                     MemoryGauge& gauge, Clock& clock, const LoadingState& loading)
    : timer_(io.get_executor()),
      dispatcher_(dispatcher),
      databases_(dispatcher.databases()),
      gauge_(gauge),
      clock_(clock),
      loading_(loading),
      walk_(databases_) {}

void CompressionDriver::configure(const Options& options) {
  mode_ = options.compress_values;
  min_bytes_ = options.compress_min_size;
  effort_ = options.compress_effort;
  memory_limit_ = options.maxmemory;
  // What was left alone so far may be worth while now.
  patience_ = 0;
  walked_at_changes_ = 0;
}

bool CompressionDriver::wanted() {
  switch (mode_) {
    case CompressValues::kNo: return false;
    case CompressValues::kYes: return true;
    case CompressValues::kPressure:
      return memory_limit_ > 0 && gauge_.used() >= memory_limit_ / 100 * kPressurePercent;
  }
  return false;
}

bool CompressionDriver::worth_a_walk() const {
  const std::uint64_t changes = databases_.stats().changes - walked_at_changes_;
  if (changes == 0) return false;
  if (changes >=
      std::max<std::uint64_t>(patience_, 1) * (databases_.total_keys() / kKeysPerChange + 1)) {
    return true;
  }
  return clock_.now_ms() - walked_at_ms_ >= kMaxWaitMs * static_cast<std::int64_t>(patience_);
}

void CompressionDriver::plan() {
  if (walking_ || suspended() || !wanted() || !worth_a_walk()) return;
  walking_ = true;
  walked_at_changes_ = databases_.stats().changes;
  tried_ = 0;
  work_after(std::chrono::nanoseconds(0));
}

void CompressionDriver::work_after(std::chrono::nanoseconds wait) {
  timer_.expires_after(wait);
  timer_.async_wait([this](const asio::error_code& error) {
    if (!error) work();
  });
}

void CompressionDriver::work() {
  clock_.refresh();
  if (!wanted()) return end_walk();
  if (suspended()) return work_after(std::chrono::seconds(1));
  const std::uint64_t start = CycleClock::now();
  const std::uint64_t end = start + CycleClock::from_us(kSliceUs);
  bool more = true;
  std::uint64_t now = start;
  while (more && now < end) {
    const CompressionWalk::Step step = walk_.step(min_bytes_);
    tried_ += step.tried;
    more = step.more;
    now = CycleClock::now();
  }
  if (!more) return end_walk();
  const std::uint64_t commands = dispatcher_.commands_processed();
  const int effort = commands == commands_seen_ ? std::max(effort_, kIdleEffort) : effort_;
  commands_seen_ = commands;
  const auto spent_ns = static_cast<std::int64_t>(CycleClock::to_ns(now - start));
  work_after(std::chrono::nanoseconds(spent_ns * (100 - effort) / effort));
}

void CompressionDriver::end_walk() {
  walking_ = false;
  walked_at_ms_ = clock_.now_ms();
  const bool found_little = tried_ * kKeysPerChange < databases_.total_keys();
  patience_ = found_little ? std::min(std::max<std::uint64_t>(patience_, 1) * 2, kMaxPatience) : 1;
}

}  // namespace tarn
