// What was told, run again on an empty server, makes the same dataset.

#include <doctest/doctest.h>

#include <random>
#include <string>

#include "core/keyspace/dataset_digest.h"
#include "server/commands/families.h"
#include "server/engine/key_events.h"
#include "server/engine/propagation.h"
#include "server/engine/transactions.h"
#include "tests/server/engine/command_fixture.h"
#include "tests/server/engine/recording_sink.h"

namespace tarn {
namespace {

struct WritingFixture : CommandFixture {
  WritingFixture()
      : CommandFixture({string_commands(),
                        string_set_commands(),
                        string_number_commands(),
                        string_multi_commands(),
                        string_condition_commands(),
                        bitmap_commands(),
                        bitfield_commands(),
                        set_commands(),
                        set_random_commands(),
                        set_algebra_commands(),
                        hash_commands(),
                        hash_edit_commands(),
                        field_expiry_commands(),
                        field_expiry_value_commands(),
                        key_commands(),
                        key_expiry_commands(),
                        list_commands(),
                        list_edit_commands(),
                        list_move_commands(),
                        list_blocking_commands(),
                        zset_commands(),
                        zset_pop_commands(),
                        zset_algebra_commands(),
                        zset_between_commands(),
                        zset_range_commands(),
                        sort_commands(),
                        database_commands()}) {
    table.add(transaction_commands(), transactions);
  }

  KeyEvents events{databases};
  Transactions transactions{dispatcher, events};
  Propagation propagation{dispatcher, events};
};

// In each line, K stands for a key, F for a field or member, N for a number, T for a time in ms.
constexpr const char* kLines[] = {
    "SET K F",
    "SET K N",
    "SET K F PX T",
    "SET K N NX GET",
    "SET K F XX KEEPTTL",
    "SET K F EX 1",
    "SET K N IFEQ N",
    "SETNX K N",
    "PSETEX K T F",
    "GETSET K N",
    "GETDEL K",
    "GETEX K PX T",
    "GETEX K PERSIST",
    "DELEX K",
    "DELIFEQ K N",
    "MSET K N K F",
    "MSETNX K N K F",
    "MSETEX 2 K N K F PX T",
    "APPEND K F",
    "SETRANGE K N F",
    "INCR K",
    "DECRBY K N",
    "INCRBYFLOAT K 0.1",
    "SETBIT K N 1",
    "BITOP XOR K K K",
    "BITFIELD K INCRBY u8 N N",
    "BITFIELD K OVERFLOW FAIL INCRBY u2 N 300",
    "DEL K",
    "UNLINK K K",
    "EXPIRE K 1",
    "PEXPIRE K T",
    "PEXPIRE K T NX",
    "PEXPIRE K T GT",
    "PEXPIRE K -1",
    "PERSIST K",
    "RENAME K K",
    "RENAMENX K K",
    "COPY K K",
    "COPY K K REPLACE",
    "COPY K K DB 1",
    "MOVE K 1",
    "LPUSH K F F N",
    "RPUSH K F N N",
    "RPUSHX K F",
    "LPOP K",
    "RPOP K 2",
    "LREM K 0 F",
    "LTRIM K 0 4",
    "LSET K 0 F",
    "LINSERT K BEFORE F N",
    "LMOVE K K LEFT RIGHT",
    "RPOPLPUSH K K",
    "BLPOP K K 0",
    "BLMOVE K K RIGHT LEFT 0",
    "BLMPOP 0 2 K K LEFT COUNT 2",
    "LMPOP 1 K RIGHT",
    "SADD K F N F",
    "SADD K N N N N",
    "SREM K F",
    "SPOP K",
    "SPOP K 2",
    "SMOVE K K F",
    "SUNIONSTORE K K K",
    "SINTERSTORE K K K",
    "SDIFFSTORE K K K",
    "HSET K F N F F",
    "HSETNX K F N",
    "HDEL K F",
    "HINCRBY K F N",
    "HINCRBYFLOAT K F 0.1",
    "HPEXPIRE K T FIELDS 2 F F",
    "HPEXPIRE K T NX FIELDS 1 F",
    "HPEXPIRE K 0 FIELDS 1 F",
    "HPERSIST K FIELDS 1 F",
    "HSETEX K PX T FIELDS 1 F N",
    "HSETEX K KEEPTTL FIELDS 1 F N",
    "HSETEX K FNX FIELDS 1 F N",
    "HGETEX K PX T FIELDS 2 F F",
    "HGETEX K PERSIST FIELDS 1 F",
    "HGETDEL K FIELDS 1 F",
    "ZADD K N F N F",
    "ZADD K GT CH N F",
    "ZADD K INCR N F",
    "ZINCRBY K 0.1 F",
    "ZREM K F",
    "ZPOPMIN K",
    "ZPOPMAX K 2",
    "BZPOPMIN K K 0",
    "ZMPOP 2 K K MAX COUNT 2",
    "ZUNIONSTORE K 2 K K",
    "ZINTERSTORE K 2 K K",
    "ZRANGESTORE K K 0 2",
    "ZREMRANGEBYRANK K 0 1",
    "SORT K BY nosort ALPHA STORE K",
    "SORT K ALPHA STORE K",
    "GET K",
    "HLEN K",
    "TYPE K",
    "SELECT 1",
    "SELECT 0",
    "MULTI",
    "EXEC",
};

class Lines {
 public:
  explicit Lines(unsigned seed) : random_(seed) {}

  unsigned below(unsigned limit) { return static_cast<unsigned>(random_() % limit); }
  std::string next() {
    // Databases rarely go as a whole, or nothing would ever grow.
    if (below(400) == 0) return below(2) == 0 ? "FLUSHDB" : "SWAPDB 0 1";
    return fill(kLines[below(std::size(kLines))]);
  }

 private:
  std::string fill(const std::string& pattern) {
    std::string line = " " + pattern + " ";
    for (std::size_t i = 1; i + 1 < line.size(); ++i) {
      if (line[i - 1] != ' ' || line[i + 1] != ' ') continue;
      std::string word;
      switch (line[i]) {
        case 'K': word = "k" + std::to_string(below(12)); break;
        case 'F': word = "f" + std::to_string(below(8)); break;
        case 'N': word = std::to_string(below(30)); break;
        case 'T': word = std::to_string(1 + below(300)); break;
        default: continue;
      }
      line.replace(i, 1, word);
      i += word.size() - 1;
    }
    return line;
  }

  std::mt19937 random_;
};

void check_replay(unsigned seed) {
  CAPTURE(seed);
  RecordingSink sink;
  WritingFixture live;
  live.propagation.set_sink(&sink);
  Lines lines(seed);
  for (int i = 0; i < 4000; ++i) {
    live.run(lines.next());
    if (lines.below(10) == 0) live.clock.advance_ms(lines.below(100));
    if (lines.below(20) == 0) live.databases.expire_step(10);
  }
  live.run("EXEC");
  live.propagation.set_sink(nullptr);

  WritingFixture loaded;
  loaded.clock.advance_ms(live.clock.now_ms() - loaded.clock.now_ms());
  loaded.databases.context().suspend_expiry = true;
  for (const RecordingSink::Effect& effect : sink.effects) {
    loaded.session.db = effect.db;
    const std::string reply = loaded.run_raw(effect.args);
    CAPTURE(effect.args);
    REQUIRE(reply[0] != '-');
  }
  loaded.databases.context().suspend_expiry = false;
  for (auto* server : {&live, &loaded}) {
    while (server->databases.expire_step(1000)) {
    }
  }
  CHECK(dataset_digest(loaded.databases) == dataset_digest(live.databases));
}

TEST_CASE("random commands of all families, replayed, make the same dataset") {
  for (unsigned seed = 1; seed <= 5; ++seed) check_replay(seed);
  check_replay(std::random_device()());
}

}  // namespace
}  // namespace tarn
