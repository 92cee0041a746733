#include "server/app/dataset_loading.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string_view>
#include <thread>
#include <utility>

#include "core/base/log.h"
#include "core/base/numbers.h"
#include "persistence/rdb/rdb_format.h"
#include "server/config/value_limits.h"

namespace tarn {
namespace {

constexpr std::int64_t kLogEveryMs = 5000;
constexpr std::int64_t kBarEveryMs = 100;
constexpr std::size_t kBarWidth = 30;
constexpr std::chrono::milliseconds kPauseSlice{10};

std::string to_human(std::uint64_t bytes) {
  constexpr std::string_view kUnits[] = {"bytes", "KB", "MB", "GB", "TB"};
  double amount = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (amount >= 1024 && unit + 1 < std::size(kUnits)) {
    amount /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} bytes", bytes)
                   : fmt::format("{:.1f} {}", amount, kUnits[unit]);
}

}  // namespace

DatasetLoading::DatasetLoading(NetLoop& loop, Dispatcher& dispatcher, const Options& options)
    : loop_(loop), dispatcher_(dispatcher), options_(options) {
  dispatcher_.loading_error = [this] { return error(); };
}

void DatasetLoading::begin(std::string file, std::uint64_t total_bytes) {
  Clock& clock = dispatcher_.clock();
  clock.refresh();
  state_.active = true;
  state_.file = std::move(file);
  state_.started_s = clock.now_ms() / 1000;
  state_.started_ms = clock.monotonic_ms();
  state_.total_bytes = total_bytes;
  state_.loaded_bytes = state_.keys = state_.used_memory = 0;
  on_terminal_ = options_.logfile.empty() && ::isatty(STDOUT_FILENO) != 0;
  next_log_ms_ = state_.started_ms + kLogEveryMs;
  next_bar_ms_ = state_.started_ms + kBarEveryMs;
  active_expiry_before_ = std::exchange(dispatcher_.databases().context().active_expiry, false);
  dispatcher_.raise(kLoadingGate);
}

void DatasetLoading::progress(std::uint64_t bytes, std::uint64_t keys) {
  const std::uint64_t more_keys = keys - std::min(keys, state_.keys);
  state_.loaded_bytes = state_.total_bytes == 0 ? bytes : std::min(bytes, state_.total_bytes);
  state_.keys = keys;
  serve();
  if (options_.key_load_delay_us != 0) pause_for(more_keys);
}

void DatasetLoading::note(std::string_view name, std::string_view value) {
  if (name == rdb::kAuxUsedMemory) static_cast<void>(parse_uint64(value, state_.used_memory));
}

RdbReadOptions DatasetLoading::rdb_options() const {
  return {
      .limits = value_limits(options_),
      .skip_unknown = options_.rdb_skip_unknown,
      .verify_checksum = options_.rdbchecksum,
      .progress_bytes = static_cast<std::uint64_t>(options_.loading_process_events_interval_bytes),
      .on_warning = [](const std::string& message) { log::warn("{}", message); }};
}

void DatasetLoading::tell_of_skipped(const RdbSummary& summary) {
  if (summary.skipped == 0) return;
  log::warn("{} keys of unknown types were left out (rdb-skip-unknown)", summary.skipped);
}

void DatasetLoading::end() {
  clear_bar();
  state_.active = false;
  dispatcher_.databases().context().active_expiry = active_expiry_before_;
  dispatcher_.lower(kLoadingGate);
}

void DatasetLoading::serve() {
  dispatcher_.clock().refresh();
  loop_.poll();
  show();
}

// A test slows loading down to have time to look at it.
void DatasetLoading::pause_for(std::uint64_t keys) {
  using namespace std::chrono;
  const std::int64_t delay = options_.key_load_delay_us;
  const auto count = static_cast<std::int64_t>(keys);
  const microseconds pause(delay > 0 ? count * delay : count / -delay);
  const auto until = steady_clock::now() + pause;
  while (!stopped() && steady_clock::now() < until) {
    std::this_thread::sleep_for(std::min<nanoseconds>(kPauseSlice, until - steady_clock::now()));
    serve();
  }
}

std::string DatasetLoading::describe() const {
  if (state_.total_bytes == 0) return fmt::format("{} so far", to_human(state_.loaded_bytes));
  std::string text = fmt::format("{:.0f}% of {}", state_.percent(), to_human(state_.total_bytes));
  const std::int64_t left_s = state_.left_s(dispatcher_.clock().monotonic_ms());
  if (left_s >= 0) text += fmt::format(", about {} s yet", left_s);
  return text;
}

std::string DatasetLoading::error() const {
  if (!state_.active) return std::string(errors::kLoading);
  return fmt::format("{}: {}", errors::kLoading, describe());
}

void DatasetLoading::show() {
  const std::int64_t now_ms = dispatcher_.clock().monotonic_ms();
  if (on_terminal_ && now_ms >= next_bar_ms_) {
    draw_bar();
    next_bar_ms_ = now_ms + kBarEveryMs;
  }
  if (now_ms < next_log_ms_) return;
  next_log_ms_ = now_ms + kLogEveryMs;
  if (on_terminal_) return;
  log::info("Loading {}: {}, {} keys", state_.file, describe(), state_.keys);
}

void DatasetLoading::draw_bar() {
  const auto filled =
      std::min(static_cast<std::size_t>(state_.percent() / 100.0 * static_cast<double>(kBarWidth)),
               kBarWidth);
  const std::string bar = std::string(filled, '#') + std::string(kBarWidth - filled, '.');
  const std::string line = fmt::format("\r[{}] {}, {} keys\033[K", bar, describe(), state_.keys);
  std::fputs(line.c_str(), stdout);
  std::fflush(stdout);
  bar_drawn_ = true;
}

void DatasetLoading::clear_bar() {
  if (!std::exchange(bar_drawn_, false)) return;
  std::fputs("\r\033[K", stdout);
  std::fflush(stdout);
}

}  // namespace tarn
