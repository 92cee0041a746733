#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <map>

#include "core/types/selection.h"
#include "tests/core/types/set_fixture.h"

// Members are drawn with equal chances: counted, and compared with what chance allows. The seeds
// are fixed, so a test that passes does so every time.

using namespace tarn;

namespace {

using Counts = std::map<std::string, std::uint64_t>;

// Pearson's chi-square of counts that should be equal, in standard deviations from its mean (it has
// k - 1 degrees of freedom, hence the mean k - 1 and the variance 2(k - 1)).
double deviation(const Counts& counts, std::size_t kinds) {
  std::uint64_t total = 0;
  for (const auto& [text, count] : counts) total += count;
  const double expected = static_cast<double>(total) / static_cast<double>(kinds);
  double chi_square = expected * static_cast<double>(kinds - counts.size());
  for (const auto& [text, count] : counts) {
    const double off = static_cast<double>(count) - expected;
    chi_square += off * off / expected;
  }
  const auto freedom = static_cast<double>(kinds - 1);
  return (chi_square - freedom) / std::sqrt(2 * freedom);
}

Members integers(std::size_t count) {
  Members members;
  for (std::size_t i = 0; i < count; ++i) members.insert(std::to_string(i * 7));
  return members;
}

struct Case {
  const char* name;
  SetLimits limits;
  std::size_t members;
};

const Case kCases[] = {
    {"ints", kAlwaysInts, 20},
    {"packed", kAlwaysPacked, 20},
    {"small table", kAlwaysLarge, 20},
    {"table", kAlwaysLarge, 3000},
};

// Lets `choose` note its choices from a new set often enough for each member to be chosen some
// twenty times, and returns by how much they deviate from equal chances.
double deviation_of(const Case& kind, std::size_t chosen_each_time, bool once,
                    const std::function<void(LooseSet&, Rng&, const Set::Visit&)>& choose) {
  Rng rng(20);
  ObjectHeap heap;
  const Members members = integers(kind.members);
  Counts counts;
  const auto note = [&counts](const SetMember& member) { ++counts[text_of(member)]; };
  const std::size_t rounds = 20 * kind.members / chosen_each_time + 1;
  LooseSet set(heap, kind.limits, members);
  for (std::size_t i = 0; i < rounds; ++i) {
    if (once && i > 0) {
      for (const std::string& member : members) set->add(SetMember(member));
    }
    choose(set, rng, note);
  }
  return deviation(counts, members.size());
}

}  // namespace

TEST_CASE("one member is drawn with equal chances") {
  for (const Case& kind : kCases) {
    CAPTURE(kind.name);
    const double off = deviation_of(
        kind, 1, false,
        [](LooseSet& set, Rng& rng, const Set::Visit& note) { note(set.view().random(rng)); });
    CHECK(std::abs(off) < 4);
  }
}

TEST_CASE("members are drawn again and again with equal chances") {
  for (const Case& kind : kCases) {
    CAPTURE(kind.name);
    const double off = deviation_of(
        kind, 10, false,
        [](LooseSet& set, Rng& rng, const Set::Visit& note) { set.view().draw(10, rng, note); });
    CHECK(std::abs(off) < 4);
  }
}

// A choice of several different members is less scattered than as many draws, so chi-square is
// smaller than its mean; large it must not be.
TEST_CASE("different members are chosen with equal chances, few or many") {
  for (const Case& kind : kCases) {
    for (const std::size_t share : {kind.members / 16, kind.members / 3, kind.members - 2}) {
      const std::size_t count = std::max<std::size_t>(share, 1);
      CAPTURE(kind.name);
      CAPTURE(count);
      const double off = deviation_of(kind, count, false,
                                      [count](LooseSet& set, Rng& rng, const Set::Visit& note) {
                                        Members chosen;
                                        set.view().sample(count, rng, [&](const SetMember& member) {
                                          CHECK(chosen.insert(text_of(member)).second);
                                          note(member);
                                        });
                                        CHECK(chosen.size() == count);
                                      });
      CHECK(off < 4);
    }
  }
}

TEST_CASE("members are popped with equal chances, few or many") {
  for (const Case& kind : kCases) {
    for (const std::size_t share : {kind.members / 16, kind.members / 3, kind.members - 2}) {
      const std::size_t count = std::max<std::size_t>(share, 1);
      CAPTURE(kind.name);
      CAPTURE(count);
      const double off = deviation_of(
          kind, count, true,
          [count](LooseSet& set, Rng& rng, const Set::Visit& note) { set->pop(count, rng, note); });
      CHECK(off < 4);
    }
  }
}

TEST_CASE("every pair is as likely as any other") {
  Rng rng(3);
  ObjectHeap heap;
  for (const SetLimits& limits : {kAlwaysInts, kAlwaysPacked, kAlwaysLarge}) {
    LooseSet set(heap, limits, {"1", "2", "3", "4", "5", "6"});
    Counts pairs;
    for (int i = 0; i < 3000; ++i) {
      Members chosen;
      set.view().sample(2, rng, [&](const SetMember& m) { chosen.insert(text_of(m)); });
      ++pairs[*chosen.begin() + *chosen.rbegin()];
    }
    CHECK(pairs.size() == 15);
    CHECK(std::abs(deviation(pairs, 15)) < 4);
  }
}

TEST_CASE("a selection takes exactly as many as are wanted") {
  Rng rng(4);
  for (std::uint64_t wanted = 0; wanted <= 10; ++wanted) {
    Selection selection(wanted, 10, rng);
    std::uint64_t taken = 0;
    for (int i = 0; i < 10; ++i) taken += selection.takes_next() ? 1 : 0;
    CHECK(taken == wanted);
  }
}
