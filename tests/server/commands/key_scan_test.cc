#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "server/commands/families.h"
#include "tests/server/engine/command_fixture.h"

using namespace tarn;

namespace {

struct Server : CommandFixture {
  Server()
      : CommandFixture({key_commands(), key_scan_commands(), key_expiry_commands(),
                        database_commands(), string_commands(), string_set_commands()}) {}

  void fill(int keys) {
    for (int i = 0; i < keys; ++i) run("SET key:" + std::to_string(i) + " v");
  }

  // The words of a reply that are no RESP headers.
  std::vector<std::string> words(std::string_view line) {
    std::istringstream reply(run(line));
    std::vector<std::string> found;
    for (std::string word; reply >> word;) {
      if (word[0] != '$' && word[0] != '*') found.push_back(word);
    }
    return found;
  }

  std::multiset<std::string> scan_all(const std::string& options) {
    std::multiset<std::string> found;
    std::string cursor = "0";
    do {
      const std::vector<std::string> reply = words("SCAN " + cursor + options);
      found.insert(reply.begin() + 1, reply.end());
      cursor = reply[0];
    } while (cursor != "0");
    return found;
  }
};

}  // namespace

TEST_CASE("KEYS lists the names that match") {
  Server server;
  CHECK(server.run("KEYS *") == "*0");
  for (const char* name : {"one", "two", "three", "four", "a*b"}) {
    server.run({"SET", name, "v"});
  }
  std::vector<std::string> found = server.words("KEYS t*");
  std::sort(found.begin(), found.end());
  CHECK(found == std::vector<std::string>{"three", "two"});
  CHECK(server.words("KEYS *").size() == 5);
  CHECK(server.run("KEYS f[a-p]ur") == "*1 $4 four");
  CHECK(server.run("KEYS one") == "*1 $3 one");
  CHECK(server.run("KEYS onee") == "*0");
  CHECK(server.run({"KEYS", "a\\*b"}) == "*1 $3 a*b");
}

TEST_CASE("KEYS and the key without bytes") {
  Server server;
  server.run({"SET", "", "v"});
  CHECK(server.run({"KEYS", ""}) == "*1 $0 ");
  CHECK(server.run({"KEYS", "*"}) == "*1 $0 ");
  CHECK(server.run({"KEYS", "**"}) == "*0");
  CHECK(server.run({"SCAN", "0", "MATCH", "*"}) == "*2 $1 0 *1 $0 ");
}

TEST_CASE("KEYS and SCAN pass over expired keys") {
  Server server;
  server.databases.context().active_expiry = false;
  server.run("SET a v PX 1");
  server.run("SET b v");
  server.clock.advance_ms(1);
  CHECK(server.run("KEYS *") == "*1 $1 b");
  CHECK(server.run("KEYS a") == "*0");
  CHECK(server.run("SCAN 0") == "*2 $1 0 *1 $1 b");
}

TEST_CASE("SCAN returns everything once, in slices of about COUNT") {
  Server server;
  server.fill(3000);
  for (const char* options : {"", " COUNT 1", " COUNT 100", " COUNT 100000", " MATCH *"}) {
    const std::multiset<std::string> found = server.scan_all(options);
    CHECK(found.size() == 3000);
    CHECK(std::set<std::string>(found.begin(), found.end()).size() == 3000);
  }
  const std::size_t slice = server.words("SCAN 0 COUNT 100").size() - 1;
  CHECK(slice >= 100);
  CHECK(slice < 130);
}

TEST_CASE("SCAN of a small database gives keys with every call") {
  Server server;
  server.fill(14);
  int calls = 0;
  std::string cursor = "0";
  do {
    cursor = server.words("SCAN " + cursor)[0];
    ++calls;
  } while (cursor != "0");
  CHECK(calls <= 3);
}

TEST_CASE("SCAN returns what was there throughout, while others come and go") {
  Server server;
  server.fill(2000);
  std::set<std::string> found;
  std::string cursor = "0";
  int next = 2000;
  do {
    const std::vector<std::string> reply = server.words("SCAN " + cursor + " COUNT 50");
    found.insert(reply.begin() + 1, reply.end());
    cursor = reply[0];
    for (int i = 0; i < 100; ++i, ++next) server.run("SET key:" + std::to_string(next) + " v");
    for (int i = 0; i < 60; ++i) server.run("DEL key:" + std::to_string(next - 90 + i));
  } while (cursor != "0");
  for (int i = 0; i < 2000; ++i) CHECK(found.contains("key:" + std::to_string(i)));
}

TEST_CASE("SCAN's filters") {
  Server server;
  server.fill(100);
  CHECK(server.scan_all(" MATCH *7").size() == 10);
  CHECK(server.scan_all(" MATCH *7 TYPE string COUNT 3").size() == 10);
  CHECK(server.scan_all(" TYPE STRING").size() == 100);
  CHECK(server.scan_all(" TYPE hash").empty());
  CHECK(server.scan_all(" TYPE nonsense").empty());
}

TEST_CASE("SCAN's errors") {
  Server server;
  for (const char* cursor : {"x", "1x", " 1", "-", "+", "18446744073709551616", "1.0"}) {
    CHECK(server.run({"SCAN", cursor, "FOO"}) == "-ERR invalid cursor");
  }
  for (const char* cursor : {"0", "", "-1", "+5", "007", "18446744073709551615"}) {
    CHECK(server.run({"SCAN", cursor}) == "*2 $1 0 *0");
  }
  CHECK(server.run("SCAN 0 FOO") == "-ERR syntax error");
  CHECK(server.run("SCAN 0 COUNT") == "-ERR syntax error");
  CHECK(server.run("SCAN 0 COUNT 0") == "-ERR syntax error");
  CHECK(server.run("SCAN 0 COUNT x") == "-ERR value is not an integer or out of range");
  CHECK(server.run("SCAN 0 COUNT 9223372036854775807") == "*2 $1 0 *0");
}

TEST_CASE("RANDOMKEY") {
  Server server;
  CHECK(server.run("RANDOMKEY") == "$-1");
  server.run("SET a v PX 1");
  server.run("SET b v");
  server.clock.advance_ms(1);
  for (int i = 0; i < 20; ++i) CHECK(server.run("RANDOMKEY") == "$1 b");
}
