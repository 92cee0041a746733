#include "server/engine/key_events.h"

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

#include "core/base/clock.h"

namespace tarn {
namespace {

struct Recorder final : KeyObserver {
  void key_modified(Keyspace& keyspace, std::string_view key) override {
    note("modified", keyspace, key);
  }
  void key_expired(Keyspace& keyspace, std::string_view key) override {
    note("expired", keyspace, key);
  }
  void key_created(Keyspace& keyspace, std::string_view key) override {
    note("created", keyspace, key);
  }
  void key_missed(Keyspace& keyspace, std::string_view key) override {
    note("missed", keyspace, key);
  }
  void keyspace_flushed(Keyspace& keyspace) override { note("flushed", keyspace, "*"); }
  void keyspaces_swapped(Keyspace& first, Keyspace& second) override {
    note("swapped", first, std::to_string(second.index()));
  }
  void note(std::string_view event, const Keyspace& keyspace, std::string_view key) {
    events.push_back(std::string(event) + " " + std::to_string(keyspace.index()) + " " +
                     std::string(key));
    if (after) after();
  }

  std::vector<std::string> events;
  std::function<void()> after;
};

struct Fixture {
  FakeClock clock;
  Databases databases{clock, 4};
  KeyEvents events{databases};

  void set(unsigned db, std::string_view key, Ttl ttl = Ttl::none()) {
    databases[db].set_string(Key(key), "value", ttl);
  }
};

using Events = std::vector<std::string>;

}  // namespace

TEST_CASE_FIXTURE(Fixture, "the keyspace is observed only while somebody listens") {
  Recorder listener;
  CHECK(databases.context().observer == nullptr);
  events.listen(listener, KeyEvents::kModified);
  CHECK(databases.context().observer == &events);
  set(1, "k");
  events.listen(listener, 0);
  CHECK(databases.context().observer == nullptr);
  set(1, "k");
  CHECK(listener.events == Events{"modified 1 k"});
}

TEST_CASE_FIXTURE(Fixture, "a listener hears of what it asked for, and of nothing else") {
  Recorder changes;
  Recorder misses;
  Recorder replacements;
  events.listen(changes, KeyEvents::kModified | KeyEvents::kCreated | KeyEvents::kExpired);
  events.listen(misses, KeyEvents::kMissed);
  events.listen(replacements, KeyEvents::kReplaced);
  CHECK(events.interests() == 0x1f);

  set(0, "k", Ttl::until(clock.now_ms() + 10));
  databases[0].find(Key("other"));
  clock.advance_ms(11);
  databases[0].find(Key("k"));
  set(2, "k");
  databases.flush(2);
  databases.swap(1, 3);

  CHECK(changes.events ==
        Events{"created 0 k", "modified 0 k", "expired 0 k", "created 2 k", "modified 2 k"});
  CHECK(misses.events == Events{"missed 0 other", "missed 0 k"});
  CHECK(replacements.events == Events{"flushed 2 *", "swapped 1 3"});
}

TEST_CASE_FIXTURE(Fixture, "interests may change while an event is told") {
  Recorder first;
  Recorder second;
  Recorder third;
  first.after = [&] {
    events.listen(first, 0);
    events.listen(second, 0);
    events.listen(third, KeyEvents::kModified);
  };
  events.listen(first, KeyEvents::kModified);
  events.listen(second, KeyEvents::kModified);
  set(0, "a");
  set(0, "b");
  CHECK(first.events == Events{"modified 0 a"});
  CHECK(second.events.empty());
  CHECK(third.events == Events{"modified 0 b"});
}

}  // namespace tarn
