#include <doctest/doctest.h>

#include "server/commands/families.h"
#include "tests/server/engine/command_fixture.h"

namespace tarn {
namespace {

constexpr const char* kWrongTypeReply =
    "-WRONGTYPE Operation against a key holding the wrong kind of value";
constexpr const char* kBadExpireReply = "-ERR invalid expire time in 'set' command";

struct Server : CommandFixture {
  Server() : CommandFixture({string_commands(), string_set_commands()}) {}
};

}  // namespace

TEST_CASE("SET: replaces whatever was there, deadline included") {
  Server server;
  CHECK(server.run("SET k v EX 10") == "+OK");
  CHECK(server.run("SET k w") == "+OK");
  CHECK(server.run("GET k") == "$1 w");
  CHECK(server.deadline_ms("k") == 0);
  server.put_list("l");
  CHECK(server.run("SET l v") == "+OK");
  CHECK(server.run("GET l") == "$1 v");
}

TEST_CASE("SET: stores integers, short strings and large ones each in its way") {
  Server server;
  server.run("SET i -42");
  CHECK(server.entry("i")->string_encoding() == StringEncoding::kInteger);
  server.run("SET s 042");
  CHECK(server.entry("s")->string_encoding() == StringEncoding::kEmbedded);
  const std::string large(100'000, 'x');
  server.run({"SET", "b", large});
  CHECK(server.entry("b")->string_encoding() == StringEncoding::kBlob);
  CHECK(server.run("GET i") == "$3 -42");
  CHECK(server.run("GET s") == "$3 042");
  CHECK(server.run("GET b") == "$100000 " + large);
}

TEST_CASE("SET: a value that was received into a blob is not copied") {
  Server server;
  const BlobRef blob = Blob::copy(std::string(50'000, 'x'));
  const std::vector<BlobRef> blobs = {{}, {}, blob};
  CHECK(server.run_raw({"SET", "k", std::string(blob->view())}, blobs) == "+OK\r\n");
  CHECK(server.entry("k")->blob() == &*blob);
}

TEST_CASE("SET: NX and XX") {
  Server server;
  CHECK(server.run("SET k v XX") == "$-1");
  CHECK(server.run("SET k v nx") == "+OK");
  CHECK(server.run("SET k w NX") == "$-1");
  CHECK(server.run("SET k x XX XX") == "+OK");
  CHECK(server.run("GET k") == "$1 x");
  CHECK(server.run("SET k v NX XX") == "-ERR syntax error");
  CHECK(server.run("SET k v XX NX") == "-ERR syntax error");
  server.session.protocol = 3;
  CHECK(server.run("SET k w NX") == "_");
}

TEST_CASE("SET: GET returns the value before, set or not") {
  Server server;
  CHECK(server.run("SET k 1 GET") == "$-1");
  CHECK(server.run("SET k 2 GET") == "$1 1");
  CHECK(server.run("SET k 3 NX GET") == "$1 2");
  CHECK(server.run("GET k") == "$1 2");
  CHECK(server.run("SET missing v XX GET") == "$-1");
  CHECK(server.entry("missing") == nullptr);
  CHECK(server.run("SET missing v NX GET") == "$-1");
  CHECK(server.run("GET missing") == "$1 v");
  server.put_list("l");
  CHECK(server.run("SET l v GET") == kWrongTypeReply);
  CHECK(server.run("SET l v NX GET") == kWrongTypeReply);
  CHECK(server.run("SET l v NX") == "$-1");
}

TEST_CASE("SET: deadlines") {
  Server server;
  const std::int64_t now = server.clock.now_ms();
  server.run("SET k v EX 10");
  CHECK(server.deadline_ms("k") == now + 10'000);
  server.run("SET k v PX 10");
  CHECK(server.deadline_ms("k") == now + 10);
  server.run("SET k v EXAT 2000000000");
  CHECK(server.deadline_ms("k") == 2'000'000'000'000);
  server.run("SET k v PXAT 2000000000123");
  CHECK(server.deadline_ms("k") == 2'000'000'000'123);
  server.run("SET k w KEEPTTL");
  CHECK(server.deadline_ms("k") == 2'000'000'000'123);
  server.run("SET k w EX 1 EX 2");
  CHECK(server.deadline_ms("k") == now + 2000);
  server.clock.advance_ms(2000);
  CHECK(server.run("GET k") == "$-1");
}

TEST_CASE("SET: a deadline that has passed") {
  Server server;
  CHECK(server.run("SET k v PXAT 1") == "+OK");
  CHECK(server.run("GET k") == "$-1");
}

TEST_CASE("SET: deadlines that are refused") {
  Server server;
  CHECK(server.run("SET k v EX 0") == kBadExpireReply);
  CHECK(server.run("SET k v PX -1") == kBadExpireReply);
  CHECK(server.run("SET k v EX 9223372036854775807") == kBadExpireReply);
  CHECK(server.run("SET k v EX 9223372036854775") == kBadExpireReply);
  CHECK(server.run("SET k v PX 9223372036854775807") == kBadExpireReply);
  CHECK(server.run("SET k v EXAT 9223372036854776") == kBadExpireReply);
  CHECK(server.run("SET k v EX 1.5") == "-ERR value is not an integer or out of range");
  CHECK(server.entry("k") == nullptr);
  CHECK(server.run("SET k v PXAT 9223372036854775807") == "+OK");
  CHECK(server.run("GET k") == "$1 v");
}

TEST_CASE("SET: options that contradict each other or are none") {
  Server server;
  for (const char* options :
       {"EX", "EX 1 PX 1", "EX x PX 1", "EX 1 KEEPTTL", "KEEPTTL PXAT 5", "PERSIST", "FOO",
        "GET EX", "NX IFEQ v", "IFEQ v XX", "IFEQ", "IFEQ v IFNE w"}) {
    CAPTURE(options);
    CHECK(server.run(std::string("SET k v ") + options) == "-ERR syntax error");
  }
}

TEST_CASE("SET: syntax is checked before numbers, numbers before the key's type") {
  Server server;
  server.put_list("l");
  CHECK(server.run("SET l v EX x FOO") == "-ERR syntax error");
  CHECK(server.run("SET l v GET EX 0") == kBadExpireReply);
}

TEST_CASE("SET: compares the value") {
  Server server;
  CHECK(server.run("SET k v IFEQ v") == "$-1");
  CHECK(server.entry("k") == nullptr);
  CHECK(server.run("SET k 5 IFNE v") == "+OK");
  CHECK(server.run("SET k w IFNE 5") == "$-1");
  CHECK(server.run("SET k w IFEQ 5 EX 10") == "+OK");
  CHECK(server.run("GET k") == "$1 w");
  CHECK(server.deadline_ms("k") > 0);
  CHECK(server.run("SET k x IFEQ v GET") == "$1 w");
  CHECK(server.run("GET k") == "$1 w");
  server.put_list("l");
  CHECK(server.run("SET l v IFEQ v") == kWrongTypeReply);
  CHECK(server.run("SET l v IFNE v") == kWrongTypeReply);
}

TEST_CASE("SET: compares the digest") {
  Server server;
  CHECK(server.run("SET k v IFDEQ b6acb9d84a38ff74") == "$-1");
  CHECK(server.run("SET k \"Hello world\" IFDNE b6acb9d84a38ff74") == "+OK");
  CHECK(server.run("SET k w IFDNE b6acb9d84a38ff74") == "$-1");
  CHECK(server.run("SET k w IFDEQ 0000000000000000") == "$-1");
  CHECK(server.run("SET k w IFDEQ B6ACB9D84A38FF74") == "+OK");
}

TEST_CASE("SET: of a digest only the length is checked, and only where the key exists") {
  Server server;
  CHECK(server.run("SET k v IFDEQ 123") == "$-1");
  CHECK(server.run("SET k v IFDNE 123") == "+OK");
  const char* error = "-ERR must be exactly 16 hexadecimal characters";
  CHECK(server.run("SET k w IFDEQ 123") == error);
  CHECK(server.run("SET k w IFDNE 12345678901234567 GET") == error);
  CHECK(server.run("SET k w IFDEQ b6acb9d84a38ff7g") == "$-1");
  CHECK(server.run("SET k w IFDNE b6acb9d84a38ff7g") == "+OK");
}

TEST_CASE("SETNX") {
  Server server;
  CHECK(server.run("SETNX k v") == ":1");
  CHECK(server.run("SETNX k w") == ":0");
  CHECK(server.run("GET k") == "$1 v");
}

TEST_CASE("SETEX and PSETEX") {
  Server server;
  const std::int64_t now = server.clock.now_ms();
  CHECK(server.run("SETEX k 10 v") == "+OK");
  CHECK(server.deadline_ms("k") == now + 10'000);
  CHECK(server.run("PSETEX k 10 w") == "+OK");
  CHECK(server.deadline_ms("k") == now + 10);
  CHECK(server.run("GET k") == "$1 w");
  CHECK(server.run("SETEX k 0 v") == "-ERR invalid expire time in 'setex' command");
  CHECK(server.run("PSETEX k -5 v") == "-ERR invalid expire time in 'psetex' command");
  CHECK(server.run("SETEX k ten v") == "-ERR value is not an integer or out of range");
}

TEST_CASE("GETSET") {
  Server server;
  CHECK(server.run("GETSET k 1") == "$-1");
  CHECK(server.run("SET k 1 EX 10") == "+OK");
  CHECK(server.run("GETSET k 2") == "$1 1");
  CHECK(server.deadline_ms("k") == 0);
  CHECK(server.entry("k")->string_encoding() == StringEncoding::kInteger);
  server.put_list("l");
  CHECK(server.run("GETSET l 2") == kWrongTypeReply);
}

}  // namespace tarn
