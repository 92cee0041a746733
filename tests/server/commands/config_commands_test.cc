#include <doctest/doctest.h>

#include "server/commands/config_control.h"
#include "server/commands/families.h"
#include "tests/server/engine/command_fixture.h"

namespace tarn {
namespace {

struct Server : CommandFixture {
  Server() : CommandFixture({}) { table.add(config_commands(), control); }

  int resets = 0;
  int sets = 0;
  ConfigControl control{config, dispatcher, [this] { ++resets; }, [this] { ++sets; }};
};

// Remembers whether the last command's fourth word was secret.
struct Listener final : CommandWatcher {
  explicit Listener(const Dispatcher& of) : dispatcher(of) {}
  void on_slow_command(const Call&, std::int64_t) override {}
  void on_command(const Call&) override { redacted = dispatcher.is_redacted(3); }

  const Dispatcher& dispatcher;
  bool redacted = false;
};

}  // namespace

TEST_CASE("CONFIG GET: a map of what matches") {
  Server server;
  CHECK(server.run("CONFIG GET hz") == "*2 $2 hz $2 10");
  CHECK(server.run("CONFIG GET hz timeout hz") == "*4 $2 hz $2 10 $7 timeout $1 0");
  CHECK(server.run("CONFIG GET nothing") == "*0");
  server.session.protocol = 3;
  CHECK(server.run("CONFIG GET hz") == "%1 $2 hz $2 10");
}

TEST_CASE("CONFIG SET: all or nothing") {
  Server server;
  CHECK(server.run("CONFIG SET hz 20 timeout 5") == "+OK");
  CHECK(server.config.options().hz == 20);
  CHECK(server.sets == 1);
  CHECK(server.run("CONFIG SET hz 30 timeout never")
            .starts_with("-ERR CONFIG SET failed (possibly related to argument 'timeout') - "));
  CHECK(server.config.options().hz == 20);
  CHECK(server.run("CONFIG SET hz 30 timeout") == "-ERR syntax error");
  CHECK(server.run("CONFIG SET nothing 1") ==
        "-ERR Unknown option or number of arguments for CONFIG SET - 'nothing'");
  CHECK(server.sets == 1);
}

TEST_CASE("CONFIG SET: passwords are kept out of logs") {
  Server server;
  Listener listener(server.dispatcher);
  server.dispatcher.set_watcher(&listener);
  server.dispatcher.set_watch_all(true);
  server.run("CONFIG SET hz 20");
  CHECK(!listener.redacted);
  server.run("CONFIG SET requirepass secret");
  CHECK(listener.redacted);
  server.run("CONFIG SET masterauth secret odd");
  CHECK(listener.redacted);
}

TEST_CASE("CONFIG RESETSTAT, REWRITE and unknown subcommands") {
  Server server;
  CHECK(server.run("CONFIG RESETSTAT") == "+OK");
  CHECK(server.resets == 1);
  CHECK(server.run("CONFIG REWRITE") == "-ERR The server is running without a config file");
  CHECK(server.run("CONFIG NONE") == "-ERR unknown subcommand 'NONE'. Try CONFIG HELP.");
  CHECK(server.run("CONFIG HELP").starts_with("*11 +CONFIG <subcommand>"));
}

}  // namespace tarn
