// What LATENCY GRAPH and LATENCY DOCTOR print.

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "core/base/format.h"
#include "server/metrics/latency_monitor.h"

namespace tarn {
namespace {

using Series = LatencyMonitor::Series;

constexpr std::size_t kColumns = 80;
constexpr std::size_t kRows = 4;
// A cell of the chart, from empty to full; three steps to a row.
constexpr std::array<char, 4> kCells = {' ', '_', 'o', '#'};
constexpr char kBelow = '|';
constexpr std::size_t kSteps = kRows * (kCells.size() - 1);

// Three or four characters: "12s", "3m", "5h", "2d".
std::string age_text(std::int64_t seconds) {
  if (seconds < 60) return fmt::format("{}s", seconds);
  if (seconds < 3600) return fmt::format("{}m", seconds / 60);
  if (seconds < 86400) return fmt::format("{}h", seconds / 3600);
  return fmt::format("{}d", seconds / 86400);
}

char cell(std::size_t height, std::size_t row) {
  const std::size_t below = row * (kCells.size() - 1);
  if (height <= below) return ' ';
  const std::size_t within = height - below;
  return within < kCells.size() ? kCells[within] : kBelow;
}

struct Findings {
  std::size_t samples = 0;
  std::int64_t min_ms = 0;
  std::int64_t max_ms = 0;
  double mean_ms = 0;
  double mean_deviation_ms = 0;
  double period_s = 0;  // on average between samples, where there are several
};

Findings analyse(const Series& series) {
  Findings found;
  const auto& samples = series.samples;
  const auto count = static_cast<double>(samples.size());
  found.samples = samples.size();
  found.min_ms = found.max_ms = samples.front().ms;
  for (const auto& sample : samples) {
    found.min_ms = std::min(found.min_ms, sample.ms);
    found.max_ms = std::max(found.max_ms, sample.ms);
    found.mean_ms += static_cast<double>(sample.ms) / count;
  }
  for (const auto& sample : samples) {
    found.mean_deviation_ms += std::abs(static_cast<double>(sample.ms) - found.mean_ms) / count;
  }
  if (samples.size() > 1) {
    const std::int64_t span_s = samples.back().time_s - samples.front().time_s;
    found.period_s = static_cast<double>(span_s) / (count - 1);
  }
  return found;
}

constexpr std::string_view kDisabled =
    "The latency monitor is off, so there is nothing to go by. Switch it on with CONFIG SET "
    "latency-monitor-threshold <milliseconds>, with a value that would worry you.\n";

constexpr std::string_view kCommandAdvice =
    "- Commands took that long: SLOWLOG GET names them. Look for those whose cost grows with the "
    "size of a value or with the number of keys, and for very large arguments and replies.\n"
    "- Where no command is to blame, the machine may be: look for swapping, and for other "
    "processes on the processor of this one.\n";
constexpr std::string_view kFastCommandAdvice =
    "- Commands that never take long by themselves did. Then it is the machine: look for "
    "swapping, for other processes on the processor of this one, and for a virtual machine that "
    "is not given its time.\n";
constexpr std::string_view kExpireAdvice =
    "- Many keys were due at the same moment. Spread their deadlines, with a random amount added "
    "to each.\n";

std::string slow_log_advice(std::int64_t slow_log_us, std::int64_t threshold_us) {
  if (slow_log_us >= 0 && slow_log_us <= threshold_us) return "";
  return fmt::format(
      "- The slow log keeps less than this monitor sees. Have it keep as much: CONFIG SET "
      "slowlog-log-slower-than {}\n",
      threshold_us);
}

}  // namespace

std::string latency_graph(std::string_view event, const Series& series, std::int64_t now_s) {
  const Findings all = analyse(series);
  std::string text = fmt::format("{} - high {} ms, low {} ms (all time high {} ms)\n{}\n", event,
                                 all.max_ms, all.min_ms, series.max_ms, std::string(kColumns, '-'));

  const std::size_t columns = std::min(kColumns, series.samples.size());
  const std::size_t skipped = series.samples.size() - columns;
  std::vector<std::size_t> heights;
  std::vector<std::string> ages;
  std::size_t age_rows = 0;
  for (std::size_t i = skipped; i < series.samples.size(); ++i) {
    const auto& sample = series.samples[i];
    const std::int64_t range_ms = std::max<std::int64_t>(all.max_ms - all.min_ms, 1);
    heights.push_back(1 + static_cast<std::size_t>((sample.ms - all.min_ms) *
                                                   std::int64_t{kSteps - 1} / range_ms));
    ages.push_back(age_text(std::max<std::int64_t>(now_s - sample.time_s, 0)));
    age_rows = std::max(age_rows, ages.back().size());
  }

  for (std::size_t row = kRows; row-- > 0;) {
    for (const std::size_t height : heights) text += cell(height, row);
    text += '\n';
  }
  text += '\n';
  for (std::size_t row = 0; row < age_rows; ++row) {
    for (const std::string& age : ages) text += row < age.size() ? age[row] : ' ';
    text += '\n';
  }
  return text;
}

std::string latency_advice(const LatencyMonitor& monitor, std::int64_t slow_log_us) {
  if (monitor.threshold_ms() == 0) return std::string(kDisabled);
  if (monitor.series().empty()) {
    return fmt::format("Nothing took {} ms or longer since the monitor was switched on or reset.\n",
                       monitor.threshold_ms());
  }
  std::string text = fmt::format("These events took {} ms or longer:\n\n", monitor.threshold_ms());
  std::size_t number = 0;
  for (const auto& [event, series] : monitor.series()) {
    const Findings found = analyse(series);
    append_format(text, "{}. {}: {} times, {:.0f} ms on average (mean deviation {:.0f} ms)",
                  ++number, event, found.samples, found.mean_ms, found.mean_deviation_ms);
    if (found.samples > 1) append_format(text, ", every {:.2f} s on average", found.period_s);
    append_format(text, "; {} ms at worst.\n", series.max_ms);
  }
  text += "\nWhat to look at:\n\n";
  const bool commands = monitor.find(latency_events::kCommand) != nullptr;
  if (commands) text += slow_log_advice(slow_log_us, monitor.threshold_ms() * 1000);
  if (commands) text += kCommandAdvice;
  if (monitor.find(latency_events::kFastCommand) != nullptr) text += kFastCommandAdvice;
  if (monitor.find(latency_events::kExpireCycle) != nullptr) text += kExpireAdvice;
  return text;
}

}  // namespace tarn
