#include "server/pubsub/notifier.h"

#include <doctest/doctest.h>

#include "server/config/options.h"
#include "tests/server/commands/clients_fixture.h"

using namespace tarn;

namespace {

struct Server : ClientsFixture {
  explicit Server(std::uint32_t classes) {
    for (const auto rows : {key_commands(), key_expiry_commands(), bitmap_commands()}) {
      table.add(rows, std::as_const(config));
    }
    notifier.configure(classes);
    pubsub.subscribe(a.session, TopicKind::kPattern, "__key*");
  }

  // What a command of another client has `a` told: "event key" of each keyevent message.
  std::string events(std::string_view line) {
    CommandFixture::run(line);
    const std::string all = read(a);
    std::string found;
    constexpr std::string_view kChannel = "__keyevent@0__:";
    for (std::size_t at = all.find(kChannel); at != all.npos; at = all.find(kChannel, at + 1)) {
      const std::size_t event = at + kChannel.size();
      const std::size_t end = all.find(' ', event);
      const std::size_t key = all.find(' ', end + 1) + 1;
      if (!found.empty()) found += ", ";
      found += all.substr(event, end - event) + " " + all.substr(key, all.find(' ', key) - key);
    }
    return found;
  }
};

}  // namespace

TEST_CASE("K and E choose the channels") {
  {
    Server server(kNotifyKeyspace | kNotifyAll);
    server.CommandFixture::run("SET k v");
    CHECK(server.read(server.a) == "*4 $8 pmessage $6 __key* $16 __keyspace@0__:k $3 set");
  }
  {
    Server server(kNotifyKeyevent | kNotifyAll);
    server.session.db = 3;
    server.CommandFixture::run("SET k v");
    CHECK(server.read(server.a) == "*4 $8 pmessage $6 __key* $18 __keyevent@3__:set $1 k");
  }
  Server server(kNotifyAll);
  server.CommandFixture::run("SET k v");
  CHECK(server.read(server.a).empty());
  CHECK(server.databases.context().observer == nullptr);
}

TEST_CASE("events of strings and keys, in their order") {
  Server server(kNotifyKeyevent | kNotifyAll | kNotifyNewKey | kNotifyKeyMiss);
  CHECK(server.events("SET k v EX 100") == "new k, set k, expire k");
  CHECK(server.events("SETBIT k 0 0") == "");
  CHECK(server.events("SETBIT k 0 1") == "setbit k");
  CHECK(server.events("GET none") == "keymiss none");
  CHECK(server.events("EXISTS none") == "keymiss none");
  CHECK(server.events("PERSIST k") == "persist k");
  CHECK(server.events("RENAME k l") == "new l, rename_from k, rename_to l");
  CHECK(server.events("COPY l m") == "new m, copy_to m");
  CHECK(server.events("RENAME l m") == "new m, rename_from l, rename_to m");
  CHECK(server.events("DEL m none") == "del m");
}

TEST_CASE("keys that expire are told of when their time is up") {
  Server server(kNotifyKeyevent | kNotifyExpired);
  server.CommandFixture::run("SET k v PX 50");
  server.clock.advance_ms(49);
  while (server.databases.expire_step(100)) {
  }
  CHECK(server.read(server.a).empty());
  server.clock.advance_ms(1);
  while (server.databases.expire_step(100)) {
  }
  CHECK(server.read(server.a) == "*4 $8 pmessage $6 __key* $22 __keyevent@0__:expired $1 k");
}

TEST_CASE("only the classes that are asked for are told of") {
  Server server(kNotifyKeyevent | kNotifyGeneric);
  CHECK(server.events("SET k v EX 100") == "expire k");
  CHECK(server.events("DEL k") == "del k");
}
