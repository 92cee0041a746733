// memcached's binary protocol, packet by packet.

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "server/engine/gates.h"
#include "server/protocol/memcached_binary.h"
#include "tests/server/memcached/memcached_fixture.h"

using namespace tarn;
using namespace tarn::memcached;
using namespace std::string_literals;

namespace {

template <class Number>
std::string big_endian(Number number) {
  std::string bytes(sizeof number, '\0');
  write_big_endian(bytes.data(), number);
  return bytes;
}

struct Request {
  Opcode opcode;
  std::string key{};
  std::string extras{};
  std::string value{};
  std::uint64_t cas = 0;

  std::string bytes() const {
    const BinaryHeader header{
        .opcode = static_cast<std::uint8_t>(opcode),
        .key_bytes = static_cast<std::uint16_t>(key.size()),
        .extras_bytes = static_cast<std::uint8_t>(extras.size()),
        .body_bytes = static_cast<std::uint32_t>(extras.size() + key.size() + value.size()),
        .opaque = 0xabad1dea,
        .cas = cas};
    std::string packet(kBinaryHeaderBytes, '\0');
    header.write(packet.data());
    return packet + extras + key + value;
  }
};

struct Response {
  BinaryHeader header;
  std::string extras{};
  std::string key{};
  std::string value{};

  BinaryStatus status() const { return static_cast<BinaryStatus>(header.status); }
};

struct BinaryFixture : MemcachedFixture {
  std::vector<Response> ask(std::string_view bytes) {
    std::string received = send(bytes);
    std::vector<Response> responses;
    while (!received.empty()) {
      REQUIRE(received.size() >= kBinaryHeaderBytes);
      Response response{.header = BinaryHeader::read(received.data())};
      CHECK(response.header.magic == kResponseMagic);
      CHECK(response.header.opaque == 0xabad1dea);
      std::size_t at = kBinaryHeaderBytes;
      const auto take = [&](std::size_t size) {
        const std::string part = received.substr(at, size);
        at += size;
        return part;
      };
      response.extras = take(response.header.extras_bytes);
      response.key = take(response.header.key_bytes);
      response.value =
          take(response.header.body_bytes - response.extras.size() - response.key.size());
      received.erase(0, at);
      responses.push_back(response);
    }
    return responses;
  }
  Response one(const Request& request) {
    const auto responses = ask(request.bytes());
    REQUIRE(responses.size() == 1);
    CHECK(responses[0].header.opcode == static_cast<std::uint8_t>(request.opcode));
    return responses[0];
  }
  Response set(const std::string& key, const std::string& value, std::uint32_t flags = 0,
               std::uint32_t exptime = 0, std::uint64_t cas = 0) {
    return one({Opcode::kSet, key, big_endian(flags) + big_endian(exptime), value, cas});
  }
  Response get(const std::string& key) { return one({Opcode::kGet, key}); }
};

std::string number_extras(std::uint64_t delta, std::uint64_t initial, std::uint32_t exptime) {
  return big_endian(delta) + big_endian(initial) + big_endian(exptime);
}

}  // namespace

TEST_CASE_FIXTURE(BinaryFixture, "an item is set and got with flags and CAS") {
  const Response stored = set("k", "value", 0xdeadbeef);
  CHECK(stored.status() == BinaryStatus::kOk);
  CHECK(stored.header.cas != 0);
  const Response got = get("k");
  CHECK(got.value == "value");
  CHECK(got.extras == big_endian(std::uint32_t{0xdeadbeef}));
  CHECK(got.key.empty());
  CHECK(got.header.cas == stored.header.cas);
  CHECK(one({Opcode::kGetK, "k"}).key == "k");
  CHECK(get("none").status() == BinaryStatus::kNotFound);
  CHECK(get("none").value == "Not found");
}

TEST_CASE_FIXTURE(BinaryFixture, "a request is understood however it is cut") {
  const std::string bytes = Request{Opcode::kSet, "k", std::string(8, '\0'), "value"}.bytes() +
                            Request{Opcode::kGet, "k"}.bytes();
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    connect();
    std::string received = send(std::string_view(bytes).substr(0, cut));
    received += send(std::string_view(bytes).substr(cut));
    CHECK(received.size() == 2 * kBinaryHeaderBytes + 4 + 5);
    CHECK(received.ends_with("value"));
  }
}

TEST_CASE_FIXTURE(BinaryFixture, "a large value arrives in pieces, and is sent by reference") {
  const std::string value(300'000, 'v');
  const std::string bytes = Request{Opcode::kSet, "k", std::string(8, '\0'), value}.bytes() +
                            Request{Opcode::kNoop}.bytes();
  std::vector<Response> responses;
  for (std::size_t at = 0; at < bytes.size(); at += 50'000) {
    for (const Response& response : ask(std::string_view(bytes).substr(at, 50'000))) {
      responses.push_back(response);
    }
  }
  REQUIRE(responses.size() == 2);
  CHECK(responses[0].status() == BinaryStatus::kOk);
  CHECK(get("k").value == value);
}

TEST_CASE_FIXTURE(BinaryFixture, "a CAS decides whether an item is replaced") {
  const std::uint64_t first = set("k", "1").header.cas;
  const Response second = set("k", "2", 0, 0, first);
  CHECK(second.status() == BinaryStatus::kOk);
  CHECK(second.header.cas != first);
  CHECK(set("k", "3", 0, 0, first).status() == BinaryStatus::kExists);
  CHECK(set("none", "3", 0, 0, first).status() == BinaryStatus::kNotFound);
  CHECK(one({Opcode::kDelete, "k", "", "", first}).status() == BinaryStatus::kExists);
  CHECK(one({Opcode::kDelete, "k", "", "", second.header.cas}).status() == BinaryStatus::kOk);
  CHECK(one({Opcode::kDelete, "k"}).status() == BinaryStatus::kNotFound);
}

TEST_CASE_FIXTURE(BinaryFixture, "add, replace, append and prepend ask whether there is an item") {
  const std::string extras(8, '\0');
  CHECK(one({Opcode::kReplace, "k", extras, "0"}).status() == BinaryStatus::kNotFound);
  CHECK(one({Opcode::kAppend, "k", "", "0"}).status() == BinaryStatus::kNotStored);
  CHECK(one({Opcode::kAdd, "k", extras, "b"}).status() == BinaryStatus::kOk);
  CHECK(one({Opcode::kAdd, "k", extras, "x"}).status() == BinaryStatus::kExists);
  CHECK(one({Opcode::kAppend, "k", "", "c"}).status() == BinaryStatus::kOk);
  CHECK(one({Opcode::kPrepend, "k", "", "a"}).status() == BinaryStatus::kOk);
  CHECK(get("k").value == "abc");
}

TEST_CASE_FIXTURE(BinaryFixture, "numbers are changed, and made where an exptime allows it") {
  const Response made = one({Opcode::kIncrement, "n", number_extras(5, 10, 0)});
  CHECK(made.value == big_endian(std::uint64_t{10}));
  CHECK(made.header.cas != 0);
  CHECK(one({Opcode::kIncrement, "n", number_extras(5, 0, 0)}).value ==
        big_endian(std::uint64_t{15}));
  CHECK(one({Opcode::kDecrement, "n", number_extras(100, 0, 0)}).value ==
        big_endian(std::uint64_t{0}));
  CHECK(one({Opcode::kIncrement, "none", number_extras(1, 1, 0xffffffff)}).status() ==
        BinaryStatus::kNotFound);
  set("text", "abc");
  CHECK(one({Opcode::kIncrement, "text", number_extras(1, 1, 0)}).status() ==
        BinaryStatus::kNotNumber);
}

TEST_CASE_FIXTURE(BinaryFixture, "quiet requests reply to what is out of the ordinary") {
  const std::string extras(8, '\0');
  const auto responses = ask(
      Request{Opcode::kSetQ, "k", extras, "v"}.bytes() + Request{Opcode::kGetQ, "none"}.bytes() +
      Request{Opcode::kGetKQ, "k"}.bytes() + Request{Opcode::kAddQ, "k", extras, "v"}.bytes() +
      Request{Opcode::kDeleteQ, "k"}.bytes() + Request{Opcode::kDeleteQ, "k"}.bytes() +
      Request{Opcode::kNoop}.bytes());
  REQUIRE(responses.size() == 4);
  CHECK(responses[0].value == "v");
  CHECK(responses[1].status() == BinaryStatus::kExists);
  CHECK(responses[2].status() == BinaryStatus::kNotFound);
  CHECK(responses[3].header.opcode == static_cast<std::uint8_t>(Opcode::kNoop));
}

TEST_CASE_FIXTURE(BinaryFixture, "without room, changes get memcached's status and text") {
  set("k", "1");
  dispatcher.make_room = [] { return false; };
  dispatcher.raise(kMemoryGate);
  const std::string extras(8, '\0');
  const auto check_refused = [&](Opcode opcode) {
    const Response refused = one({opcode, "k", extras, "2"});
    CHECK(refused.status() == BinaryStatus::kServerError);
    CHECK(refused.value == "Out of memory allocating item");
  };
  check_refused(Opcode::kAdd);
  check_refused(Opcode::kReplace);
  for (const Opcode opcode : {Opcode::kAppend, Opcode::kPrepend}) {
    CHECK(one({opcode, "k", "", "2"}).value == "Out of memory allocating item");
  }
  for (const Opcode opcode : {Opcode::kIncrement, Opcode::kDecrement}) {
    const Response refused = one({opcode, "missing", number_extras(1, 1, 0)});
    CHECK(refused.status() == BinaryStatus::kServerError);
    CHECK(refused.value == "Out of memory incrementing value");
  }
  // What is there is changed in its place.
  CHECK(one({Opcode::kIncrement, "k", number_extras(5, 1, 0)}).status() == BinaryStatus::kOk);
  CHECK(one({Opcode::kDecrement, "k", number_extras(2, 1, 0)}).status() == BinaryStatus::kOk);
  CHECK(get("k").value == "4");
  CHECK(one({Opcode::kDelete, "k"}).status() == BinaryStatus::kOk);
  // What these cannot replace goes.
  for (const Opcode opcode : {Opcode::kSet, Opcode::kSetQ}) {
    dispatcher.lower(kMemoryGate);
    set("k", "1");
    dispatcher.raise(kMemoryGate);
    check_refused(opcode);
    CHECK(get("k").status() == BinaryStatus::kNotFound);
  }
}

TEST_CASE_FIXTURE(BinaryFixture, "touch and get-and-touch set the time that is left") {
  set("k", "v", 7);
  const Response touched = one({Opcode::kTouch, "k", big_endian(std::uint32_t{100})});
  CHECK(touched.status() == BinaryStatus::kOk);
  CHECK(touched.value.empty());
  CHECK(db().peek(Key("k"))->deadline_ms() == clock.now_ms() + 100'000);
  CHECK(one({Opcode::kGat, "k", big_endian(std::uint32_t{50})}).value == "v");
  CHECK(db().peek(Key("k"))->deadline_ms() == clock.now_ms() + 50'000);
  CHECK(one({Opcode::kTouch, "none", big_endian(std::uint32_t{5})}).status() ==
        BinaryStatus::kNotFound);
}

TEST_CASE_FIXTURE(BinaryFixture, "what is out of shape ends the connection") {
  const std::string packets[] = {
      Request{Opcode::kGet}.bytes(),
      Request{Opcode::kGet, "k", "ext!"}.bytes(),
      Request{Opcode::kGet, "k", "", "value"}.bytes(),
      Request{Opcode::kSet, "k", "four", "value"}.bytes(),
      Request{Opcode::kGet, std::string(251, 'k')}.bytes(),
      Request{Opcode::kNoop, "k"}.bytes(),
  };
  for (const std::string& packet : packets) {
    connect();
    const auto responses = ask(packet);
    REQUIRE(responses.size() == 1);
    CHECK(responses[0].status() == BinaryStatus::kInvalid);
    CHECK(client->session().closing);
  }
  connect();
  CHECK(send(Request{Opcode::kNoop}.bytes() + "get k\r\n").size() == kBinaryHeaderBytes);
  CHECK(client->session().closing);
}

TEST_CASE_FIXTURE(BinaryFixture, "an unknown command is passed over as a whole") {
  const auto responses =
      ask(Request{static_cast<Opcode>(0x77), "key", "extras", std::string(5000, 'v')}.bytes() +
          Request{Opcode::kNoop}.bytes());
  REQUIRE(responses.size() == 2);
  CHECK(responses[0].status() == BinaryStatus::kUnknownCommand);
  CHECK(responses[1].status() == BinaryStatus::kOk);
}

TEST_CASE_FIXTURE(BinaryFixture, "a value beyond the limit is passed over, and the old one goes") {
  set("k", "old");
  const auto responses = ask(
      Request{Opcode::kSet, "k", std::string(8, '\0'), std::string((1 << 20) + 1, 'v')}.bytes() +
      Request{Opcode::kGet, "k"}.bytes());
  REQUIRE(responses.size() == 2);
  CHECK(responses[0].status() == BinaryStatus::kTooLarge);
  CHECK(responses[1].status() == BinaryStatus::kNotFound);
}

TEST_CASE_FIXTURE(BinaryFixture, "such a value is passed over, though its request had to wait") {
  set_option("memcached-max-item-size", "1kb");
  dispatcher.pause() = {.until_ms = clock.now_ms() + 1000};
  dispatcher.raise(kPauseGate);
  const Request large{Opcode::kSet, "k", std::string(8, '\0'), std::string(2000, 'v')};
  CHECK(ask(large.bytes() + Request{Opcode::kNoop}.bytes()).empty());
  dispatcher.lower(kPauseGate);
  client->session().paused = false;
  const std::string replies = go_on();
  const std::size_t noop_at = replies.size() - kBinaryHeaderBytes;
  REQUIRE(replies.size() > 2 * kBinaryHeaderBytes);
  CHECK(BinaryHeader::read(replies.data()).status ==
        static_cast<std::uint16_t>(BinaryStatus::kTooLarge));
  CHECK(BinaryHeader::read(replies.data() + noop_at).opcode ==
        static_cast<std::uint8_t>(Opcode::kNoop));
}

TEST_CASE_FIXTURE(BinaryFixture, "keys of other types are misses, and are not written") {
  put_list("list");
  CHECK(get("list").status() == BinaryStatus::kNotFound);
  const Response refused = set("list", "v");
  CHECK(refused.status() == BinaryStatus::kServerError);
  CHECK(refused.value.find("another type") != std::string::npos);
  CHECK(db().peek(Key("list"))->type() == Type::kList);
}

TEST_CASE_FIXTURE(BinaryFixture, "a password is asked for, and SASL PLAIN gives it") {
  set_option("requirepass", "secret");
  connect();
  CHECK(one({Opcode::kVersion}).status() == BinaryStatus::kOk);
  CHECK(one({Opcode::kSaslList}).value == "PLAIN");
  const auto refused = ask(Request{Opcode::kGet, "k"}.bytes());
  REQUIRE(refused.size() == 1);
  CHECK(refused[0].status() == BinaryStatus::kAuthFailed);
  CHECK(client->session().closing);

  connect();
  CHECK(one({Opcode::kSaslAuth, "PLAIN", "", "\0default\0wrong"s}).status() ==
        BinaryStatus::kAuthFailed);
  CHECK(one({Opcode::kSaslAuth, "LOGIN", "", "\0default\0secret"s}).status() ==
        BinaryStatus::kAuthFailed);
  CHECK(one({Opcode::kSaslAuth, "PLAIN", "", "\0default\0secret"s}).status() == BinaryStatus::kOk);
  CHECK(set("k", "v").status() == BinaryStatus::kOk);
}

TEST_CASE_FIXTURE(BinaryFixture, "statistics come as packets, and an empty one ends them") {
  set("k", "v");
  const auto responses = ask(Request{Opcode::kStat}.bytes());
  REQUIRE(responses.size() > 10);
  CHECK(responses[0].key == "pid");
  CHECK(responses.back().key.empty());
  CHECK(responses.back().value.empty());
  CHECK(ask(Request{Opcode::kStat, "nonsense"}.bytes())[0].status() == BinaryStatus::kNotFound);
}
