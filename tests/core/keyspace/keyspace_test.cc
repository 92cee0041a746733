#include "core/keyspace/keyspace.h"

#include <doctest/doctest.h>

#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/keyspace/databases.h"

using namespace tarn;

namespace {

struct Recorder final : KeyObserver {
  void key_modified(Keyspace&, std::string_view key) override { modified.emplace_back(key); }
  void key_expired(Keyspace&, std::string_view key) override { expired.emplace(key); }

  std::vector<std::string> modified;
  std::set<std::string> expired;
};

struct Fixture {
  FakeClock clock;
  Databases databases{clock, 4};
  Keyspace& keyspace = databases[0];

  std::optional<std::string> get(std::string_view key) {
    const Entry* entry = keyspace.find(Key(key));
    if (entry == nullptr) return std::nullopt;
    return std::string(StringView(*entry).bytes());
  }
  void expire_all() {
    while (databases.expire_step(100)) {
    }
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "values of every size come back as they were set") {
  for (const std::size_t size :
       std::initializer_list<std::size_t>{0, 1, 16, 44, 45, 900, 1000, 1024, 5000, 300'000}) {
    const std::string key = "key:" + std::to_string(size);
    const std::string value(size, static_cast<char>('a' + size % 26));
    keyspace.set_string(Key(key), value, Ttl::none());
    CHECK(get(key) == value);
  }
  const std::string long_key(100'000, 'k');
  keyspace.set_string(Key(long_key), "short", Ttl::none());
  CHECK(get(long_key) == "short");
  CHECK(keyspace.erase(Key(long_key)));
  CHECK(get(long_key) == std::nullopt);
}

TEST_CASE_FIXTURE(Fixture, "digits are kept as an integer, and read as they were written") {
  for (const std::string value :
       {"0", "-1", "12345", "9223372036854775807", "-9223372036854775808"}) {
    keyspace.set_string(Key("n"), value, Ttl::none());
    CHECK(keyspace.peek(Key("n"))->string_encoding() == StringEncoding::kInteger);
    CHECK(get("n") == value);
  }
  for (const std::string value : {"00", "-0", "+1", " 1", "9223372036854775808", "1.0"}) {
    keyspace.set_string(Key("n"), value, Ttl::none());
    CHECK(keyspace.peek(Key("n"))->string_encoding() == StringEncoding::kEmbedded);
    CHECK(get("n") == value);
  }
}

TEST_CASE_FIXTURE(Fixture, "edit_string keeps what was there and fills with zeros") {
  keyspace.set_integer(Key("k"), 123, Ttl::until(clock.now_ms() + 1000));
  char* bytes = keyspace.edit_string(Key("k"), 5);
  bytes[4] = 'x';
  CHECK(get("k") == std::string("123\0x", 5));
  CHECK(keyspace.peek(Key("k"))->deadline_ms() == clock.now_ms() + 1000);
  keyspace.edit_string(Key("k"), 2000);
  CHECK(get("k") == std::string("123\0x", 5) + std::string(1995, '\0'));
  keyspace.edit_string(Key("k"), 1'000'000)[999'999] = 'z';
  CHECK(get("k")->size() == 1'000'000);
  CHECK(get("k")->substr(0, 5) == std::string("123\0x", 5));
  CHECK(get("k")->back() == 'z');
  keyspace.edit_string(Key("fresh"), 3);
  CHECK(get("fresh") == std::string(3, '\0'));
}

TEST_CASE_FIXTURE(Fixture, "a copy of a large value shares its bytes until one side is written") {
  const std::string value(50'000, 'v');
  keyspace.set_string(Key("a"), value, Ttl::until(clock.now_ms() + 5000));
  databases[1].put_copy(Key("b"), *keyspace.peek(Key("a")));
  CHECK(databases[1].peek(Key("b"))->blob() == keyspace.peek(Key("a"))->blob());
  CHECK(databases[1].peek(Key("b"))->deadline_ms() == clock.now_ms() + 5000);
  keyspace.edit_string(Key("a"), value.size())[0] = 'X';
  CHECK(StringView(*databases[1].peek(Key("b"))).bytes() == value);
  CHECK(get("a")->front() == 'X');
}

TEST_CASE_FIXTURE(Fixture, "a key past its deadline is gone, looked at or not") {
  Recorder recorder;
  databases.context().observer = &recorder;
  keyspace.set_string(Key("seen"), "v", Ttl::until(clock.now_ms() + 10));
  keyspace.set_string(Key("unseen"), "v", Ttl::until(clock.now_ms() + 10));
  keyspace.set_string(Key("later"), "v", Ttl::until(clock.now_ms() + 11));
  clock.advance_ms(10);
  CHECK(get("seen") == std::nullopt);
  CHECK(recorder.expired == std::set<std::string>{"seen"});
  expire_all();
  CHECK(recorder.expired == std::set<std::string>{"seen", "unseen"});
  CHECK(keyspace.size() == 1);
  CHECK(databases.stats().expired == 2);
}

TEST_CASE_FIXTURE(Fixture,
                  "a deadline that was pushed back, brought forward or cleared is obeyed") {
  keyspace.set_string(Key("back"), "v", Ttl::until(clock.now_ms() + 10));
  keyspace.set_deadline(Key("back"), clock.now_ms() + 1000);
  keyspace.set_string(Key("forward"), "v", Ttl::until(clock.now_ms() + 1000));
  keyspace.set_deadline(Key("forward"), clock.now_ms() + 10);
  keyspace.set_string(Key("cleared"), "v", Ttl::until(clock.now_ms() + 10));
  CHECK(keyspace.clear_deadline(Key("cleared")));
  CHECK_FALSE(keyspace.clear_deadline(Key("cleared")));
  keyspace.set_string(Key("reset"), "v", Ttl::until(clock.now_ms() + 10));
  keyspace.set_string(Key("reset"), "v", Ttl::none());
  clock.advance_ms(20);
  expire_all();
  CHECK(get("back") == "v");
  CHECK(get("forward") == std::nullopt);
  CHECK(get("cleared") == "v");
  CHECK(get("reset") == "v");
  clock.advance_ms(1000);
  expire_all();
  CHECK(keyspace.size() == 2);
  CHECK(keyspace.expires() == 0);
}

TEST_CASE_FIXTURE(Fixture, "deadlines that never come due are kept exactly") {
  keyspace.set_string(Key("far"), "v", Ttl::until(INT64_MAX));
  clock.advance_ms(std::int64_t{1000} * 60 * 60 * 24 * 365 * 100);
  expire_all();
  CHECK(keyspace.peek(Key("far"))->deadline_ms() == INT64_MAX);
}

TEST_CASE_FIXTURE(Fixture, "stale wheel items are swept, however often keys are set and deleted") {
  for (int round = 0; round < 200; ++round) {
    for (int i = 0; i < 100; ++i) {
      const std::string key = "k" + std::to_string(i);
      keyspace.set_string(Key(key), "v", Ttl::until(clock.now_ms() + 3'600'000));
      keyspace.erase(Key(key));
      keyspace.set_string(Key(key), "v", Ttl::until(clock.now_ms() + 3'600'000));
      keyspace.set_string(Key(key), "v", Ttl::none());
      keyspace.set_string(Key(key), "v", Ttl::until(clock.now_ms() + 1'800'000));
    }
    clock.advance_ms(1);
    expire_all();
  }
  CHECK(keyspace.size() == 100);
  CHECK(keyspace.wheel().size() < 5000);
  clock.advance_ms(1'800'001);
  expire_all();
  CHECK(keyspace.empty());
}

TEST_CASE_FIXTURE(Fixture, "the average time to live follows the keys that have one") {
  keyspace.set_string(Key("a"), "v", Ttl::until(clock.now_ms() + 1000));
  keyspace.set_string(Key("b"), "v", Ttl::until(clock.now_ms() + 3000));
  keyspace.set_string(Key("c"), "v", Ttl::none());
  CHECK(keyspace.expires() == 2);
  CHECK(keyspace.average_ttl_ms() == 2000);
  keyspace.erase(Key("b"));
  CHECK(keyspace.average_ttl_ms() == 1000);
}

TEST_CASE_FIXTURE(Fixture, "flush and swap act on whole databases") {
  keyspace.set_string(Key("zero"), "v", Ttl::none());
  databases[1].set_string(Key("one"), std::string(5000, 'v'), Ttl::none());
  databases.swap(0, 1);
  CHECK(databases[0].contains(Key("one")));
  CHECK(databases[0].index() == 0);
  CHECK(databases[1].contains(Key("zero")));
  CHECK(databases.flush(0) == 1);
  CHECK(databases[0].empty());
  CHECK(databases.flush_all() == 1);
  CHECK(databases.total_keys() == 0);
}

TEST_CASE_FIXTURE(Fixture, "evacuation moves entries and loses none") {
  std::set<std::string> kept;
  for (int i = 0; i < 20'000; ++i) {
    const std::string key = "key:" + std::to_string(i);
    keyspace.set_string(Key(key), "some value of " + key, Ttl::none());
    if (i % 10 == 0) kept.insert(key);
  }
  for (int i = 0; i < 20'000; ++i) {
    if (i % 10 != 0) keyspace.erase(Key("key:" + std::to_string(i)));
  }
  const std::size_t before = keyspace.slabs().bytes_resident();
  while (keyspace.evacuate_step(100).more) {
  }
  CHECK(keyspace.slabs().bytes_resident() < before / 2);
  for (const std::string& key : kept) CHECK(get(key) == "some value of " + key);
}

// A std::map with deadlines is what a keyspace should be to its users.
TEST_CASE_FIXTURE(Fixture, "random writes agree with a model") {
  struct Model {
    std::string value;
    std::optional<std::int64_t> deadline_ms;
  };
  const std::uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  Rng rng(seed);
  std::map<std::string, Model> model;
  const auto drop_expired = [&] {
    std::erase_if(model, [&](const auto& item) {
      return item.second.deadline_ms && *item.second.deadline_ms <= clock.now_ms();
    });
  };
  const auto random_value = [&] {
    static constexpr std::size_t kSizes[] = {0, 3, 20, 100, 990, 1010, 3000, 300'000};
    if (rng.below(3) == 0) return std::to_string(static_cast<std::int64_t>(rng()));
    const std::size_t size = kSizes[rng.below(rng.below(50) == 0 ? 8 : 7)];
    return std::string(size, static_cast<char>('a' + rng.below(26)));
  };
  for (int step = 0; step < 20'000; ++step) {
    const std::string key = "k" + std::to_string(rng.below(200));
    const auto deadline = clock.now_ms() + 1 + static_cast<std::int64_t>(rng.below(2000));
    const auto at = model.find(key);
    switch (rng.below(9)) {
      case 0:
        clock.advance_ms(static_cast<std::int64_t>(rng.below(20)));
        drop_expired();
        if (rng.below(2) == 0) expire_all();
        break;
      case 1:
      case 2: {
        const std::string value = random_value();
        keyspace.set_string(Key(key), value, Ttl::none());
        model[key] = {value, std::nullopt};
        break;
      }
      case 3: {
        const std::string value = random_value();
        keyspace.set_string(Key(key), value, Ttl::until(deadline));
        model[key] = {value, deadline};
        break;
      }
      case 4: {
        const std::string value = random_value();
        keyspace.set_string(Key(key), value, Ttl::keep());
        model[key].value = value;
        break;
      }
      case 5:
        CHECK(keyspace.erase(Key(key)) == (at != model.end()));
        if (at != model.end()) model.erase(at);
        break;
      case 6:
        if (at == model.end()) break;
        keyspace.set_deadline(Key(key), deadline);
        at->second.deadline_ms = deadline;
        break;
      case 7:
        CHECK(keyspace.clear_deadline(Key(key)) == (at != model.end() && at->second.deadline_ms));
        if (at != model.end()) at->second.deadline_ms.reset();
        break;
      case 8: {
        const std::size_t size = rng.below(1200);
        keyspace.edit_string(Key(key), size);
        model[key].value.resize(size, '\0');
        break;
      }
    }
    const auto found = model.find(key);
    REQUIRE(get(key) == (found == model.end() ? std::nullopt : std::optional(found->second.value)));
  }
  expire_all();
  drop_expired();
  CHECK(keyspace.size() == model.size());
  std::size_t seen = 0;
  for (std::uint64_t cursor = 0;;) {
    cursor = keyspace.scan(cursor, [&](const Entry& entry) {
      CHECK(model.contains(std::string(entry.key())));
      ++seen;
    });
    if (cursor == 0) break;
  }
  CHECK(seen == model.size());
}
