#include "server/engine/propagation.h"

#include <doctest/doctest.h>

#include <string>

#include "core/keyspace/eviction.h"
#include "persistence/rdb/rdb_writer.h"
#include "server/commands/families.h"
#include "server/engine/key_events.h"
#include "server/engine/transactions.h"
#include "tests/server/engine/command_fixture.h"
#include "tests/server/engine/recording_sink.h"

namespace tarn {
namespace {

constexpr std::int64_t kNow = 1'700'000'000'000;  // FakeClock's start

// SINK ON, SINK OFF, as CONFIG SET appendonly does while it runs.
struct SinkSwitch {
  Propagation& propagation;
  EffectSink& sink;
};

void switch_sink(Call& call) {
  auto& control = call.feature<SinkSwitch>();
  control.propagation.set_sink(call.args[1] == "ON" ? &control.sink : nullptr);
  call.reply.ok();
}

constexpr CommandRow kSwitchRows[] = {{.name = "sink", .handler = switch_sink, .arity = 2}};

struct PropagationFixture : CommandFixture {
  PropagationFixture()
      : CommandFixture({string_commands(),
                        string_set_commands(),
                        string_number_commands(),
                        string_multi_commands(),
                        string_condition_commands(),
                        lease_commands(),
                        bitfield_commands(),
                        set_commands(),
                        set_random_commands(),
                        hash_commands(),
                        hash_edit_commands(),
                        field_expiry_commands(),
                        field_expiry_value_commands(),
                        key_commands(),
                        dump_commands(),
                        key_expiry_commands(),
                        list_commands(),
                        list_edit_commands(),
                        list_move_commands(),
                        list_blocking_commands(),
                        zset_commands(),
                        zset_pop_commands(),
                        database_commands()}) {
    table.add(transaction_commands(), transactions);
    table.add(kSwitchRows, sink_switch);
    propagation.set_sink(&sink);
  }
  ~PropagationFixture() { propagation.set_sink(nullptr); }

  // The effects of one command.
  std::string effects(std::string_view line) {
    run(line);
    return sink.take();
  }

  KeyEvents events{databases};
  Transactions transactions{dispatcher, events};
  RecordingSink sink;
  Propagation propagation{dispatcher, events};
  SinkSwitch sink_switch{propagation, sink};
};

std::string at(std::int64_t after_ms) { return std::to_string(kNow + after_ms); }

TEST_CASE_FIXTURE(PropagationFixture, "a command that changed something is told as it came") {
  CHECK(effects("SET k v") == "0: SET k v");
  CHECK(effects("append k w") == "0: append k w");
  CHECK(effects("INCRBY n 3") == "0: INCRBY n 3");
  CHECK(effects("LPUSH l a b") == "0: LPUSH l a b");
  CHECK(effects("SELECT 3") == "");
  CHECK(effects("SET k v") == "3: SET k v");
  CHECK(effects("FLUSHALL") == "3: FLUSHALL");
}

TEST_CASE_FIXTURE(PropagationFixture, "a command that changed nothing is not told") {
  run("SET k v");
  sink.take();
  for (const char* line : {"GET k", "DEL missing", "SETNX k w", "SET k w NX", "LPUSH k a",
                           "EXPIRE missing 10", "PERSIST k", "SPOP missing", "FLUSHDB_", "SET k"}) {
    CAPTURE(line);
    CHECK(effects(line) == "");
  }
  CHECK_FALSE(effects("FLUSHALL").empty());
  CHECK(effects("FLUSHALL") == "");
  CHECK(effects("SWAPDB 1 1") == "");
  CHECK(effects("SWAPDB 0 1") == "0: SWAPDB 0 1");
}

TEST_CASE_FIXTURE(PropagationFixture, "who is told can change while a command runs") {
  CHECK(effects("SINK OFF") == "");
  CHECK(effects("SET k 1") == "");
  CHECK(effects("SINK ON") == "");
  CHECK(effects("SET k 2") == "0: SET k 2");
  for (const char* line :
       {"MULTI", "INCR k", "SINK OFF", "INCR k", "SINK ON", "INCR k", "INCR n"}) {
    run(line);
  }
  CHECK(effects("EXEC") == "0: INCR k; {; 0: INCR k; 0: INCR n; }");
  for (const char* line : {"MULTI", "INCR k", "INCR n", "SINK OFF", "INCR k"}) run(line);
  CHECK(effects("EXEC") == "{; 0: INCR k; 0: INCR n; }");
  CHECK(effects("INCR k") == "");
}

TEST_CASE_FIXTURE(PropagationFixture, "a BITFIELD that only made room is told") {
  CHECK(effects("BITFIELD k OVERFLOW FAIL SET u2 100 7") ==
        "0: BITFIELD k OVERFLOW FAIL SET u2 100 7");
  CHECK(effects("BITFIELD k OVERFLOW FAIL SET u2 100 7") == "");
  CHECK(effects("BITFIELD k OVERFLOW FAIL SET u2 108 7") ==
        "0: BITFIELD k OVERFLOW FAIL SET u2 108 7");
  CHECK(effects("BITFIELD k SET u2 108 0") == "");
}

TEST_CASE_FIXTURE(PropagationFixture, "deadlines are told as moments") {
  CHECK(effects("SET k v EX 10") == "0: SET k v PXAT " + at(10'000));
  CHECK(effects("SETEX k 5 v") == "0: SET k v PXAT " + at(5'000));
  CHECK(effects("PSETEX k 7 v") == "0: SET k v PXAT " + at(7));
  CHECK(effects("SET k v XX KEEPTTL") == "0: SET k v KEEPTTL");
  CHECK(effects("EXPIRE k 100") == "0: PEXPIREAT k " + at(100'000));
  CHECK(effects("GETEX k PX 9") == "0: PEXPIREAT k " + at(9));
  CHECK(effects("GETEX k PERSIST") == "0: PERSIST k");
  CHECK(effects("EXPIRE k -1") == "0: DEL k");
  CHECK(effects("MSETEX 2 a 1 b 2 PX 4") ==
        "{; 0: SET a 1 PXAT " + at(4) + "; 0: SET b 2 PXAT " + at(4) + "; }");
}

TEST_CASE_FIXTURE(PropagationFixture, "conditions and floats are told by their outcome") {
  run("SET k v");
  sink.take();
  CHECK(effects("SET k w IFEQ v") == "0: SET k w");
  CHECK(effects("DELIFEQ k other") == "");
  CHECK(effects("DELIFEQ k w") == "0: DEL k");
  CHECK(effects("INCRBYFLOAT f 1.5") == "0: SET f 1.5 KEEPTTL");
  CHECK(effects("HINCRBYFLOAT h f 1.5") == "0: HSET h f 1.5");
  CHECK(effects("GETDEL f") == "0: DEL f");
}

TEST_CASE_FIXTURE(PropagationFixture, "chance is told by what it took") {
  run("SADD s a b");
  sink.take();
  const std::string popped = run("SPOP s").substr(3);
  CHECK(sink.take() == "0: SREM s " + popped);
  CHECK(effects("SPOP s") == "0: DEL s");
  run("SADD s a b c");
  sink.take();
  CHECK(effects("SPOP s 5") == "0: DEL s");
  CHECK(effects("SPOP s 5") == "");
}

TEST_CASE_FIXTURE(PropagationFixture, "pops that could wait are told as those that do not") {
  run("RPUSH l a b c d e f");
  run("ZADD z 1 a 2 b 3 c");
  sink.take();
  CHECK(effects("BLPOP missing l 0") == "0: LPOP l");
  CHECK(effects("BRPOP l 0") == "0: RPOP l");
  CHECK(effects("BLMPOP 0 1 l RIGHT COUNT 2") == "0: RPOP l 2");
  CHECK(effects("BLMOVE l m LEFT RIGHT 0") == "0: LMOVE l m LEFT RIGHT");
  CHECK(effects("BRPOPLPUSH l m 0") == "0: RPOPLPUSH l m");
  CHECK(effects("BZPOPMIN z 0") == "0: ZPOPMIN z 1");
  CHECK(effects("ZMPOP 1 z MAX COUNT 9") == "0: ZPOPMAX z 2");
}

TEST_CASE_FIXTURE(PropagationFixture, "what expires is told before the command that finds it") {
  run("SET k v PX 10");
  run("HSET h a 1 b 2");
  run("HPEXPIRE h 10 FIELDS 1 a");
  CHECK(sink.take() == "0: SET k v PXAT " + at(10) + "; 0: HSET h a 1 b 2; 0: HPEXPIREAT h " +
                           at(10) + " FIELDS 1 a");
  clock.advance_ms(10);
  CHECK(effects("GET k") == "0: DEL k");
  CHECK(effects("HLEN h") == "0: HDEL h a");
  run("SET k v PX 10");
  run("HPEXPIRE h 10 FIELDS 1 b");
  sink.take();
  clock.advance_ms(10);
  CHECK(effects("APPEND k w") == "{; 0: DEL k; 0: APPEND k w; }");
  databases.expire_step(100);
  CHECK(sink.take() == "0: DEL h");
}

TEST_CASE_FIXTURE(PropagationFixture, "leases are told as what they leave behind") {
  const auto token = [this] {
    const std::string reply = run("GETLEASE k");
    return reply.substr(reply.rfind(' ', reply.rfind(" $") - 1) + 1, 16);
  };
  CHECK(effects("GETLEASE k EX 5") == "0: SET k  PXAT " + at(5000) + " STALE");
  CHECK(effects("GETLEASE k") == "");
  CHECK(effects("SETLEASE k 1 v") == "");
  CHECK(effects("INVALIDATE k PX 100") == "0: SET k  PXAT " + at(100) + " STALE");
  CHECK(effects("SETLEASE k " + token() + " v EX 1") == "0: SET k v PXAT " + at(1000));
  CHECK(effects("INVALIDATE k EX 9") == "0: SET k v PXAT " + at(9000) + " STALE");
  const std::string won = token();
  CHECK(sink.take() == "");
  CHECK(effects("SETLEASE k " + won + " w KEEPTTL") == "0: SET k w KEEPTTL");
  CHECK(effects("INVALIDATE missing") == "");
}

TEST_CASE_FIXTURE(PropagationFixture, "a restored key is told with its moment") {
  run("SET k v");
  const std::string payload = dump_payload(*entry("k"));
  run("DEL k");
  sink.take();
  const auto restored = [&](std::string_view key, std::string_view ttl, std::string_view option) {
    run({"RESTORE", key, ttl, payload, option});
    return sink.take();
  };
  const auto told = [&](const std::string& moment) {
    return "0: RESTORE k " + moment + " " + payload + " REPLACE ABSTTL";
  };
  CHECK(restored("k", "0", "REPLACE") == told("0"));
  CHECK(restored("k", "500", "REPLACE") == told(at(500)));
  CHECK(run("GET k") == "$1 v");
  run("DEL k");
  sink.take();
  CHECK(restored("k", at(7), "ABSTTL") == told(at(7)));
  CHECK(restored("k", "7", "ABSTTL") == "");  // busy
  run({"RESTORE", "k", "7", payload, "REPLACE", "ABSTTL"});
  CHECK(sink.take() == "0: DEL k");
  CHECK(restored("k", "7", "ABSTTL") == "");
  CHECK(run("EXISTS k") == ":0");
}

TEST_CASE_FIXTURE(PropagationFixture, "a transaction is a unit if it has several effects") {
  for (const char* line : {"MULTI", "SET a 1", "GET a", "SET b 2 EX 1", "EXEC"}) run(line);
  CHECK(sink.take() == "{; 0: SET a 1; 0: SET b 2 PXAT " + at(1000) + "; }");
  for (const char* line : {"MULTI", "SET a 1", "GET a", "EXEC"}) run(line);
  CHECK(sink.take() == "0: SET a 1");
  for (const char* line : {"MULTI", "GET a", "EXEC"}) run(line);
  CHECK(sink.take() == "");
}

TEST_CASE_FIXTURE(PropagationFixture, "sessions that wrote are known until asked for") {
  run("GET k");
  CHECK(propagation.take_writers().empty());
  run("SET k v");
  run("SET k w");
  CHECK(static_cast<bool>(session.effects));
  CHECK(propagation.take_writers() == std::vector<Session*>{&session});
  CHECK_FALSE(static_cast<bool>(session.effects));
  CHECK(propagation.take_writers().empty());
  {
    Session other(2, out_);
    other.effects.clear();
    const std::string_view args[] = {"SET", "k", "x"};
    dispatcher.execute(other, {.command = table.find("SET"), .args = args, .blobs = {}});
  }
  CHECK(propagation.take_writers().empty());
}

TEST_CASE_FIXTURE(PropagationFixture, "while expiry is suspended nothing goes by itself") {
  databases.context().suspend_expiry = true;
  run("SET k 1 PXAT 1000");
  run("SET j 1");
  run("PEXPIREAT j 1000");
  CHECK(run("INCR k") == ":2");
  CHECK(run("GET j") == "$1 1");
  databases.expire_step(100);
  CHECK(run("DBSIZE") == ":2");
  databases.context().suspend_expiry = false;
  CHECK(run("GET k") == "$-1");
  databases.expire_step(100);
  CHECK(run("DBSIZE") == ":0");
}

TEST_CASE_FIXTURE(PropagationFixture, "an evicted key is told as deleted") {
  run("SELECT 3");
  run("SET k v");
  sink.take();
  Evictor evictor(databases);
  evictor.set_rule({.by = EvictionRule::By::kRandom});
  CHECK(evictor.evict_one() == Evictor::Outcome::kEvicted);
  CHECK(sink.take() == "3: DEL k");
}

}  // namespace
}  // namespace tarn
