#include "core/containers/timing_wheel.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <random>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

namespace tarn {
namespace {

constexpr size_t kUnlimited = SIZE_MAX;
constexpr int64_t kEpochMs = 1'700'000'000'123;

// An owner as the keyspace is one: it knows the deadlines, expires what is due, and never tells the
// wheel of changes.
class Owner {
 public:
  explicit Owner(int64_t now) : wheel(now), now_ms(now) {}

  void set(uint64_t item, int64_t deadline_ms) {
    deadlines[item] = deadline_ms;
    wheel.add(deadline_ms, item);
  }

  // Postpones, as an owner may who trusts the wheel to ask again: no second add().
  void postpone(uint64_t item, int64_t deadline_ms) { deadlines[item] = deadline_ms; }

  void prefetch(std::span<const uint64_t> items) { prefetched += items.size(); }

  std::optional<int64_t> visit(uint64_t item) {
    ++visited;
    const auto found = deadlines.find(item);
    if (found == deadlines.end()) return std::nullopt;
    if (found->second > now_ms || keep_due) return found->second;
    expired.emplace_back(item, found->second);
    deadlines.erase(found);
    if (on_expire) on_expire(item);
    return std::nullopt;
  }

  TimingWheel::Advance advance(int64_t now, size_t max_items) {
    now_ms = now;
    const size_t before = visited;
    const TimingWheel::Advance step = wheel.advance(now, max_items, *this);
    CHECK(step.visited_items == visited - before);
    CHECK(step.visited_items <= max_items);
    CHECK(prefetched == visited);
    return step;
  }

  // Slices until no work is left for now.
  void advance_fully(int64_t now, size_t slice = kUnlimited) {
    while (advance(now, slice).more) {
    }
  }

  // The number of live items that should have been delivered by now and were not.
  size_t count_late() const {
    size_t late = 0;
    for (const auto& [item, deadline_ms] : deadlines) late += deadline_ms <= now_ms ? 1 : 0;
    return late;
  }

  TimingWheel wheel;
  int64_t now_ms;
  bool keep_due = false;
  std::function<void(uint64_t)> on_expire;
  std::unordered_map<uint64_t, int64_t> deadlines;
  std::vector<std::pair<uint64_t, int64_t>> expired;
  size_t visited = 0;
  size_t prefetched = 0;
};

TEST_CASE("timing wheel: an item comes up when its time has come, not before") {
  for (const int64_t delay_ms :
       {1, 2, 63, 64, 127, 128, 129, 8191, 8192, 8193, 600'000, 36'000'000}) {
    CAPTURE(delay_ms);
    Owner owner(kEpochMs);
    owner.set(7, kEpochMs + delay_ms);
    owner.advance_fully(kEpochMs + delay_ms - 1);
    CHECK(owner.expired.empty());
    CHECK(owner.wheel.size() == 1);
    CHECK(owner.wheel.next_wakeup_ms() == kEpochMs + delay_ms);
    owner.advance_fully(kEpochMs + delay_ms);
    CHECK(owner.expired.size() == 1);
    CHECK(owner.wheel.empty());
    CHECK(owner.wheel.next_wakeup_ms() == TimingWheel::kNever);
  }
}

TEST_CASE("timing wheel: a past deadline is due at once") {
  Owner owner(kEpochMs);
  owner.set(1, kEpochMs);
  owner.set(2, 0);
  CHECK(owner.wheel.next_wakeup_ms() == kEpochMs);
  owner.advance_fully(kEpochMs);
  CHECK(owner.expired.size() == 2);
}

TEST_CASE("timing wheel: following the wakeups delivers everything on its millisecond") {
  std::mt19937_64 random(11);
  Owner owner(kEpochMs);
  for (uint64_t item = 0; item < 3000; ++item) {
    const int64_t range_ms = int64_t{1} << random() % 34;
    owner.set(item, kEpochMs + 1 + static_cast<int64_t>(random()) % range_ms * (random() % 2 == 0));
  }
  for (auto& [item, deadline_ms] : owner.deadlines) {
    if (deadline_ms <= kEpochMs) owner.set(item, kEpochMs + 1);
  }
  size_t wakeups = 0;
  while (owner.wheel.next_wakeup_ms() != TimingWheel::kNever) {
    const int64_t wakeup_ms = owner.wheel.next_wakeup_ms();
    REQUIRE(wakeup_ms >= owner.now_ms);
    const size_t delivered = owner.expired.size();
    owner.advance_fully(wakeup_ms);
    for (size_t i = delivered; i < owner.expired.size(); ++i) {
      CHECK(owner.expired[i].second == wakeup_ms);
    }
    REQUIRE(++wakeups < 30'000);
  }
  CHECK(owner.expired.size() == 3000);
}

TEST_CASE("timing wheel: the farthest deadlines") {
  Owner owner(0);
  owner.set(1, TimingWheel::kMaxDeadlineMs);
  owner.set(2, TimingWheel::kMaxDeadlineMs - 1);
  owner.set(3, TimingWheel::kMaxDeadlineMs / 2);
  owner.advance_fully(kEpochMs);
  CHECK(owner.expired.empty());
  owner.advance_fully(TimingWheel::kMaxDeadlineMs - 1);
  CHECK(owner.expired.size() == 2);
  owner.advance_fully(TimingWheel::kMaxDeadlineMs);
  CHECK(owner.expired.size() == 3);
}

TEST_CASE("timing wheel: a burst of one moment is delivered in slices") {
  constexpr size_t kItems = 200'000;
  Owner owner(kEpochMs);
  const int64_t deadline_ms = kEpochMs + 3'600'000;
  owner.deadlines.reserve(kItems);
  for (uint64_t item = 0; item < kItems; ++item) owner.set(item, deadline_ms);
  CHECK(owner.wheel.memory_bytes() < kItems * 83 / 10 + 20'000);
  for (int64_t now = kEpochMs; now < deadline_ms; now += 997) {
    for (size_t slices = 0; owner.advance(now, 5000).more; ++slices) REQUIRE(slices < 100);
  }
  CHECK(owner.expired.empty());
  owner.advance_fully(deadline_ms - 1, 5000);
  CHECK(owner.expired.empty());
  size_t slices = 0;
  do {
    ++slices;
    // An item of the same moment that comes later does not wait behind the burst's other slices.
    if (slices == 3) owner.set(kItems, deadline_ms);
  } while (owner.advance(deadline_ms, 1000).more);
  CHECK(slices == 201);
  const auto late_comer = std::find(owner.expired.begin() + 2000, owner.expired.end(),
                                    std::pair<uint64_t, int64_t>(kItems, deadline_ms));
  CHECK(late_comer < owner.expired.begin() + 3000);
  CHECK(owner.expired.size() == kItems + 1);
  CHECK(owner.wheel.memory_bytes() == sizeof(TimingWheel));
}

TEST_CASE("timing wheel: cascades are spread over the span before their time") {
  constexpr size_t kItems = 100'000;
  Owner owner(0);
  // All in one slot of level 2, [start, start + 4096), which is cascaded during the one before it.
  constexpr int64_t kStartMs = 100 * 4096;
  std::mt19937_64 random(5);
  for (uint64_t item = 0; item < kItems; ++item) {
    owner.set(item, kStartMs + static_cast<int64_t>(random() % 4096));
  }
  owner.advance_fully(kStartMs - 4096 - 1);
  CHECK(owner.visited == 0);
  size_t most_in_a_step = 0;
  for (int64_t now = kStartMs - 4096; now < kStartMs; now += 8) {
    const TimingWheel::Advance step = owner.advance(now, kUnlimited);
    CHECK_FALSE(step.more);
    most_in_a_step = std::max(most_in_a_step, step.visited_items);
    CHECK(owner.advance(now, kUnlimited).visited_items == 0);
  }
  CHECK(owner.expired.empty());
  CHECK(owner.visited > kItems);  // level 1 has begun, too
  CHECK(most_in_a_step < kItems / 150);
  for (int64_t now = kStartMs; now < kStartMs + 4096; ++now) {
    const size_t before = owner.visited;
    owner.advance_fully(now);
    most_in_a_step = std::max(most_in_a_step, owner.visited - before);
    REQUIRE(owner.count_late() == 0);
    now += static_cast<int64_t>(random() % 2) * 7;
  }
  owner.advance_fully(kStartMs + 4096);
  CHECK(owner.expired.size() == kItems);
  CHECK(most_in_a_step < kItems / 150);
}

TEST_CASE("timing wheel: a loop that has stood still for years catches up") {
  Owner owner(kEpochMs);
  std::mt19937_64 random(3);
  for (uint64_t item = 0; item < 10'000; ++item) {
    owner.set(item, kEpochMs + 1 + static_cast<int64_t>(random() % 400'000'000'000));
  }
  const int64_t later_ms = kEpochMs + 200'000'000'000;
  owner.advance_fully(later_ms, 100);
  CHECK(owner.count_late() == 0);
  CHECK(owner.deadlines.size() == owner.wheel.size());
  owner.advance_fully(kEpochMs + 400'000'000'000, 100);
  CHECK(owner.expired.size() == 10'000);
}

TEST_CASE("timing wheel: the clock goes back") {
  Owner owner(kEpochMs);
  owner.set(1, kEpochMs + 1000);
  owner.set(2, kEpochMs + 4'000'000);
  owner.set(3, kEpochMs - 500);  // due now, but no more when the clock is corrected
  const int64_t earlier_ms = kEpochMs - 86'400'000;
  owner.advance_fully(earlier_ms);
  CHECK(owner.expired.empty());
  owner.set(4, earlier_ms + 10);
  owner.advance_fully(earlier_ms + 10);
  CHECK(owner.expired.size() == 1);
  owner.advance_fully(kEpochMs - 501);
  CHECK(owner.expired.size() == 1);
  owner.advance_fully(kEpochMs - 500);
  CHECK(owner.expired.size() == 2);
  owner.advance_fully(kEpochMs + 1000);
  CHECK(owner.expired.size() == 3);
  owner.advance_fully(kEpochMs + 4'000'000);
  CHECK(owner.expired.size() == 4);
}

TEST_CASE("timing wheel: a due item that its owner keeps waits for the next millisecond") {
  Owner owner(kEpochMs);
  owner.keep_due = true;
  owner.set(1, kEpochMs + 5);
  const TimingWheel::Advance step = owner.advance(kEpochMs + 5, kUnlimited);
  CHECK(step.visited_items == 1);
  CHECK_FALSE(step.more);
  CHECK(owner.wheel.next_wakeup_ms() == kEpochMs + 6);
  CHECK(owner.advance(kEpochMs + 5, kUnlimited).visited_items == 0);
  CHECK(owner.advance(kEpochMs + 6, kUnlimited).visited_items == 1);
  owner.keep_due = false;
  owner.advance_fully(kEpochMs + 7);
  CHECK(owner.expired.size() == 1);
}

TEST_CASE("timing wheel: visit may add") {
  Owner owner(kEpochMs);
  uint64_t next = 1000;
  owner.on_expire = [&](uint64_t) {
    if (next == 21'000) return;
    owner.set(next, owner.now_ms - 1 + static_cast<int64_t>(next % 3));
    ++next;
  };
  for (uint64_t item = 0; item < 1000; ++item) owner.set(item, kEpochMs + 1);
  for (int64_t now = kEpochMs + 1; !owner.wheel.empty(); ++now) {
    owner.advance_fully(now, 7);
    CHECK(owner.count_late() == 0);
  }
  CHECK(owner.expired.size() == 21'000);
}

TEST_CASE("timing wheel: a sweep drops what is stale and re-slots what has moved") {
  constexpr uint64_t kItems = 20'000;
  Owner owner(kEpochMs);
  std::mt19937_64 random(9);
  const auto deadline = [&] {
    return kEpochMs + 10'000 + static_cast<int64_t>(random() % 100'000'000);
  };
  for (uint64_t item = 0; item < kItems; ++item) owner.set(item, deadline());
  for (uint64_t item = 0; item < kItems; ++item) {
    if (item % 4 != 0) owner.deadlines.erase(item);
    if (item % 8 == 0) owner.postpone(item, deadline() + 200'000'000);
  }
  const size_t memory_before = owner.wheel.memory_bytes();
  int64_t now = kEpochMs;
  while (true) {
    owner.now_ms = now;
    const TimingWheel::Sweep step = owner.wheel.sweep(100, owner);
    CHECK(step.visited_items <= 100);
    if (step.pass_complete) break;
    owner.advance_fully(now += 7);  // time passes meanwhile
    CHECK(owner.count_late() == 0);
  }
  CHECK(owner.wheel.size() == owner.deadlines.size());
  CHECK(owner.wheel.memory_bytes() < memory_before / 2);
  owner.advance_fully(kEpochMs + 400'000'000);
  CHECK(owner.expired.size() == kItems / 4);
}

TEST_CASE("timing wheel: a slot whose time comes during its sweep is delivered") {
  Owner owner(kEpochMs);
  for (uint64_t item = 0; item < 5000; ++item) owner.set(item, kEpochMs + 50'000'000);
  CHECK_FALSE(owner.wheel.sweep(10, owner).pass_complete);
  CHECK(owner.wheel.next_wakeup_ms() <= kEpochMs + 50'000'000);
  owner.advance_fully(kEpochMs + 50'000'000);
  CHECK(owner.expired.size() == 5000);
}

TEST_CASE("timing wheel: few items are cheap, memory returns, wheels move") {
  TimingWheel empty(kEpochMs);
  CHECK(empty.memory_bytes() == sizeof(TimingWheel));
  Owner owner(kEpochMs);
  for (uint64_t item = 0; item < 10; ++item) owner.set(item, kEpochMs + 1'000'000);
  CHECK(owner.wheel.memory_bytes() < 5000);
  TimingWheel moved(std::move(owner.wheel));
  CHECK(owner.wheel.empty());
  CHECK(moved.size() == 10);
  owner.wheel.swap(moved);
  CHECK(owner.wheel.size() == 10);
  owner.wheel.clear();
  CHECK(owner.wheel.empty());
  CHECK(owner.wheel.memory_bytes() == sizeof(TimingWheel));
  owner.set(1, kEpochMs + 1);
  owner.advance_fully(kEpochMs + 1);
  CHECK(owner.expired.size() == 1);
}

// Random owners: every live item is delivered at the first advance at or after its deadline once
// the slices are done, whatever the clock does.
void run_model(uint64_t seed, bool clock_goes_back) {
  CAPTURE(seed);
  CAPTURE(clock_goes_back);
  std::mt19937_64 random(seed);
  const auto below = [&](uint64_t limit) { return static_cast<int64_t>(random() % limit); };
  Owner owner(kEpochMs);
  uint64_t next_item = 0;
  const auto delay_ms = [&] {
    return below(uint64_t{1} << random() % (random() % 4 == 0 ? 38 : 14));
  };
  for (int step = 0; step < 1500; ++step) {
    for (int64_t i = below(12); i > 0; --i) owner.set(next_item++, owner.now_ms + delay_ms() - 2);
    for (int64_t i = below(8); i > 0 && next_item > 0; --i) {
      const auto item = random() % next_item;
      if (!owner.deadlines.contains(item)) continue;
      switch (random() % 4) {
        case 0: owner.deadlines.erase(item); break;
        case 1: owner.set(item, owner.now_ms + delay_ms()); break;
        default: owner.postpone(item, owner.deadlines[item] + delay_ms()); break;
      }
    }
    if (random() % 8 == 0) owner.wheel.sweep(static_cast<size_t>(below(200)), owner);
    int64_t now = owner.now_ms + (random() % 50 == 0 ? delay_ms() * 8 : below(70));
    if (clock_goes_back && random() % 20 == 0) now = owner.now_ms - delay_ms();
    if (random() % 8 == 0) {
      owner.advance(now, static_cast<size_t>(below(20)));
      continue;  // behind schedule
    }
    owner.advance_fully(now, 1 + static_cast<size_t>(below(100)));
    REQUIRE(owner.count_late() == 0);
    REQUIRE(owner.wheel.size() >= owner.deadlines.size());
    REQUIRE(owner.wheel.next_wakeup_ms() > now);
  }
  owner.advance_fully(TimingWheel::kMaxDeadlineMs);
  CHECK(owner.deadlines.empty());
  CHECK(owner.wheel.empty());
  CHECK(owner.wheel.memory_bytes() == sizeof(TimingWheel));
}

TEST_CASE("timing wheel: model") {
  const uint64_t start = std::random_device{}();
  for (uint64_t seed = start; seed < start + 4; ++seed) {
    run_model(seed, false);
    run_model(seed, true);
  }
}

}  // namespace
}  // namespace tarn
