#include <doctest/doctest.h>

#include "core/base/cycle_clock.h"
#include "server/commands/families.h"
#include "server/metrics/slow_commands.h"
#include "tests/server/engine/command_fixture.h"

namespace tarn {
namespace {

struct Server : CommandFixture {
  Server() : CommandFixture({string_commands()}) {
    table.add(latency_commands(), slow);
    set_option("latency-monitor-threshold", "10");
    slow.configure(config.options());
  }
  void slow_event(std::string_view name, std::int64_t time_s, std::int64_t ms) {
    slow.latency().add(name, time_s, ms);
  }
  // As if the command had taken so long, so often.
  void took_us(std::string_view command, std::uint64_t us, int times) {
    CommandStats& stats = table.find_full(command)->stats;
    if (stats.latency == nullptr) stats.latency = std::make_unique<Histogram>();
    for (int i = 0; i < times; ++i) stats.latency->record(CycleClock::from_us(us));
  }

  SlowCommands slow{dispatcher};
};

}  // namespace

TEST_CASE("LATENCY LATEST and HISTORY") {
  Server server;
  CHECK(server.run("LATENCY LATEST") == "*0");
  server.slow_event("command", 100, 30);
  server.slow_event("command", 101, 20);
  CHECK(server.run("LATENCY LATEST") == "*1 *4 $7 command :101 :20 :30");
  CHECK(server.run("LATENCY HISTORY command") == "*2 *2 :100 :30 *2 :101 :20");
  CHECK(server.run("LATENCY HISTORY nothing") == "*0");
}

TEST_CASE("LATENCY RESET: of all or of some") {
  Server server;
  for (const auto event : {"a", "b", "c"}) server.slow_event(event, 100, 30);
  CHECK(server.run("LATENCY RESET a nothing") == ":1");
  CHECK(server.run("LATENCY RESET") == ":2");
  CHECK(server.run("LATENCY RESET") == ":0");
}

TEST_CASE("LATENCY GRAPH and DOCTOR") {
  Server server;
  CHECK(server.run("LATENCY GRAPH command") == "-ERR No samples available for event 'command'");
  server.slow_event("command", 100, 30);
  CHECK(server.run("LATENCY GRAPH command").find("command - high 30 ms") != std::string::npos);
  CHECK(server.run("LATENCY DOCTOR").find("1. command: 1 times") != std::string::npos);
}

TEST_CASE("LATENCY HISTOGRAM: calls up to powers of two of microseconds") {
  Server server;
  server.took_us("get", 3, 2);
  server.took_us("get", 100, 1);
  CHECK(server.run("LATENCY HISTOGRAM get nothing") ==
        "*2 $3 get *4 $5 calls :3 $14 histogram_usec *4 :4 :2 :128 :3");
  server.session.protocol = 3;
  CHECK(server.run("LATENCY HISTOGRAM get") ==
        "%1 $3 get %2 $5 calls :3 $14 histogram_usec %2 :4 :2 :128 :3");
  CHECK(server.run("LATENCY HISTOGRAM nothing") == "%0");
}

TEST_CASE("LATENCY HISTOGRAM: a container stands for its subcommands") {
  Server server;
  server.took_us("latency|latest", 1, 1);
  server.took_us("latency|reset", 1, 1);
  CHECK(server.run("LATENCY HISTOGRAM latency|latest").starts_with("*2 $14 latency|latest "));
  CHECK(server.run("LATENCY HISTOGRAM latency").find("latency|reset") != std::string::npos);
}

}  // namespace tarn
