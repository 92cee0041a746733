#include "server/engine/resp_client.h"

#include <doctest/doctest.h>

#include <string>

#include "server/commands/families.h"
#include "tests/server/engine/command_fixture.h"
#include "tests/server/engine/fake_transport.h"

namespace tarn {
namespace {

constexpr int kMany = 20'000;  // enough for a collection whose members are prefetched

struct Fixture : CommandFixture {
  Fixture()
      : CommandFixture({hash_commands(), hash_edit_commands(), set_commands(), zset_commands(),
                        key_commands()}) {}

  // The replies to one batch, a word each. It goes on where it stops because it has taken long.
  std::string send(std::string_view lines) {
    RespContext context{{dispatcher, clients, config.options()}};
    FakeTransport transport;
    RespClient client(transport, context);
    InputHandler::Taken taken;
    do {
      taken = client.on_input(lines);
      lines.remove_prefix(taken.front);
    } while (taken.more);
    CHECK(lines.empty());
    client.on_closed();
    return on_one_line(transport.take_output());
  }

  void fill() {
    for (int i = 0; i < kMany; ++i) {
      const std::string member = "m" + std::to_string(i);
      run({"HSET", "hash", member, "v"});
      run({"SADD", "set", member});
      run({"ZADD", "zset", "1", member});
    }
  }

  ClientRegistry clients;
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a batch into large collections is answered as single commands are") {
  fill();
  CHECK(send("HGET hash m1\r\nHGET hash none\r\nHSET hash m2 w\r\nHGET hash m2\r\n"
             "SADD set m1\r\nSADD set new\r\nSISMEMBER set m19999\r\nSREM set new\r\n"
             "ZADD zset NX 5 m1\r\nZADD zset 5 new\r\nZSCORE zset m3\r\nZREM zset new\r\n") ==
        "$1 v $-1 :0 $1 w :0 :1 :1 :1 :0 :1 $1 1 :1");
}

TEST_CASE_FIXTURE(Fixture, "a batch may delete and replace what was prefetched") {
  fill();
  CHECK(send("HGET hash m1\r\nDEL hash\r\nHGET hash m1\r\nHSET hash m1 a\r\nHGET hash m1\r\n"
             "SADD hash m1\r\n") ==
        "$1 v :1 $-1 :1 $1 a -WRONGTYPE Operation against a key holding the wrong kind of value");
  CHECK(send("RENAME set hash\r\nHGET hash m1\r\nSISMEMBER hash m1\r\nSISMEMBER set m1\r\n") ==
        "+OK -WRONGTYPE Operation against a key holding the wrong kind of value :1 :0");
}

TEST_CASE_FIXTURE(Fixture, "a batch may name members of nothing, or none") {
  fill();
  CHECK(send("HGET missing m1\r\nHGET hash\r\nSISMEMBER zset m1\r\nZSCORE zset m1\r\n") ==
        "$-1 -ERR wrong number of arguments for 'hget' command -WRONGTYPE Operation against a key "
        "holding the wrong kind of value $1 1");
}

}  // namespace tarn
