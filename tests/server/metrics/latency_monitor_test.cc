#include "server/metrics/latency_monitor.h"

#include <doctest/doctest.h>

namespace tarn {
namespace {

LatencyMonitor watching(std::int64_t threshold_ms) {
  LatencyMonitor monitor;
  monitor.set_threshold_ms(threshold_ms);
  return monitor;
}

}  // namespace

TEST_CASE("LatencyMonitor: takes note from the threshold on, and of nothing while off") {
  LatencyMonitor monitor = watching(10);
  monitor.add("command", 100, 9);
  CHECK(monitor.find("command") == nullptr);
  monitor.add("command", 100, 10);
  REQUIRE(monitor.find("command") != nullptr);
  monitor.set_threshold_ms(0);
  monitor.add("other", 100, 1000);
  CHECK(monitor.find("other") == nullptr);
}

TEST_CASE("LatencyMonitor: one sample a second, the worst") {
  LatencyMonitor monitor = watching(1);
  for (const std::int64_t ms : {5, 20, 7}) monitor.add("command", 100, ms);
  monitor.add("command", 101, 3);
  const LatencyMonitor::Series& series = *monitor.find("command");
  REQUIRE(series.samples.size() == 2);
  CHECK(series.samples[0].time_s == 100);
  CHECK(series.samples[0].ms == 20);
  CHECK(series.samples[1].ms == 3);
  CHECK(series.max_ms == 20);
}

TEST_CASE("LatencyMonitor: old samples go, the worst of all times stays") {
  LatencyMonitor monitor = watching(1);
  monitor.add("command", 1, 1000);
  for (std::int64_t i = 0; i < 200; ++i) monitor.add("command", 100 + i, 5);
  const LatencyMonitor::Series& series = *monitor.find("command");
  CHECK(series.samples.size() == LatencyMonitor::kMaxSamples);
  CHECK(series.samples.front().ms == 5);
  CHECK(series.max_ms == 1000);
}

TEST_CASE("LatencyMonitor: reset") {
  LatencyMonitor monitor = watching(1);
  monitor.add("a", 1, 5);
  monitor.add("b", 1, 5);
  CHECK(!monitor.reset("nothing"));
  CHECK(monitor.reset("a"));
  CHECK(monitor.find("a") == nullptr);
  CHECK(monitor.reset() == 1);
  CHECK(monitor.series().empty());
}

TEST_CASE("latency_graph: a column a sample, with its age below") {
  LatencyMonitor monitor = watching(1);
  monitor.add("command", 1000, 10);
  monitor.add("command", 1060, 40);
  monitor.add("command", 1115, 25);
  CHECK(latency_graph("command", *monitor.find("command"), 1120) ==
        "command - high 40 ms, low 10 ms (all time high 40 ms)\n" + std::string(80, '-') +
            "\n"
            " # \n"
            " | \n"
            " |#\n"
            "_||\n"
            "\n"
            "215\n"
            "mms\n");
}

TEST_CASE("latency_graph: equal samples are low") {
  LatencyMonitor monitor = watching(1);
  monitor.add("command", 1000, 10);
  const std::string text = latency_graph("command", *monitor.find("command"), 1000);
  CHECK(text.ends_with("\n \n \n \n_\n\n0\ns\n"));
}

TEST_CASE("latency_advice") {
  LatencyMonitor monitor;
  CHECK(latency_advice(monitor, 10'000).find("monitor is off") != std::string::npos);
  monitor.set_threshold_ms(5);
  CHECK(latency_advice(monitor, 10'000).find("Nothing took 5 ms") != std::string::npos);
  monitor.add(latency_events::kCommand, 100, 10);
  CHECK(latency_advice(monitor, 10'000)
            .find("1. command: 1 times, 10 ms on average (mean deviation 0 ms); 10 ms at worst.") !=
        std::string::npos);
  monitor.add(latency_events::kCommand, 104, 20);
  const std::string text = latency_advice(monitor, 10'000);
  CHECK(text.find("1. command: 2 times, 15 ms on average (mean deviation 5 ms), every 4.00 s on "
                  "average; 20 ms at worst.") != std::string::npos);
  CHECK(text.find("slowlog-log-slower-than 5000") != std::string::npos);
  CHECK(latency_advice(monitor, 5'000).find("slowlog-log-slower-than") == std::string::npos);
}

}  // namespace tarn
