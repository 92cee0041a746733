#include <doctest/doctest.h>

#include <sstream>
#include <string>

#include "server/commands/debug_control.h"
#include "server/commands/families.h"
#include "tests/server/engine/command_fixture.h"

using namespace tarn;

namespace {

struct Server : CommandFixture {
  Server()
      : CommandFixture({database_commands(), key_expiry_commands(), string_commands(),
                        string_set_commands(), string_multi_commands(), hash_edit_commands(),
                        set_commands(), zset_commands(), list_commands()}) {
    table.add(debug_commands(), control);
    dispatcher.protected_allowed = [](const Command&, const Session&) { return true; };
  }

  bool cron_paused = false;
  RunInfo run_info{clock};
  DebugControl control{.run = run_info, .pause_cron = [this](bool pause) { cron_paused = pause; }};
};

constexpr const char* kZeros = "0000000000000000000000000000000000000000";

}  // namespace

TEST_CASE("DEBUG is refused where it is not allowed") {
  Server server;
  server.dispatcher.protected_allowed = nullptr;
  CHECK(server.run("DEBUG DIGEST").starts_with("-ERR DEBUG command not allowed."));
}

// The digests in these tests are Redis 7.0.15's.
TEST_CASE("DEBUG DIGEST tells what is stored, not how") {
  Server server;
  CHECK(server.run("DEBUG DIGEST") == std::string("+") + kZeros);
  server.run("MSET a 1 b 2");
  CHECK(server.run("DEBUG DIGEST") == "+7dff4aa4711992a6870417c26949f355d23a7cac");
  server.run("EXPIRE a 1000");
  const std::string with_deadline = server.run("DEBUG DIGEST");
  CHECK(with_deadline != "+7dff4aa4711992a6870417c26949f355d23a7cac");
  server.run("EXPIRE a 5");
  CHECK(server.run("DEBUG DIGEST") == with_deadline);
  server.run("SWAPDB 0 1");
  CHECK(server.run("DEBUG DIGEST") != with_deadline);
  server.run("FLUSHALL");
  CHECK(server.run("DEBUG DIGEST") == std::string("+") + kZeros);
}

TEST_CASE("DEBUG DIGEST-VALUE") {
  Server server;
  server.run("MSET a 1 b 2");
  CHECK(server.run("DEBUG DIGEST-VALUE a b nothing") ==
        std::string("*3 +b4fc66738120fba0b5aa500ab5c2bf89cea1c5da "
                    "+cb2b309083384387caadb54216221e7712e7a5c9 +") +
            kZeros);
  CHECK(server.run("DEBUG DIGEST-VALUE") == "*0");
}

TEST_CASE("DEBUG OBJECT") {
  Server server;
  const auto length = [&](std::string_view value) {
    server.run({"SET", "k", value});
    const std::string line = server.run("DEBUG OBJECT k");
    const std::size_t at = line.find("serializedlength:") + 17;
    return std::stoi(line.substr(at));
  };
  CHECK(length("127") == 2);
  CHECK(length("128") == 3);
  CHECK(length("-32768") == 3);
  CHECK(length("2147483647") == 5);
  CHECK(length("2147483648") == 11);
  CHECK(length("") == 1);
  CHECK(length("abc") == 4);
  CHECK(length(std::string(63, 'x')) == 64);
  CHECK(length(std::string(64, 'x')) == 66);
  CHECK(length(std::string(16384, 'x')) == 16389);
  server.run("SET k 12");
  server.run("APPEND k 3");
  server.clock.advance_ms(2000);
  const std::string line = server.run("DEBUG OBJECT k");
  CHECK(line.starts_with("+Value at:0x"));
  CHECK(line.find(" refcount:1 encoding:raw serializedlength:2 lru:") != std::string::npos);
  CHECK(line.ends_with(" lru_seconds_idle:2"));
  CHECK(server.run("DEBUG OBJECT nothing") == "-ERR no such key");
}

TEST_CASE("DEBUG SDSLEN") {
  Server server;
  server.run("SET key value");
  CHECK(server.run("DEBUG SDSLEN key") ==
        "+key_sds_len:3, key_sds_avail:0, key_zmalloc: 3, val_sds_len:5, val_sds_avail:0, "
        "val_zmalloc: 5");
  server.run("SET key 5");
  CHECK(server.run("DEBUG SDSLEN key") == "-ERR Not an sds encoded string.");
  CHECK(server.run("DEBUG SDSLEN nothing") == "-ERR no such key");
}

TEST_CASE("DEBUG POPULATE makes keys that do not exist") {
  Server server;
  server.run("SET key:1 mine");
  CHECK(server.run("DEBUG POPULATE 3") == "+OK");
  CHECK(server.run("MGET key:0 key:1 key:2") == "*3 $7 value:0 $4 mine $7 value:2");
  CHECK(server.run("DEBUG POPULATE 2 p 4") == "+OK");
  CHECK(server.run("GET p:1") == "$4 valu");
  CHECK(server.run("DEBUG POPULATE 1 q 10") == "+OK");
  CHECK(server.run("GET q:0") == std::string("$10 value:0\0\0\0", 14));
  CHECK(server.run("DEBUG POPULATE x") == "-ERR value is out of range, must be positive");
  CHECK(server.run("DEBUG POPULATE 1 p -1") == "-ERR value is out of range, must be positive");
  CHECK(server.run("DBSIZE") == ":6");
}

TEST_CASE("DEBUG PROTOCOL in both protocols") {
  Server server;
  CHECK(server.run("DEBUG PROTOCOL double") == "$5 3.141");
  CHECK(server.run("DEBUG PROTOCOL map") == "*6 :0 :0 :1 :1 :2 :0");
  CHECK(server.run("DEBUG PROTOCOL attrib") == "$39 Some real reply following the attribute");
  server.session.protocol = 3;
  CHECK(server.run("DEBUG PROTOCOL string") == "$11 Hello World");
  CHECK(server.run("DEBUG PROTOCOL integer") == ":12345");
  CHECK(server.run("DEBUG PROTOCOL double") == ",3.141");
  CHECK(server.run("DEBUG PROTOCOL bignum") == "(1234567999999999999999999999999999999");
  CHECK(server.run("DEBUG PROTOCOL null") == "_");
  CHECK(server.run("DEBUG PROTOCOL array") == "*3 :0 :1 :2");
  CHECK(server.run("DEBUG PROTOCOL set") == "~3 :0 :1 :2");
  CHECK(server.run("DEBUG PROTOCOL MAP") == "%3 :0 #f :1 #t :2 #f");
  CHECK(server.run("DEBUG PROTOCOL attrib") ==
        "|1 $14 key-popularity *2 $7 key:123 :90 $39 Some real reply following the attribute");
  CHECK(server.run("DEBUG PROTOCOL push") ==
        ">2 $16 server-cpu-usage :42 $40 Some real reply following the push reply");
  CHECK(server.run("DEBUG PROTOCOL verbatim") == "=29 txt:This is a verbatim\nstring");
  CHECK(server.run("DEBUG PROTOCOL true") == "#t");
  CHECK(server.run("DEBUG PROTOCOL false") == "#f");
  CHECK(server.run("DEBUG PROTOCOL x").starts_with("-ERR Wrong protocol type name."));
}

TEST_CASE("DEBUG's small subcommands") {
  Server server;
  CHECK(server.run("DEBUG SLEEP 0") == "+OK");
  CHECK(server.run("DEBUG SLEEP abc") == "+OK");
  CHECK(server.run("DEBUG SLEEP -1") == "+OK");
  CHECK(server.run("DEBUG LOG {}") == "+OK");
  CHECK(server.run("DEBUG ERROR \"CODE two\\nlines\"") == "-CODE two lines");
  CHECK(server.run("DEBUG STRUCTSIZE").starts_with("+bits:64 "));
  CHECK(server.run("DEBUG SET-ACTIVE-EXPIRE 0") == "+OK");
  CHECK_FALSE(server.databases.context().active_expiry);
  CHECK(server.run("DEBUG SET-ACTIVE-EXPIRE 1") == "+OK");
  CHECK(server.databases.context().active_expiry);
  const std::string id = server.run_info.replication_id;
  CHECK(server.run("DEBUG CHANGE-REPL-ID") == "+OK");
  CHECK(server.run_info.replication_id != id);
  CHECK(server.run("DEBUG PAUSE-CRON 1") == "+OK");
  CHECK(server.cron_paused);
  CHECK(server.run("DEBUG PAUSE-CRON 0") == "+OK");
  CHECK_FALSE(server.cron_paused);
}

TEST_CASE("DEBUG HTSTATS describes the tables") {
  Server server;
  server.run("DEBUG POPULATE 1000");
  const std::string text = server.run("DEBUG HTSTATS 0");
  CHECK(text.find("[Dictionary HT]\nHash table 0 stats (main hash table):\n table size: ") !=
        std::string::npos);
  CHECK(text.find("\n number of elements: 1000\n different slots: ") != std::string::npos);
  CHECK(text.find("[Expires HT]\n") != std::string::npos);
  CHECK(server.run("DEBUG HTSTATS 9 full").find("No stats available for empty dictionaries\n") !=
        std::string::npos);
  CHECK(server.run("DEBUG HTSTATS 16") == "-ERR Out of range database");
  CHECK(server.run("DEBUG HTSTATS x") == "-ERR value is not an integer or out of range");
  CHECK(server.run("DEBUG HTSTATS-KEY x") == "-ERR no such key");
  CHECK(server.run("DEBUG HTSTATS-KEY key:0") ==
        "-ERR The value stored at the specified key is not represented using an hash table");
}

TEST_CASE("DEBUG HTSTATS-KEY describes the tables of large hashes, sets and sorted sets") {
  for (const int members : {200, 20'000}) {
    CAPTURE(members);
    Server server;
    for (int i = 0; i < members; ++i) {
      const std::string member = "m" + std::to_string(i);
      server.run({"HSET", "hash", member, std::string(100, 'v')});
      server.run({"SADD", "set", member});
      server.run({"ZADD", "zset", "1", member});
    }
    for (const char* key : {"hash", "set", "zset"}) {
      CAPTURE(key);
      const std::string text = server.run({"DEBUG", "HTSTATS-KEY", key});
      const std::string elements = std::to_string(members);
      CHECK(text.find("Hash table 0 stats (main hash table):\n table size: ") != text.npos);
      CHECK(text.find("\n number of elements: " + elements + "\n") != text.npos);
      // The distribution covers all elements.
      std::istringstream lines(text.substr(text.find("distribution:\n") + 14));
      int seen = 0;
      int length = 0;
      int count = 0;
      char colon = 0;
      for (std::string line; std::getline(lines, line) && line.starts_with("   ");) {
        std::istringstream(line) >> length >> colon >> count;
        seen += length * count;
      }
      CHECK(seen == members);
    }
  }
  Server server;
  server.run("HSET small f v");
  server.run("SADD numbers 1 2");
  server.run("RPUSH list a");
  for (const char* line :
       {"DEBUG HTSTATS-KEY small", "DEBUG HTSTATS-KEY numbers full", "DEBUG HTSTATS-KEY list"}) {
    CHECK(server.run(line) ==
          "-ERR The value stored at the specified key is not represented using an hash table");
  }
}

TEST_CASE("DEBUG LISTPACK and QUICKLIST print what is packed") {
  Server server;
  server.run("HSET hash f 1");
  server.run("SADD set a");
  server.run("SADD numbers 1 2");
  server.run("ZADD zset 1.5 a");
  server.run("RPUSH list a 2");
  server.run("SET str x");
  for (const char* key : {"hash", "set", "zset", "list"}) {
    CAPTURE(key);
    CHECK(server.run({"DEBUG", "LISTPACK", key}) == "+Listpack structure printed on stdout");
    CHECK(server.run({"DEBUG", "QUICKLIST", key}) == "-ERR Not a quicklist encoded object.");
  }
  for (const char* key : {"numbers", "str"}) {
    CAPTURE(key);
    CHECK(server.run({"DEBUG", "LISTPACK", key}) == "-ERR Not a listpack encoded object.");
  }
  CHECK(server.run("DEBUG LISTPACK missing") == "-ERR no such key");
  server.set_option("list-max-listpack-size", "1");
  server.run("RPUSH list b");
  CHECK(server.run("DEBUG LISTPACK list") == "-ERR Not a listpack encoded object.");
  CHECK(server.run("DEBUG QUICKLIST list") == "+Quicklist structure printed on stdout");
  CHECK(server.run("DEBUG QUICKLIST list 1") == "+Quicklist structure printed on stdout");
  CHECK(server.run("DEBUG QUICKLIST missing") == "-ERR no such key");
}

TEST_CASE("DEBUG QUICKLIST-PACKED-THRESHOLD takes what Redis takes") {
  Server server;
  for (const char* size : {"0", "10", "1kb", "4000mb"}) {
    CAPTURE(size);
    CHECK(server.run({"DEBUG", "QUICKLIST-PACKED-THRESHOLD", size}) == "+OK");
  }
  for (const char* size : {"5gb", "4294967295", "abc", "-1"}) {
    CAPTURE(size);
    CHECK(server.run({"DEBUG", "QUICKLIST-PACKED-THRESHOLD", size}) ==
          "-ERR argument must be a memory value bigger than 1 and smaller than 4gb");
  }
}

TEST_CASE("DEBUG refuses what it does not know, and arguments that do not fit") {
  Server server;
  CHECK(server.run("DEBUG foo") ==
        "-ERR unknown subcommand or wrong number of arguments for 'foo'. Try DEBUG HELP.");
  CHECK(server.run("DEBUG Digest x") ==
        "-ERR unknown subcommand or wrong number of arguments for 'Digest'. Try DEBUG HELP.");
  CHECK(server.run("DEBUG SLEEP") ==
        "-ERR unknown subcommand or wrong number of arguments for 'SLEEP'. Try DEBUG HELP.");
  CHECK(server.run("DEBUG HELP").find("+SLEEP seconds +    ") != std::string::npos);
}

TEST_CASE("DEBUG CONFIG-REWRITE-FORCE-ALL passes on how it went") {
  Server server;
  Result<> outcome = Error{"no file"};
  server.control.rewrite_config = [&outcome] { return outcome; };
  CHECK(server.run("DEBUG CONFIG-REWRITE-FORCE-ALL") ==
        "-ERR CONFIG-REWRITE-FORCE-ALL failed: no file");
  outcome = {};
  CHECK(server.run("debug config-rewrite-force-all") == "+OK");
  CHECK(server.run("DEBUG CONFIG-REWRITE-FORCE-ALL x").starts_with("-ERR unknown subcommand"));
}
