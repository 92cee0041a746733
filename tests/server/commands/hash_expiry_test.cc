#include <doctest/doctest.h>

#include <fmt/core.h>

#include <string>
#include <vector>

#include "server/commands/families.h"
#include "tests/server/engine/command_fixture.h"

namespace tarn {
namespace {

// Runs each case with small hashes packed and with all of them large, and notes the events.
struct Server : CommandFixture, Notifications::Sink, KeyObserver {
  explicit Server(bool packed)
      : CommandFixture({hash_commands(), hash_edit_commands(), hash_walk_commands(),
                        field_expiry_commands(), field_expiry_value_commands(), key_commands(),
                        key_scan_commands(), string_set_commands()}) {
    if (!packed) set_option("hash-max-listpack-entries", "0");
    dispatcher.notifications().set_sink(this);
    dispatcher.notifications().set_enabled(kNotifyAll);
    databases.context().observer = this;
  }
  ~Server() override { databases.context().observer = nullptr; }

  void on_event(std::string_view event, unsigned, std::string_view) override { log(event); }
  void key_modified(Keyspace&, std::string_view) override { ++modified; }
  void key_expired(Keyspace&, std::string_view) override { log("expired"); }
  void fields_expired(Keyspace&, std::string_view, bool gone) override {
    log(gone ? "hexpired del" : "hexpired");
  }
  void log(std::string_view event) {
    if (!events.empty()) events += ' ';
    events += event;
  }
  std::string take_events() { return std::exchange(events, ""); }

  // Lets time pass, and the keyspace do what it has to.
  void wait(std::int64_t ms) {
    clock.advance_ms(ms);
    while (databases.expire_step(64)) {
    }
  }
  std::string hmget(std::string_view fields) { return run(fmt::format("HMGET h {}", fields)); }

  std::string events;
  int modified = 0;
};

}  // namespace

TEST_CASE("HEXPIRE and its kin set deadlines that HTTL and its kin tell") {
  for (const bool packed : {true, false}) {
    CAPTURE(packed);
    Server server(packed);
    const std::int64_t now_ms = server.clock.now_ms();
    server.run("HSET h a 1 b 2 c 3");
    CHECK(server.run("HEXPIRE h 10 FIELDS 3 a b x") == "*3 :1 :1 :-2");
    CHECK(server.run("HTTL h FIELDS 4 a b c x") == "*4 :10 :10 :-1 :-2");
    CHECK(server.run("HPTTL h FIELDS 1 a") == "*1 :10000");
    server.clock.advance_ms(1);
    CHECK(server.run("HTTL h FIELDS 1 a") == "*1 :10");
    CHECK(server.run("HPTTL h FIELDS 1 a") == "*1 :9999");
    CHECK(server.run("HPEXPIRETIME h FIELDS 1 a") == fmt::format("*1 :{}", now_ms + 10'000));
    CHECK(server.run("HEXPIRETIME h FIELDS 1 a") ==
          fmt::format("*1 :{}", (now_ms + 10'000 + 999) / 1000));
    CHECK(server.run("HPEXPIRE h 2500 FIELDS 1 a") == "*1 :1");
    CHECK(server.run("HTTL h FIELDS 1 a") == "*1 :3");
    CHECK(server.run(fmt::format("HEXPIREAT h {} FIELDS 1 b", now_ms / 1000 + 7)) == "*1 :1");
    CHECK(server.run("HEXPIRETIME h FIELDS 1 b") == fmt::format("*1 :{}", now_ms / 1000 + 7));
    CHECK(server.run(fmt::format("HPEXPIREAT h {} FIELDS 1 c", now_ms + 77)) == "*1 :1");
    CHECK(server.run("HPEXPIRETIME h FIELDS 1 c") == fmt::format("*1 :{}", now_ms + 77));
    CHECK(server.run("HEXPIRE missing 10 FIELDS 2 a b") == "*2 :-2 :-2");
    CHECK(server.run("HTTL missing FIELDS 2 a b") == "*2 :-2 :-2");
    CHECK(server.run("HPERSIST missing FIELDS 2 a b") == "*2 :-2 :-2");
    CHECK(server.run("HPERSIST h FIELDS 3 a a x") == "*3 :1 :-1 :-2");
    CHECK(server.run("HTTL h FIELDS 1 a") == "*1 :-1");
    CHECK(server.take_events() == "hset hexpire hexpire hexpire hexpire hpersist");
  }
}

TEST_CASE("NX, XX, GT and LT") {
  for (const bool packed : {true, false}) {
    CAPTURE(packed);
    Server server(packed);
    server.run("HSET h a 1 b 2");
    CHECK(server.run("HEXPIRE h 10 XX FIELDS 1 a") == "*1 :0");
    CHECK(server.run("HEXPIRE h 10 GT FIELDS 1 a") == "*1 :0");
    CHECK(server.run("HEXPIRE h 10 NX FIELDS 1 a") == "*1 :1");
    CHECK(server.run("HEXPIRE h 20 NX FIELDS 2 a b") == "*2 :0 :1");
    CHECK(server.run("HEXPIRE h 10 GT FIELDS 1 a") == "*1 :0");
    CHECK(server.run("HEXPIRE h 11 GT FIELDS 1 a") == "*1 :1");
    CHECK(server.run("HEXPIRE h 11 LT FIELDS 1 a") == "*1 :0");
    CHECK(server.run("HEXPIRE h 5 LT FIELDS 2 a b") == "*2 :1 :1");
    CHECK(server.run("HEXPIRE h 30 XX FIELDS 1 a") == "*1 :1");
    CHECK(server.run("HPERSIST h FIELDS 1 a") == "*1 :1");
    CHECK(server.run("HEXPIRE h 5 LT FIELDS 1 a") == "*1 :1");
    CHECK(server.run("HEXPIRE h 0 GT FIELDS 1 a") == "*1 :0");
  }
}

TEST_CASE("a time that has passed deletes at once") {
  for (const bool packed : {true, false}) {
    CAPTURE(packed);
    Server server(packed);
    server.run("HSET h a 1 b 2 c 3");
    server.take_events();
    CHECK(server.run("HEXPIRE h 0 FIELDS 2 a x") == "*2 :2 :-2");
    CHECK(server.take_events() == "hdel");
    CHECK(server.run("HPEXPIREAT h 1 FIELDS 2 b c") == "*2 :2 :2");
    CHECK(server.take_events() == "hdel del");
    CHECK(server.run("EXISTS h") == ":0");
  }
}

TEST_CASE("fields vanish on time, with their events") {
  for (const bool packed : {true, false}) {
    CAPTURE(packed);
    Server server(packed);
    server.run("HSET h a 1 b 2 c 3 d 4");
    server.run("HPEXPIRE h 100 FIELDS 2 a b");
    server.run("HPEXPIRE h 200 FIELDS 2 c d");
    server.take_events();
    CHECK(server.databases[0].field_expires() == 1);
    CHECK(server.databases[0].next_expiry_ms() <= server.clock.now_ms() + 100);
    server.wait(99);
    CHECK(server.take_events() == "");
    server.wait(1);
    CHECK(server.take_events() == "hexpired");
    CHECK(server.databases.stats().expired_fields == 2);
    CHECK(server.run("HLEN h") == ":2");
    server.wait(100);
    CHECK(server.take_events() == "hexpired del");
    CHECK(server.run("EXISTS h") == ":0");
    CHECK(server.databases.stats().expired_fields == 4);
    CHECK(server.databases.stats().expired == 0);
    CHECK(server.databases[0].field_expires() == 0);
    CHECK(!server.databases[0].has_deadlines());
  }
}

TEST_CASE("nobody sees a field after its deadline, even before it is erased") {
  for (const bool packed : {true, false}) {
    CAPTURE(packed);
    Server server(packed);
    server.databases.context().active_expiry = false;
    for (const std::string_view line : {"HGET h a",
                                        "HEXISTS h a",
                                        "HSTRLEN h a",
                                        "HLEN h",
                                        "HGETALL h",
                                        "HKEYS h",
                                        "HVALS h",
                                        "HMGET h a",
                                        "HRANDFIELD h 5",
                                        "HSCAN h 0",
                                        "HTTL h FIELDS 1 a",
                                        "HDEL h a",
                                        "HPERSIST h FIELDS 1 a",
                                        "HEXPIRE h 10 XX FIELDS 1 a",
                                        "HGETDEL h FIELDS 1 a",
                                        "HGETEX h FIELDS 1 a",
                                        "HSETEX h FXX FIELDS 1 a 1",
                                        "EXISTS h",
                                        "TYPE h",
                                        "KEYS *",
                                        "SCAN 0",
                                        "HGET h b"}) {
      CAPTURE(line);
      server.run("DEL h");
      const std::string never_there = server.run(line);
      server.run("HSET h a 1");
      server.run("HPEXPIRE h 10 FIELDS 1 a");
      server.clock.advance_ms(10);
      CHECK(server.run(line) == never_there);
      CHECK(server.run("DEL h") == ":0");

      server.run("HSET h b 1");
      const std::string without = server.run(line);
      server.run("DEL h");
      server.run("HSET h b 1 a 2");
      server.run("HPEXPIRE h 10 FIELDS 1 a");
      server.clock.advance_ms(10);
      CHECK(server.run(line) == without);
    }
  }
}

TEST_CASE("a large backlog is hidden at once and erased bit by bit") {
  Server server(false);
  constexpr int kFields = 3000;
  for (int i = 0; i < kFields; ++i) server.run(fmt::format("HSET h f{} v", i));
  server.run("HSET h stays v");
  for (int i = 0; i < kFields; ++i) {
    server.run(fmt::format("HPEXPIRE h {} FIELDS 1 f{}", 10 + i % 7, i));
  }
  server.clock.advance_ms(17);
  CHECK(server.run("HLEN h") == ":1");
  CHECK(server.run("HGETALL h") == "*2 $5 stays $1 v");
  CHECK(server.run("HRANDFIELD h -2") == "*2 $5 stays $5 stays");
  CHECK(server.databases.stats().expired_fields < kFields);
  CHECK(server.run("HSETNX h f2999 again") == ":1");
  CHECK(server.run("HINCRBY h f2998 3") == ":3");
  CHECK(server.databases.expire_step(64));
  CHECK(server.run("HLEN h") == ":3");
  server.wait(0);
  CHECK(server.run("HLEN h") == ":3");
  CHECK(server.run("HTTL h FIELDS 2 f2999 f2998") == "*2 :-1 :-1");
}

TEST_CASE("hashes that are due at once take turns") {
  Server server(false);
  for (int i = 0; i < 1000; ++i) server.run(fmt::format("HSETEX giant PX 10 FIELDS 1 f{} v", i));
  server.run("HSET giant stays v");
  server.run("HSETEX small PX 10 FIELDS 1 f v");
  server.take_events();
  server.clock.advance_ms(10);
  CHECK(server.databases.expire_step(64));
  CHECK(server.databases.expire_step(64));
  CHECK(server.take_events().find("del") != std::string::npos);  // the small one is gone
  CHECK(server.databases.stats().expired_fields < 500);
}

TEST_CASE("what is written keeps or clears a deadline") {
  for (const bool packed : {true, false}) {
    CAPTURE(packed);
    Server server(packed);
    server.run("HSET h a 1 b 2 c 3 d 4");
    server.run("HPEXPIRE h 100 FIELDS 4 a b c d");
    server.run("HSET h a 5");
    server.run("HINCRBY h b 1");
    server.run("HINCRBYFLOAT h c 0.5");
    server.run("HSETNX h d 1");
    CHECK(server.run("HPTTL h FIELDS 4 a b c d") == "*4 :-1 :100 :100 :100");
    CHECK(server.run("RENAME h g") == "+OK");
    CHECK(server.run("COPY g k") == ":1");
    CHECK(server.run("HPTTL k FIELDS 4 a b c d") == "*4 :-1 :100 :100 :100");
    CHECK(server.run("MOVE k 1") == ":1");
    CHECK(server.databases[0].field_expires() == 1);
    CHECK(server.databases[1].field_expires() == 1);
    server.wait(100);
    CHECK(server.run("HLEN g") == ":1");
    server.session.db = 1;
    CHECK(server.run("HLEN k") == ":1");
    CHECK(server.databases.stats().expired_fields == 6);
  }
}

TEST_CASE("deadlines of keys that are gone or replaced do no harm") {
  for (const bool packed : {true, false}) {
    CAPTURE(packed);
    Server server(packed);
    const std::string set = "HSETEX h PX 100 FIELDS 2 a 1 b 2";
    server.run(set);
    server.run("DEL h");
    CHECK(server.databases[0].field_expires() == 0);
    server.run("HSET h a 1");
    server.wait(100);
    CHECK(server.run("HLEN h") == ":1");
    server.run(set);
    server.run("SET h string");
    CHECK(server.databases[0].field_expires() == 0);
    server.run("DEL h");
    server.run(set);
    server.run("HPERSIST h FIELDS 2 a b");
    CHECK(server.databases[0].field_expires() == 0);
    server.wait(100);
    CHECK(server.run("HLEN h") == ":2");
    CHECK(server.databases.stats().expired_fields == 0);
  }
}

TEST_CASE("a nearer deadline wakes the keyspace earlier, a farther one does not disturb") {
  for (const bool packed : {true, false}) {
    CAPTURE(packed);
    Server server(packed);
    server.run("HSETEX h PX 1000 FIELDS 1 a 1");
    server.run("HSETEX h PX 50 FIELDS 1 b 2");
    server.run("HSETEX h PX 500 FIELDS 1 c 3");
    server.run("HPEXPIRE h 60 FIELDS 1 b");
    server.wait(59);
    CHECK(server.run("HLEN h") == ":3");
    server.wait(1);
    CHECK(server.databases.stats().expired_fields == 1);
    server.wait(440);
    CHECK(server.databases.stats().expired_fields == 2);
    server.wait(500);
    CHECK(server.databases.stats().expired_fields == 3);
    CHECK(server.run("EXISTS h") == ":0");
  }
}

TEST_CASE("HGETEX") {
  for (const bool packed : {true, false}) {
    CAPTURE(packed);
    Server server(packed);
    server.run("HSET h a 1 b 2");
    server.take_events();
    CHECK(server.run("HGETEX h FIELDS 2 a x") == "*2 $1 1 $-1");
    CHECK(server.take_events() == "");
    CHECK(server.run("HGETEX h EX 10 FIELDS 1 a") == "*1 $1 1");
    CHECK(server.run("HGETEX h FIELDS 1 b PX 500") == "*1 $1 2");
    CHECK(server.run("HPTTL h FIELDS 2 a b") == "*2 :10000 :500");
    CHECK(server.run("HGETEX h PERSIST FIELDS 2 a a") == "*2 $1 1 $1 1");
    CHECK(server.run("HPTTL h FIELDS 1 a") == "*1 :-1");
    CHECK(server.take_events() == "hexpire hexpire hpersist");
    CHECK(server.run("HGETEX h PERSIST FIELDS 1 a") == "*1 $1 1");
    CHECK(server.take_events() == "");
    CHECK(server.run("HGETEX h PXAT 1 FIELDS 2 a b") == "*2 $1 1 $1 2");
    CHECK(server.take_events() == "hdel del");
    CHECK(server.run("HGETEX h FIELDS 1 a") == "*1 $-1");
  }
}

TEST_CASE("HSETEX") {
  for (const bool packed : {true, false}) {
    CAPTURE(packed);
    Server server(packed);
    CHECK(server.run("HSETEX h FXX FIELDS 1 a 1") == ":0");
    CHECK(server.run("EXISTS h") == ":0");
    CHECK(server.run("HSETEX h FNX EX 10 FIELDS 2 a 1 b 2") == ":1");
    CHECK(server.take_events() == "hset hexpire");
    CHECK(server.run("HSETEX h FNX FIELDS 2 b 3 c 3") == ":0");
    CHECK(server.run("HSETEX h FXX FIELDS 2 b 3 c 3") == ":0");
    CHECK(server.run("HSETEX h FXX KEEPTTL FIELDS 1 a 5") == ":1");
    CHECK(server.run("HPTTL h FIELDS 1 a") == "*1 :10000");
    CHECK(server.run("HSETEX h FIELDS 1 a 6") == ":1");
    CHECK(server.run("HPTTL h FIELDS 2 a b") == "*2 :-1 :10000");
    CHECK(server.take_events() == "hset hset");
    CHECK(server.hmget("a b c") == "*3 $1 6 $1 2 $-1");
    CHECK(server.run("HSETEX h EXAT 1 FIELDS 1 b 9") == ":1");
    CHECK(server.take_events() == "hset hdel");
    CHECK(server.run("HSETEX h PX 0 FIELDS 1 a 9") == ":1");
    CHECK(server.take_events() == "hset hdel del");
    CHECK(server.run("HSETEX h PX 0 FIELDS 1 a 9") == ":1");
    CHECK(server.run("EXISTS h") == ":0");
    CHECK(server.run("HSETEX h FIELDS 2 EX 60 FIELDS PERSIST") == ":1");
    CHECK(server.run("HGETEX h FIELDS 2 EX FIELDS") == "*2 $2 60 $7 PERSIST");
  }
}

TEST_CASE("HGETDEL") {
  for (const bool packed : {true, false}) {
    CAPTURE(packed);
    Server server(packed);
    server.run("HSET h a 1 b 2 c 3");
    server.run("HPEXPIRE h 100 FIELDS 1 a");
    server.take_events();
    CHECK(server.run("HGETDEL h FIELDS 3 a x a") == "*3 $1 1 $-1 $-1");
    CHECK(server.take_events() == "hdel");
    CHECK(server.run("HGETDEL h FIELDS 1 x") == "*1 $-1");
    CHECK(server.take_events() == "");
    CHECK(server.run("HGETDEL h FIELDS 2 b c") == "*2 $1 2 $1 3");
    CHECK(server.take_events() == "hdel del");
    CHECK(server.run("HGETDEL h FIELDS 1 a") == "*1 $-1");
    CHECK(server.databases[0].field_expires() == 0);
  }
}

TEST_CASE("commands on field deadlines refuse wrong arguments, in their order") {
  Server server(true);
  server.run("HSET h f 1");
  server.put_list("list");
  const auto error = [&](std::string_view line) { return server.run(line); };
  const std::string not_integer = "-ERR value is not an integer or out of range";
  const std::string negative = "-ERR invalid expire time, must be >= 0";
  const std::string no_fields =
      "-ERR Mandatory argument FIELDS is missing or not at the right position";
  const std::string mismatch = "-ERR The `numfields` parameter must match the number of arguments";

  for (const std::string_view line :
       {"HEXPIRE list x FIELDS 1 f", "HTTL list X 1 f", "HPERSIST list X 1 f", "HGETDEL list X 1 f",
        "HGETEX list FIELDS 1 f", "HSETEX list FIELDS 1 f v"}) {
    CAPTURE(line);
    CHECK(server.run(line).starts_with("-WRONGTYPE"));
  }
  CHECK(error("HEXPIRE h x BAD 1 f") == not_integer);
  CHECK(error("HEXPIRE h -1 BAD 1 f") == negative);
  CHECK(error("HEXPIRE h 70368744178 BAD 1 f") == "-ERR invalid expire time in 'hexpire' command");
  CHECK(error("HPEXPIREAT h 70368744177664 FIELDS 1 f") ==
        "-ERR invalid expire time in 'hpexpireat' command");
  CHECK(error("HPEXPIRE h 70368744177663 FIELDS 1 f") ==
        "-ERR invalid expire time in 'hpexpire' command");
  CHECK(error("HEXPIRE h 10 BAD FIELDS 1 f") == no_fields);
  CHECK(error("HEXPIRE h 10 NX XX FIELDS 1 f") == no_fields);
  CHECK(error("HEXPIRE h 10 FIELDS 0 f") == "-ERR Parameter `numFields` should be greater than 0");
  CHECK(error("HEXPIRE h 10 FIELDS x f") == "-ERR Parameter `numFields` should be greater than 0");
  CHECK(error("HEXPIRE h 10 FIELDS 2 f") == mismatch);
  CHECK(error("HEXPIRE missing 10 FIELDS 2 f") == mismatch);
  CHECK(error("HEXPIRE h 10 FIELDS 1") == "-ERR wrong number of arguments for 'hexpire' command");
  CHECK(error("HTTL h BAD 1 f") == no_fields);
  CHECK(error("HTTL h FIELDS 0 f") == "-ERR Number of fields must be a positive integer");
  CHECK(error("HPERSIST h FIELDS x f") == "-ERR Number of fields must be a positive integer");
  CHECK(error("HTTL h FIELDS 1 f g") == mismatch);
  CHECK(error("HGETDEL h FIELDS 2 f") == mismatch);

  const std::string one_of_get =
      "-ERR Only one of EX, PX, EXAT, PXAT or PERSIST arguments can be specified";
  const std::string one_of_set =
      "-ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified";
  const std::string one_condition = "-ERR Only one of FXX or FNX arguments can be specified";
  CHECK(error("HGETEX h EX 10 PERSIST FIELDS 1 f") == one_of_get);
  CHECK(error("HGETEX h PERSIST PERSIST FIELDS 1 f") == one_of_get);
  CHECK(error("HSETEX h EX 10 KEEPTTL FIELDS 1 f v") == one_of_set);
  CHECK(error("HSETEX h EX 10 FIELDS 1 f v PX") == one_of_set);
  CHECK(error("HSETEX h FXX FNX FIELDS 1 f v") == one_condition);
  CHECK(error("HSETEX h FNX FNX FIELDS 1 f v") == one_condition);
  CHECK(error("HGETEX h KEEPTTL FIELDS 1 f") == "-ERR unknown argument: KEEPTTL");
  CHECK(error("HSETEX h PERSIST FIELDS 1 f v") == "-ERR unknown argument: PERSIST");
  CHECK(error("HGETEX h FNX FIELDS 1 f") == "-ERR unknown argument: FNX");
  CHECK(error("HGETEX h FIELDS 1 f FIELDS 1 f") == "-ERR FIELDS keyword specified multiple times");
  CHECK(error("HGETEX h FIELDS 0 f") == "-ERR invalid number of fields");
  CHECK(error("HSETEX h FIELDS 2147483648 f v") == "-ERR invalid number of fields");
  CHECK(error("HSETEX h FIELDS 2 f v") == "-ERR wrong number of arguments for 'hsetex' command");
  CHECK(error("HGETEX h FIELDS 2 f") == "-ERR wrong number of arguments for 'hgetex' command");
  CHECK(error("HGETEX h EX 10 FIELDS") == "-ERR wrong number of arguments for 'hgetex' command");
  CHECK(error("HGETEX h EX 10 PX") == one_of_get);
  CHECK(error("HGETEX h FIELDS 1 f EX") == "-ERR missing expire time");
  CHECK(error("HSETEX h EX 10 KEEP 1 1") == "-ERR unknown argument: KEEP");
  CHECK(error("HSETEX h FNX KEEPTTL fxx") == "-ERR wrong number of arguments for 'hsetex' command");
  CHECK(error("HGETEX h EX 10 PERSIST") == one_of_get);
  CHECK(error("HSETEX h EX x FIELDS 1 f v") == not_integer);
  CHECK(error("HSETEX missing FXX EX -5 FIELDS 1 f v") == negative);
  CHECK(error("HSETEX h EXAT 99999999999 FIELDS 1 f v") ==
        "-ERR invalid expire time in 'hsetex' command");
  CHECK(server.run("HPTTL h FIELDS 1 f") == "*1 :-1");
  CHECK(server.run("EXISTS missing") == ":0");
}

}  // namespace tarn
