#include "server/engine/key_waiters.h"

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "server/commands/timeout_argument.h"
#include "server/engine/args.h"
#include "server/engine/resp_client.h"
#include "tests/server/engine/transactions_fixture.h"

namespace tarn {
namespace {

// A family of its own: strings are queues of letters.

// Takes the first letter; the last one takes the key along.
char take_letter(Keyspace& db, const Key& key) {
  const std::string text(StringView(*db.peek(key)));
  text.size() == 1 ? void(db.erase(key)) : void(db.set_string(key, text.substr(1), Ttl::keep()));
  return text[0];
}

// TAKE key [key ...] timeout: which key, and its letter.
void take(Call& call) {
  const std::span keys = call.args.subspan(1, call.args.size() - 2);
  ArgReader args(call, call.args.size() - 1);
  const std::chrono::milliseconds timeout = next_timeout(args);
  if (args.failed()) return;
  for (const std::string_view key : call.awaited(keys)) {
    const Entry* entry = call.db().find_for_update(Key(key));
    if (entry == nullptr) continue;
    if (entry->type() != Type::kString) return call.reply.error(errors::kWrongType);
    const char letter = take_letter(call.db(), Key(key));
    call.reply.array(2);
    call.reply.bulk(key);
    return call.reply.bulk({&letter, 1});
  }
  call.block_on_keys({.keys = keys, .types = Type::kString, .timeout = timeout});
}

// PASS from to timeout: takes a letter and makes it all that `to` holds.
void pass(Call& call) {
  ArgReader args(call, 3);
  const std::chrono::milliseconds timeout = next_timeout(args);
  if (args.failed()) return;
  const std::span from = call.args.subspan(1, 1);
  if (call.db().peek(Key(from[0])) == nullptr) {
    return call.block_on_keys(
        {.keys = from, .types = Type::kString, .timeout = timeout, .when_denied = &Reply::null});
  }
  const Entry* to = call.db().peek(Key(call.args[2]));
  if (to != nullptr && to->type() != Type::kString) return call.reply.error(errors::kWrongType);
  const char letter = take_letter(call.db(), Key(from[0]));
  call.db().set_string(Key(call.args[2]), std::string_view(&letter, 1), Ttl::none());
  call.reply.bulk({&letter, 1});
}

// ATLEAST key length timeout: waits until the string is so long; then says how long it is.
void at_least(Call& call) {
  ArgReader args(call, 2);
  const std::int64_t wanted = args.integer();
  const std::chrono::milliseconds timeout = next_timeout(args);
  if (args.failed()) return;
  const Entry* entry = call.db().peek(Key(call.args[1]));
  const auto length =
      entry == nullptr ? 0 : static_cast<std::int64_t>(StringView(*entry).bytes().size());
  if (length >= wanted) return call.reply.integer(length);
  call.block_on_keys({.keys = call.args.subspan(1, 1),
                      .types = {Type::kString, Type::kList},
                      .timeout = timeout,
                      .when_late = &Reply::null});
}

// PUTLIST key: a value of another type. TAKELIST key timeout waits for such.
void put_a_list(Call& call) {
  call.db().set_string(call.key(1), "items", Ttl::none());
  call.db().peek(call.key(1))->set_type(Type::kList, StringEncoding::kEmbedded);
  call.reply.ok();
}

void take_list(Call& call) {
  ArgReader args(call, 2);
  const std::chrono::milliseconds timeout = next_timeout(args);
  if (args.failed()) return;
  if (const Entry* entry = call.db().peek(call.key(1)); entry != nullptr) {
    if (entry->type() != Type::kList) return call.reply.error(errors::kWrongType);
    call.db().erase(call.key(1));
    return call.reply.simple("LIST");
  }
  call.block_on_keys({.keys = call.args.subspan(1, 1),
                      .types = Type::kList,
                      .timeout = timeout,
                      .when_late = &Reply::null});
}

constexpr CommandRow kRows[] = {
    {.name = "take", .handler = take, .arity = -3, .flags = kWrite | kBlocking},
    {.name = "pass", .handler = pass, .arity = 4, .flags = kWrite | kBlocking},
    {.name = "atleast", .handler = at_least, .arity = 4, .flags = kReadonly | kBlocking},
    {.name = "putlist", .handler = put_a_list, .arity = 2, .flags = kWrite},
    {.name = "takelist", .handler = take_list, .arity = 3, .flags = kWrite | kBlocking},
};

struct Fixture : TransactionsFixture {
  Fixture() { table.add(kRows, std::as_const(config)); }

  // Another client; its commands wait.
  FakeClient& client() {
    const std::uint64_t id = 100 + others.size();
    others.push_back(std::make_unique<FakeClient>(id, "127.0.0.1:" + std::to_string(50'000 + id)));
    clients.add(others.back()->session);
    return *others.back();
  }
  void disconnect(FakeClient& gone) {
    clients.remove(gone.session);
    blocked.forget(gone.session);
  }

  std::vector<std::unique_ptr<FakeClient>> others;
};

using namespace std::chrono_literals;

}  // namespace

TEST_CASE_FIXTURE(Fixture, "what is there is served at once") {
  run(a, "SET k ab");
  CHECK(run(b, "TAKE none k 0") == "*2 $1 k $1 a");
  CHECK_FALSE(b.session.blocked);
  CHECK(blocked.size() == 0);
}

TEST_CASE_FIXTURE(Fixture, "first come, first served, a letter each") {
  FakeClient& c = client();
  CHECK(run(b, "TAKE k 0").empty());
  CHECK(run(c, "TAKE k 0").empty());
  CHECK(b.session.blocked);
  CHECK(blocked.size() == 2);
  CHECK(waiters.keys() == 1);

  CHECK(run(a, "SET k x") == "+OK");
  CHECK(read(b) == "*2 $1 k $1 x");
  CHECK(b.transport.flushes == 1);
  CHECK_FALSE(b.session.blocked);
  CHECK(read(c).empty());

  run(a, "SET k yz");
  CHECK(read(c) == "*2 $1 k $1 y");
  CHECK(run(a, "GET k") == "$1 z");
  CHECK(blocked.size() == 0);
  CHECK(databases.context().observer == nullptr);
}

TEST_CASE_FIXTURE(Fixture, "who waits for several keys is served by the one that came first") {
  run(b, "TAKE x y z y 0");
  CHECK(waiters.keys() == 3);
  run(a, "MULTI");
  run(a, "SET z 1");
  run(a, "SET x 2");
  run(a, "EXEC");
  CHECK(read(b) == "*2 $1 z $1 1");
  CHECK(run(a, "GET x") == "$1 2");
  CHECK(waiters.keys() == 0);
}

TEST_CASE_FIXTURE(Fixture, "another of the keys may hold anything") {
  run(b, "TAKE x y 0");
  run(a, "PUTLIST x");
  CHECK(b.session.blocked);
  run(a, "SET y 1");
  CHECK(read(b) == "*2 $1 y $1 1");
}

TEST_CASE_FIXTURE(Fixture, "a transaction is served when it is done, by what it leaves") {
  run(b, "TAKE k 0");
  for (const std::string_view command : {"MULTI", "SET k 1", "DEL k", "SET j 1", "EXEC"}) {
    run(a, command);
  }
  CHECK(b.session.blocked);
  for (const std::string_view command : {"MULTI", "SET k 1", "APPEND k 2", "GET k"}) {
    run(a, command);
  }
  CHECK(run(a, "EXEC") == "*3 +OK :2 $2 12");
  CHECK(read(b) == "*2 $1 k $1 1");
}

TEST_CASE_FIXTURE(Fixture, "every way in which a key comes to be wakes") {
  for (const std::string_view way :
       {"RENAME s k", "COPY s k", "APPEND k v", "SETRANGE k 0 v", "SWAPDB 0 1", "MSET s 1 k v"}) {
    CAPTURE(way);
    run(a, "FLUSHALL");
    run(a, "SET s v");
    run(a, "SELECT 1");
    run(a, "SET k v");
    run(a, "SELECT 0");
    run(b, "TAKE k 0");
    CHECK(b.session.blocked);
    run(a, way);
    CHECK(read(b) == "*2 $1 k $1 v");
  }
  run(a, "SET k v");
  run(b, "SELECT 1");
  run(b, "DEL k");
  run(b, "TAKE k 0");
  run(a, "MOVE k 1");
  CHECK(read(b) == "*2 $1 k $1 v");
}

TEST_CASE_FIXTURE(Fixture, "a key of another database wakes nobody") {
  run(b, "TAKE k 0");
  run(a, "SELECT 1");
  run(a, "SET k 1");
  CHECK(b.session.blocked);
}

TEST_CASE_FIXTURE(Fixture, "those in line for another type are passed by") {
  FakeClient& c = client();
  FakeClient& d = client();
  run(b, "TAKELIST k 0");
  run(c, "TAKE k 0");
  run(d, "TAKELIST k 0");
  run(a, "SET k 1");
  CHECK(b.session.blocked);
  CHECK(read(c) == "*2 $1 k $1 1");
  run(a, "PUTLIST k");
  CHECK(read(b) == "+LIST");
  CHECK(d.session.blocked);
  run(a, "PUTLIST k");
  CHECK(read(d) == "+LIST");
}

TEST_CASE_FIXTURE(Fixture, "a chain is served to its end") {
  FakeClient& c = client();
  FakeClient& d = client();
  run(d, "TAKE z 0");
  run(c, "PASS y z 0");
  run(b, "PASS x y 0");
  run(a, "SET x 1");
  CHECK(read(b) == "$1 1");
  CHECK(read(c) == "$1 1");
  CHECK(read(d) == "*2 $1 z $1 1");
  CHECK(databases[0].empty());
  CHECK(blocked.size() == 0);
}

TEST_CASE_FIXTURE(Fixture, "a ring of waiters ends") {
  FakeClient& c = client();
  run(b, "PASS x y 0");
  run(c, "PASS y x 0");
  run(a, "SET x 1");
  CHECK(read(b) == "$1 1");
  CHECK(read(c) == "$1 1");
  CHECK(run(a, "GET x") == "$1 1");
}

TEST_CASE_FIXTURE(Fixture, "an error ends the wait, and the next in line is served") {
  FakeClient& c = client();
  run(b, "PASS k dest 0");
  run(c, "TAKE k 0");
  run(a, "PUTLIST dest");
  run(a, "SET k 1");
  CHECK(read(b) == "-WRONGTYPE Operation against a key holding the wrong kind of value");
  CHECK(read(c) == "*2 $1 k $1 1");
  CHECK(table.find("pass")->stats.failed == 1);
}

TEST_CASE_FIXTURE(Fixture, "who is still not served keeps its place") {
  FakeClient& c = client();
  FakeClient& d = client();
  run(b, "ATLEAST k 3 0");
  run(c, "ATLEAST k 1 0");
  run(d, "ATLEAST k 3 0");
  run(a, "SET k 1");
  CHECK(read(c) == ":1");
  CHECK(b.session.blocked);
  CHECK(blocked.size() == 2);
  run(a, "APPEND k 23");
  CHECK(read(b) == ":3");
  CHECK(read(d) == ":3");
}

TEST_CASE_FIXTURE(Fixture, "the time is up") {
  run(b, "TAKE x y 0.1");
  timers.advance(99ms);
  CHECK(b.session.blocked);
  timers.advance(1ms);
  CHECK(read(b) == "*-1");
  CHECK_FALSE(b.session.blocked);
  CHECK(waiters.keys() == 0);
  run(a, "SET x 1");
  CHECK(read(b).empty());
  CHECK(run(b, "PASS none to 0.0001").empty());
  timers.advance(1ms);
  CHECK(read(b) == "*-1");
  CHECK(timers.size() == 0);
}

TEST_CASE_FIXTURE(Fixture, "being served stops the clock") {
  run(b, "TAKE x 1");
  run(a, "SET x 1");
  CHECK(timers.size() == 0);
}

TEST_CASE_FIXTURE(Fixture, "CLIENT UNBLOCK") {
  run(b, "TAKE x 0");
  CHECK(run(a, "CLIENT UNBLOCK 12") == ":1");
  CHECK(read(b) == "*-1");
  run(b, "TAKE x 0");
  CHECK(run(a, "CLIENT UNBLOCK 12 ERROR") == ":1");
  CHECK(read(b) == "-UNBLOCKED client unblocked via CLIENT UNBLOCK");
  CHECK(run(a, "CLIENT UNBLOCK 12") == ":0");
  CHECK(waiters.keys() == 0);
}

TEST_CASE_FIXTURE(Fixture, "a client that goes leaves its lines") {
  FakeClient& c = client();
  run(b, "TAKE x y 0");
  run(c, "TAKE x 0");
  disconnect(b);
  CHECK(waiters.keys() == 1);
  run(a, "SET x 1");
  CHECK(read(b).empty());
  CHECK(read(c) == "*2 $1 x $1 1");
}

TEST_CASE_FIXTURE(Fixture, "in a transaction nobody waits") {
  run(b, "MULTI");
  run(b, "TAKE x 0");
  run(b, "PASS x y 0");
  run(b, "TAKE x wrong");
  CHECK(run(b, "EXEC") == "*3 *-1 $-1 -ERR timeout is not a float or out of range");
  CHECK(waiters.keys() == 0);
  b.session.protocol = 3;
  run(b, "MULTI");
  run(b, "TAKE x 0");
  CHECK(run(b, "EXEC") == "*1 _");
}

TEST_CASE_FIXTURE(Fixture, "timeouts that are none") {
  for (const std::string_view timeout : {"abc", "nan", "1s"}) {
    CHECK(run(b, "TAKE x " + std::string(timeout)) ==
          "-ERR timeout is not a float or out of range");
  }
  for (const std::string_view timeout : {"-1", "-0.1", "-inf"}) {
    CHECK(run(b, "TAKE x " + std::string(timeout)) == "-ERR timeout is negative");
  }
  for (const std::string_view timeout : {"inf", "1e30", "9223372036854775807"}) {
    CHECK(run(b, "TAKE x " + std::string(timeout)) == "-ERR timeout is out of range");
  }
}

TEST_CASE_FIXTURE(Fixture, "a client that wants no reply is served silently") {
  run(b, "CLIENT REPLY SKIP");
  run(b, "TAKE x 0");
  run(a, "SET x 12");
  CHECK(read(b).empty());
  CHECK_FALSE(b.session.blocked);
  CHECK(run(b, "GET x") == "$1 2");
}

TEST_CASE_FIXTURE(Fixture, "a call that waited counts once") {
  run(b, "TAKE x 0");
  run(a, "SET x 1");
  CHECK(table.find("take")->stats.calls == 1);
  CHECK(table.find("take")->stats.failed == 0);
}

TEST_CASE_FIXTURE(Fixture, "a client may be closed by what serves it") {
  // Its own reply is too much for it.
  struct Closer final : KeyObserver {
    explicit Closer(Fixture& server) : fixture(server) {}
    void key_modified(Keyspace&, std::string_view) override {
      if (fixture.dispatcher.running()->session.id == 12) fixture.disconnect(fixture.b);
    }
    void key_expired(Keyspace&, std::string_view) override {}
    Fixture& fixture;
  };
  Closer closer(*this);
  FakeClient& c = client();
  run(b, "TAKE x 0");
  run(c, "TAKE x 0");
  events.listen(closer, KeyEvents::kModified);
  run(a, "SET x 12");
  CHECK(read(c) == "*2 $1 x $1 2");
  CHECK(blocked.size() == 0);
  CHECK(waiters.keys() == 0);
  events.listen(closer, 0);
}

TEST_CASE_FIXTURE(Fixture, "many wait, in any order they leave") {
  for (int i = 0; i < 1000; ++i) {
    run(client(), "TAKE shared k" + std::to_string(i % 10) + (i % 2 == 0 ? " 0" : " 5"));
  }
  CHECK(waiters.keys() == 11);
  CHECK(blocked.with_timeout() == 500);
  timers.advance(5s);
  CHECK(blocked.size() == 500);
  CHECK(blocked.with_timeout() == 0);
  for (std::size_t i = 0; i < 1000; i += 4) disconnect(*others[i]);
  run(a, "SET shared {letters}");
  CHECK(read(*others[2]) == "*2 $6 shared $1 {");
  CHECK(read(*others[6]) == "*2 $6 shared $1 l");
  CHECK(blocked.size() == 250 - 9);
  run(a, "SET k8 " + std::string(300, 'x'));
  CHECK(read(*others[38]) == "*2 $2 k8 $1 x");
}

TEST_CASE_FIXTURE(Fixture, "the commands behind one that waits run when it is served") {
  RespContext context{{dispatcher, clients, config.options()}};
  FakeTransport transport;
  RespClient waiting(transport, context);
  const std::string_view input = "TAKE x 0\r\nPING\r\n";
  const InputHandler::Taken taken = waiting.on_input(input);
  CHECK(taken.front == 10);
  CHECK(transport.paused);
  CHECK(transport.take_output().empty());
  run(a, "SET x 1");
  CHECK_FALSE(transport.paused);
  CHECK(on_one_line(transport.take_output()) == "*2 $1 x $1 1");
  waiting.on_input(input.substr(taken.front));
  CHECK(transport.take_output() == "+PONG\r\n");
  waiting.on_closed();
}

}  // namespace tarn
