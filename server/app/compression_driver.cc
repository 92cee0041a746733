#include "server/app/compression_driver.h"

#include <algorithm>

#include "core/base/cycle_clock.h"

namespace tarn {
namespace {

constexpr std::uint64_t kSliceUs = 250;
constexpr int kIdleEffort = 50;
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
  rule_.forget();
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

CompressionRule::Sight CompressionDriver::sight() const {
  const KeyspaceStats& stats = databases_.stats();
  return {.now_ms = clock_.monotonic_ms(),
          .keys = databases_.total_keys(),
          .changes = stats.changes,
          .expanded = stats.expanded,
          .rest_ms = walk_.rest_ms()};
}

void CompressionDriver::plan() {
  if (walking_ || suspended() || !wanted()) return;
  const CompressionRule::Sight now = sight();
  if (!rule_.worth_a_walk(now)) return;
  walking_ = true;
  rule_.walk_begins(now);
  tried_ = 0;
  resting_ = 0;
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
    resting_ += step.resting;
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
  rule_.walk_ends(sight(), tried_, resting_);
}

}  // namespace tarn
