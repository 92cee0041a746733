#include <doctest/doctest.h>

#include "server/commands/families.h"
#include "server/metrics/slow_commands.h"
#include "tests/server/engine/command_fixture.h"

namespace tarn {
namespace {

struct Server final : CommandFixture, CommandWatcher {
  Server() : CommandFixture({string_commands(), string_set_commands()}) {
    table.add(slowlog_commands(), slow);
    dispatcher.set_watcher(this);
    set_option("slowlog-log-slower-than", "0");
    slow.configure(config.options());
  }
  void on_slow_command(const Call& call, std::int64_t duration_us) override {
    slow.note(call, duration_us);
  }
  void on_command(const Call&) override {}

  void set_live(std::string_view name, std::string_view value) {
    set_option(name, value);
    slow.configure(config.options());
  }

  SlowCommands slow{dispatcher};
};

}  // namespace

TEST_CASE("SLOWLOG GET: id, time, duration, arguments, address, name") {
  Server server;
  server.session.name = "alice";
  server.run("SET k v");
  const std::string reply = server.run("SLOWLOG GET 1");
  CHECK(reply.starts_with("*1 *6 :0 :1700000000 :"));
  CHECK(reply.ends_with(" *3 $3 SET $1 k $1 v $0  $5 alice"));
}

TEST_CASE("SLOWLOG GET: how many") {
  Server server;
  for (int i = 0; i < 15; ++i) server.run("GET k");
  CHECK(server.run("SLOWLOG GET").starts_with("*10 "));
  CHECK(server.run("SLOWLOG GET -1").starts_with("*16 "));
  CHECK(server.run("SLOWLOG GET 3").starts_with("*3 "));
  CHECK(server.run("SLOWLOG GET 0") == "*0");
  for (const auto bad : {"-2", "abc"}) {
    CHECK(server.run({"SLOWLOG", "GET", bad}) ==
          "-ERR count should be greater than or equal to -1");
  }
}

TEST_CASE("SLOWLOG: thresholds and lengths are live") {
  Server server;
  server.set_live("slowlog-log-slower-than", "-1");
  server.run("SET k v");
  CHECK(server.run("SLOWLOG LEN") == ":0");
  server.set_live("slowlog-log-slower-than", "0");
  for (int i = 0; i < 5; ++i) server.run("GET k");
  server.set_live("slowlog-max-len", "2");
  CHECK(server.run("SLOWLOG LEN") == ":2");
  CHECK(server.run("SLOWLOG RESET") == "+OK");
  server.set_live("slowlog-log-slower-than", "-1");
  server.run("SLOWLOG RESET");
  CHECK(server.run("SLOWLOG LEN") == ":0");
}

TEST_CASE("SlowCommands: the latency monitor alone, with its own threshold") {
  Server server;
  server.set_live("slowlog-log-slower-than", "-1");
  server.set_live("latency-monitor-threshold", "5");
  const std::string_view words[] = {"SET", "k", "v"};
  const Call call(*server.table.find("set"), words, server.session, server.databases,
                  server.dispatcher.notifications());
  server.slow.note(call, 4'999);
  CHECK(server.slow.latency().series().empty());
  server.slow.note(call, 7'000);
  REQUIRE(server.slow.latency().find("command") != nullptr);
  CHECK(server.slow.latency().find("command")->max_ms == 7);
  const std::string_view fast_words[] = {"GET", "k"};
  const Call fast(*server.table.find("get"), fast_words, server.session, server.databases,
                  server.dispatcher.notifications());
  server.slow.note(fast, 9'000);
  CHECK(server.slow.latency().find("fast-command") != nullptr);
  CHECK(server.slow.log().entries().empty());
}

}  // namespace tarn
