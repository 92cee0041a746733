#include <doctest/doctest.h>

#include <set>
#include <sstream>
#include <string>

#include "server/commands/families.h"
#include "tests/server/engine/command_fixture.h"

namespace tarn {
namespace {

// Runs each case with small hashes packed and with all of them large.
struct Server : CommandFixture {
  explicit Server(bool packed)
      : CommandFixture(
            {hash_commands(), hash_edit_commands(), hash_walk_commands(), key_commands()}) {
    if (!packed) set_option("hash-max-listpack-entries", "0");
  }
  CollectionEncoding encoding(std::string_view key) { return entry(key)->collection_encoding(); }
};

std::set<std::string> words_of(const std::string& reply) {
  std::istringstream stream(reply);
  std::set<std::string> words;
  for (std::string word; stream >> word;) words.insert(word);
  return words;
}

}  // namespace

TEST_CASE("HSET, HGET and what asks for fields") {
  for (const bool packed : {true, false}) {
    CAPTURE(packed);
    Server server(packed);
    CHECK(server.run("HSET h f 1 g two") == ":2");
    CHECK(server.run("HSET h f one e ''") == ":1");
    CHECK(server.run("HGET h f") == "$3 one");
    CHECK(server.run("HGET h missing") == "$-1");
    CHECK(server.run("HGET missing f") == "$-1");
    CHECK(server.run("HMGET h g missing e g") == "*4 $3 two $-1 $0  $3 two");
    CHECK(server.run("HMGET missing a b") == "*2 $-1 $-1");
    CHECK(server.run("HLEN h") == ":3");
    CHECK(server.run("HLEN missing") == ":0");
    CHECK(server.run("HEXISTS h e") == ":1");
    CHECK(server.run("HEXISTS h x") == ":0");
    CHECK(server.run("HSTRLEN h g") == ":3");
    CHECK(server.run("HSTRLEN h x") == ":0");
    CHECK(server.run("HSTRLEN missing x") == ":0");
    CHECK(server.run("HMSET h x 1 y 2") == "+OK");
    CHECK(server.run("HSETNX h x 2") == ":0");
    CHECK(server.run("HSETNX h z 3") == ":1");
    CHECK(server.run("HSETNX fresh z 3") == ":1");
    CHECK(words_of(server.run("HKEYS h")) ==
          std::set<std::string>{"*6", "$1", "f", "g", "e", "x", "y", "z"});
    CHECK(server.run("HVALS fresh") == "*1 $1 3");
    CHECK(server.run("HGETALL fresh") == "*2 $1 z $1 3");
    CHECK(server.run("HGETALL missing") == "*0");
    server.session.protocol = 3;
    CHECK(server.run("HGETALL fresh") == "%1 $1 z $1 3");
    CHECK(server.run("HGETALL missing") == "%0");
    CHECK(server.run("HKEYS fresh") == "*1 $1 z");
  }
}

TEST_CASE("HDEL deletes fields, and the key with the last of them") {
  for (const bool packed : {true, false}) {
    CAPTURE(packed);
    Server server(packed);
    CHECK(server.run("HSET h a 1 b 2 c 3") == ":3");
    CHECK(server.run("HDEL h a a x") == ":1");
    CHECK(server.run("HDEL missing a") == ":0");
    CHECK(server.run("HDEL h b c d") == ":2");
    CHECK(server.run("EXISTS h") == ":0");
  }
}

TEST_CASE("HINCRBY and HINCRBYFLOAT") {
  for (const bool packed : {true, false}) {
    CAPTURE(packed);
    Server server(packed);
    CHECK(server.run("HINCRBY h n 5") == ":5");
    CHECK(server.run("HINCRBY h n -7") == ":-2");
    CHECK(server.run("HINCRBY h n x") == "-ERR value is not an integer or out of range");
    CHECK(server.run("HINCRBY h n -9223372036854775807") ==
          "-ERR increment or decrement would overflow");
    CHECK(server.run("HGET h n") == "$2 -2");
    CHECK(server.run("HINCRBYFLOAT h n 0.5") == "$4 -1.5");
    CHECK(server.run("HINCRBY h n 1") == "-ERR hash value is not an integer");
    CHECK(server.run("HSET h t text e ''") == ":2");
    CHECK(server.run("HINCRBY h t 1") == "-ERR hash value is not an integer");
    CHECK(server.run("HINCRBY h e 1") == "-ERR hash value is not an integer");
    CHECK(server.run("HINCRBYFLOAT h t 1") == "-ERR hash value is not a float");
    CHECK(server.run("HINCRBYFLOAT h n text") == "-ERR value is not a valid float");
    CHECK(server.run("HINCRBYFLOAT h n inf") == "-ERR value is NaN or Infinity");
    CHECK(server.run("HSET h big 1e4932") == ":1");
    CHECK(server.run("HINCRBYFLOAT h big 1e4932") ==
          "-ERR increment would produce NaN or Infinity");
    CHECK(server.run("HINCRBYFLOAT h fresh 3.0") == "$1 3");
  }
}

TEST_CASE("HRANDFIELD draws fields more often than there are any") {
  Server server(true);
  server.run("HSET h a 1 b 2");
  // Few, which wait as a whole, and many.
  for (const int count : {100, 100'000}) {
    CAPTURE(count);
    const std::string line = "HRANDFIELD h -" + std::to_string(count);
    std::string reply = server.run(line);
    CHECK(reply.starts_with("*" + std::to_string(count) + " $1 "));
    CHECK(occurrences(reply, "$1 a") + occurrences(reply, "$1 b") == count);
    reply = server.run(line + " WITHVALUES");
    CHECK(reply.starts_with("*" + std::to_string(2 * count) + " $1 "));
    CHECK(occurrences(reply, "$1 a $1 1") + occurrences(reply, "$1 b $1 2") == count);
    server.session.protocol = 3;
    reply = server.run(line + " WITHVALUES");
    CHECK(reply.starts_with("*" + std::to_string(count) + " *2 $1 "));
    CHECK(occurrences(reply, "*2 $1 a $1 1") + occurrences(reply, "*2 $1 b $1 2") == count);
    server.session.protocol = 2;
  }
}

TEST_CASE("HRANDFIELD") {
  for (const bool packed : {true, false}) {
    CAPTURE(packed);
    Server server(packed);
    CHECK(server.run("HRANDFIELD missing") == "$-1");
    CHECK(server.run("HRANDFIELD missing 5") == "*0");
    CHECK(server.run("HSET h a 1") == ":1");
    CHECK(server.run("HRANDFIELD h") == "$1 a");
    CHECK(server.run("HRANDFIELD h 5") == "*1 $1 a");
    CHECK(server.run("HRANDFIELD h 0") == "*0");
    CHECK(server.run("HRANDFIELD h -2 WITHVALUES") == "*4 $1 a $1 1 $1 a $1 1");
    CHECK(server.run("HRANDFIELD h -9223372036854775808") ==
          "-ERR value is out of range, value must between -9223372036854775807 and "
          "9223372036854775807");
    CHECK(server.run("HRANDFIELD h 4611686018427387904 WITHVALUES") ==
          "-ERR value is out of range");
    CHECK(server.run("HRANDFIELD h x") == "-ERR value is not an integer or out of range");
    CHECK(server.run("HRANDFIELD h 1 x") == "-ERR syntax error");
    CHECK(server.run("HRANDFIELD h 1 WITHVALUES x") == "-ERR syntax error");
    server.session.protocol = 3;
    CHECK(server.run("HRANDFIELD h -2 WITHVALUES") == "*2 *2 $1 a $1 1 *2 $1 a $1 1");
    CHECK(server.run("HRANDFIELD h 2") == "*1 $1 a");
    CHECK(server.run("HRANDFIELD missing") == "_");
  }
}

TEST_CASE("HSCAN goes through all fields") {
  for (const bool packed : {true, false}) {
    CAPTURE(packed);
    Server server(packed);
    CHECK(server.run("HSCAN missing 0") == "*2 $1 0 *0");
    CHECK(server.run("HSCAN missing 0 x") == "*2 $1 0 *0");
    CHECK(server.run("HSET h a 1") == ":1");
    CHECK(server.run("HSCAN h 0") == "*2 $1 0 *2 $1 a $1 1");
    CHECK(server.run("HSCAN h 0 NOVALUES") == "*2 $1 0 *1 $1 a");
    CHECK(server.run("HSCAN h 0 MATCH b* COUNT 100") == "*2 $1 0 *0");
    CHECK(server.run("HSCAN h x") == "-ERR invalid cursor");
    CHECK(server.run("HSCAN h 0 x") == "-ERR syntax error");
    CHECK(server.run("HSCAN h 0 COUNT 0") == "-ERR syntax error");
    CHECK(server.run("HSCAN h 0 COUNT") == "-ERR syntax error");
  }

  Server server(false);
  std::set<std::string> expected;
  for (int i = 0; i < 1000; ++i) {
    const std::string field = "field:" + std::to_string(i);
    server.run("HSET h " + field + " v");
    expected.insert(field);
  }
  std::set<std::string> seen;
  std::string cursor = "0";
  int steps = 0;
  do {
    std::istringstream reply(server.run("HSCAN h " + cursor + " NOVALUES COUNT 20"));
    std::string word;
    reply >> word >> word >> cursor;
    while (reply >> word) {
      if (word.starts_with("field:")) seen.insert(word);
    }
    ++steps;
  } while (cursor != "0");
  CHECK(seen == expected);
  CHECK(steps > 20);
}

TEST_CASE("limits make a hash large") {
  Server server(true);
  server.set_option("hash-max-listpack-entries", "2");
  server.set_option("hash-max-listpack-value", "4");
  CHECK(server.run("HSET h f 1 f 2 f 3 g 4") == ":2");
  CHECK(server.encoding("h") == CollectionEncoding::kPacked);
  CHECK(server.run("HSET h i 5") == ":1");
  CHECK(server.encoding("h") == CollectionEncoding::kLarge);
  CHECK(server.run("HMGET h f g i") == "*3 $1 3 $1 4 $1 5");
  CHECK(server.run("HSET long f 12345") == ":1");
  CHECK(server.encoding("long") == CollectionEncoding::kLarge);
  CHECK(server.run("HINCRBY number f 9999") == ":9999");
  CHECK(server.encoding("number") == CollectionEncoding::kPacked);
  CHECK(server.run("HINCRBY number f 1") == ":10000");
  CHECK(server.encoding("number") == CollectionEncoding::kLarge);
}

TEST_CASE("hash commands refuse wrong arguments and types") {
  Server server(true);
  CHECK(server.run("HSET h f") == "-ERR wrong number of arguments for 'hset' command");
  CHECK(server.run("HSET h f 1 g") == "-ERR wrong number of arguments for 'hset' command");
  CHECK(server.run("HMSET h f 1 g") == "-ERR wrong number of arguments for 'hmset' command");
  server.put_list("list");
  for (const std::string_view line :
       {"HSET list f 1", "HMSET list f 1", "HSETNX list f 1", "HGET list f", "HMGET list f",
        "HGETALL list", "HKEYS list", "HVALS list", "HLEN list", "HEXISTS list f", "HDEL list f",
        "HSTRLEN list f", "HINCRBY list f 1", "HINCRBYFLOAT list f 1", "HRANDFIELD list",
        "HRANDFIELD list 1", "HSCAN list 0", "HSCAN list 0 x"}) {
    CAPTURE(line);
    CHECK(server.run(line).starts_with("-WRONGTYPE"));
  }
  CHECK(server.run("HINCRBY list f x").starts_with("-ERR value is not an integer"));
  CHECK(server.run("HSCAN list x") == "-ERR invalid cursor");
}

}  // namespace tarn
