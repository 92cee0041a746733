#include "core/types/sorted_set.h"

#include <doctest/doctest.h>

#include <cmath>
#include <set>

#include "tests/core/types/sorted_set_model.h"

namespace tarn {
namespace {

using Outcome = SortedSet::Outcome;
using Element = SortedSetModel::Element;
using Elements = std::vector<Element>;

// A set in a cell of its own.
struct Subject {
  explicit Subject(SortedSetLimits given = {}) : limits(given) {}

  SortedSet edit() { return SortedSet(cell, limits); }
  SortedSetView view() { return edit().view(); }
  bool is_large() { return !cell.vacant() && cell.encoding() == CollectionEncoding::kLarge; }
  SortedSet::Tally put(std::string_view member, double score, const ScoreRules& rules = {}) {
    const MemberScore one{SetMember(member), score};
    return edit().put(std::span(&one, 1), rules);
  }
  bool erase(std::string_view member) { return edit().erase(std::span(&member, 1)) == 1; }
  void check() {
    if (is_large()) static_cast<LargeSortedSet*>(cell.large())->check();
  }

  ObjectHeap heap;
  DetachedCell cell{heap};
  SortedSetLimits limits;
};

constexpr SortedSetLimits kAlwaysLarge{0, 0};
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// The rules applied to a model, in their own words.
Outcome put_in_model(SortedSetModel& model, const std::string& member, double score,
                     const ScoreRules& rules, bool increment) {
  const auto found = model.scores.find(member);
  if (found == model.scores.end()) {
    if (rules.only_present) return Outcome::kRefused;
    model.scores[member] = score;
    return Outcome::kAdded;
  }
  if (rules.only_new) return Outcome::kRefused;
  const double wanted = increment ? found->second + score : score;
  if (std::isnan(wanted)) return Outcome::kNotANumber;
  if (rules.only_greater && !(wanted > found->second)) return Outcome::kRefused;
  if (rules.only_less && !(wanted < found->second)) return Outcome::kRefused;
  if (wanted == found->second) return Outcome::kSame;
  found->second = wanted;
  return Outcome::kUpdated;
}

ScoreRules random_rules(Rng& rng) {
  ScoreRules rules;
  switch (rng.below(8)) {
    case 0: rules.only_new = true; break;
    case 1: rules.only_present = true; break;
    case 2: rules.only_greater = true; break;
    case 3: rules.only_less = true; break;
    case 4: rules.only_present = rules.only_greater = true; break;
    default: break;
  }
  return rules;
}

ScoreRange random_range(Rng& rng) {
  return {random_score(rng), random_score(rng), rng.below(2) == 0, rng.below(2) == 0};
}

// Every way to look at the set.
void compare(const SortedSetView& view, const SortedSetModel& model, Rng& rng) {
  const Elements expected = model.in_order();
  REQUIRE(view.size() == expected.size());
  REQUIRE(elements_of(view) == expected);

  std::set<Element> unordered;
  view.for_each_unordered(
      [&](const SetMember& member, double score) { unordered.emplace(score, text_of(member)); });
  REQUIRE(unordered == std::set<Element>(expected.begin(), expected.end()));

  const auto bound = static_cast<std::int64_t>(expected.size()) + 3;
  const auto index = [&] {
    return static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(2 * bound))) - bound;
  };
  const RankRange ranks = RankRange::between(index(), index(), expected.size());
  Elements part(expected.begin() + static_cast<std::ptrdiff_t>(ranks.first),
                expected.begin() + static_cast<std::ptrdiff_t>(ranks.first + ranks.count));
  REQUIRE(elements_of(view, ranks) == part);
  Elements downward;
  view.for_each_downward(ranks, [&](const SetMember& member, double score) {
    downward.emplace_back(score, text_of(member));
  });
  std::reverse(part.begin(), part.end());
  REQUIRE(downward == part);

  const ScoreRange scores = random_range(rng);
  Elements within;
  for (const Element& element : expected) {
    if (scores.above_min(element.first) && scores.below_max(element.first)) {
      within.push_back(element);
    }
  }
  REQUIRE(elements_of(view, view.ranks(scores)) == within);

  const std::string name = random_member(rng);
  const auto place = view.place(SetMember(name));
  const auto found = model.scores.find(name);
  REQUIRE(place.has_value() == (found != model.scores.end()));
  REQUIRE(view.score(SetMember(name)).has_value() == place.has_value());
  if (place) {
    REQUIRE(expected[place->rank] == Element(found->second, name));
    REQUIRE(place->score == found->second);
  }
}

void run_against_model(std::uint64_t seed, SortedSetLimits limits, std::size_t steps) {
  CAPTURE(seed);
  Rng rng(seed);
  Subject subject(limits);
  SortedSetModel model;
  for (std::size_t step = 0; step < steps; ++step) {
    CAPTURE(step);
    const std::string member = random_member(rng);
    const double score = random_score(rng);
    const ScoreRules rules = random_rules(rng);
    switch (rng.below(10)) {
      case 0: {
        const auto verdict = subject.edit().increment(SetMember(member), score, rules);
        REQUIRE(verdict.outcome == put_in_model(model, member, score, rules, true));
        const bool present = verdict.outcome == Outcome::kAdded ||
                             verdict.outcome == Outcome::kUpdated ||
                             verdict.outcome == Outcome::kSame;
        if (present) REQUIRE(verdict.score == model.scores[member]);
        break;
      }
      case 1:
      case 2: REQUIRE(subject.erase(member) == (model.scores.erase(member) == 1)); break;
      case 3: {
        if (model.scores.empty() || rng.below(4) != 0) break;
        const Elements before = model.in_order();
        const std::size_t first = rng.below(before.size());
        const std::size_t count = 1 + rng.below(before.size() - first);
        subject.edit().erase({first, count});
        for (std::size_t i = first; i < first + count; ++i) model.scores.erase(before[i].second);
        break;
      }
      default: {
        const auto tally = subject.put(member, score, rules);
        const Outcome outcome = put_in_model(model, member, score, rules, false);
        REQUIRE(tally.added == (outcome == Outcome::kAdded ? 1 : 0));
        REQUIRE(tally.updated == (outcome == Outcome::kUpdated ? 1 : 0));
      }
    }
    REQUIRE(subject.cell.vacant() == model.scores.empty());
    if (step % 8 == 0) compare(subject.view(), model, rng);
  }
  subject.check();
}

}  // namespace

TEST_CASE("sorted set: packed, large and in between against a model") {
  const std::uint64_t seed = Rng()();
  run_against_model(seed, {1000, 100}, 1200);
  run_against_model(seed + 1, kAlwaysLarge, 2500);
  run_against_model(seed + 2, {30, 64}, 1500);
  run_against_model(seed + 3, {128, 20}, 800);
}

TEST_CASE("sorted set: many members at once, as one by one") {
  const std::uint64_t seed = Rng()();
  CAPTURE(seed);
  Rng rng(seed);
  for (const SortedSetLimits limits :
       {SortedSetLimits{1000, 100}, SortedSetLimits{0, 0}, {40, 9}}) {
    Subject subject(limits);
    SortedSetModel model;
    for (int round = 0; round < 40; ++round) {
      std::vector<std::string> names;
      std::vector<MemberScore> members;
      for (std::size_t i = 1 + rng.below(90); i > 0; --i) names.push_back(random_member(rng));
      members.reserve(names.size());
      for (const std::string& name : names) {
        members.push_back({SetMember(name), random_score(rng)});
      }
      const ScoreRules rules = random_rules(rng);
      const auto tally = subject.edit().put(members, rules);
      std::size_t added = 0;
      std::size_t updated = 0;
      for (std::size_t i = 0; i < names.size(); ++i) {
        const Outcome outcome = put_in_model(model, names[i], members[i].score, rules, false);
        added += outcome == Outcome::kAdded ? 1 : 0;
        updated += outcome == Outcome::kUpdated ? 1 : 0;
      }
      REQUIRE(tally.added == added);
      REQUIRE(tally.updated == updated);
      compare(subject.view(), model, rng);

      std::vector<std::string_view> gone;
      for (std::size_t i = 0; i < names.size(); i += 2) gone.push_back(names[i]);
      std::size_t erased = 0;
      for (const std::string_view name : gone) erased += model.scores.erase(std::string(name));
      REQUIRE(subject.edit().erase(gone) == erased);
      compare(subject.view(), model, rng);
    }
    subject.check();
  }
}

TEST_CASE("sorted set: becomes large with one member too many, or one too long, and stays so") {
  Subject subject({3, 5});
  CHECK(subject.put("a", 1).added == 1);
  CHECK(subject.put("12345", 2).added == 1);
  CHECK(subject.put("c", 3).added == 1);
  CHECK(!subject.is_large());
  CHECK(subject.put("c", 0).updated == 1);
  CHECK(!subject.is_large());
  CHECK(subject.put("d", 4).added == 1);
  CHECK(subject.is_large());
  CHECK(subject.erase("d"));
  CHECK(subject.erase("c"));
  CHECK(subject.is_large());
  CHECK(elements_of(subject.view()) == Elements{{1, "a"}, {2, "12345"}});

  Subject other({3, 5});
  CHECK(other.put("123456", 1).added == 1);
  CHECK(other.is_large());
}

TEST_CASE("sorted set: vacates the cell with its last member") {
  for (const SortedSetLimits limits : {SortedSetLimits{}, kAlwaysLarge}) {
    Subject subject(limits);
    CHECK(!subject.erase("a"));
    subject.put("a", 1);
    CHECK(subject.erase("a"));
    CHECK(subject.cell.vacant());
    subject.put("a", 1);
    subject.put("b", 2);
    subject.edit().erase(subject.view().all());
    CHECK(subject.cell.vacant());
    CHECK(subject.put("c", 1, {.only_present = true}).added == 0);
    CHECK(subject.cell.vacant());
  }
}

TEST_CASE("sorted set: 0 has a sign in large sets only") {
  Subject packed;
  packed.put("a", -0.0);
  CHECK(!std::signbit(*packed.view().score(SetMember("a"))));
  Subject large(kAlwaysLarge);
  large.put("a", -0.0);
  CHECK(std::signbit(*large.view().score(SetMember("a"))));
  CHECK(large.put("a", 0).updated == 0);
}

TEST_CASE("sorted set: infinities that cancel each other leave the score alone") {
  for (const SortedSetLimits limits : {SortedSetLimits{}, kAlwaysLarge}) {
    Subject subject(limits);
    subject.put("a", kInfinity);
    CHECK(subject.edit().increment(SetMember("a"), -kInfinity, {}).outcome == Outcome::kNotANumber);
    CHECK(subject.edit().increment(SetMember("a"), -kInfinity, {.only_new = true}).outcome ==
          Outcome::kRefused);
    CHECK(*subject.view().score(SetMember("a")) == kInfinity);
  }
}

TEST_CASE("sorted set: ranges of members of one score") {
  const std::uint64_t seed = Rng()();
  CAPTURE(seed);
  Rng rng(seed);
  for (const SortedSetLimits limits : {SortedSetLimits{1000, 100}, kAlwaysLarge}) {
    Subject subject(limits);
    std::set<std::string> members;
    for (int i = 0; i < 300; ++i) {
      members.insert(random_member(rng));
      subject.put(*std::prev(members.end()), 0);
    }
    for (const std::string& member : members) subject.put(member, 0);
    for (int round = 0; round < 200; ++round) {
      const auto bound = [&] {
        switch (rng.below(8)) {
          case 0: return std::string("-");
          case 1: return std::string("+");
          default: return (rng.below(2) == 0 ? "[" : "(") + random_member(rng);
        }
      };
      const std::string low = bound();
      const std::string high = bound();
      CAPTURE(low);
      CAPTURE(high);
      const auto range = LexRange::parse(low, high);
      REQUIRE(range.has_value());
      Elements expected;
      for (const std::string& member : members) {
        if (range->above_min(member) && range->below_max(member)) expected.emplace_back(0, member);
      }
      REQUIRE(elements_of(subject.view(), subject.view().ranks(*range)) == expected);
      REQUIRE(elements_of(subject.view(), subject.view().ranks_from_end(*range)) == expected);
    }
  }
}

TEST_CASE("sorted set: a packed one of mixed scores answers ranges of members by walking") {
  Subject subject;
  // In order: d e b c a
  subject.put("d", 1);
  subject.put("e", 2);
  subject.put("b", 3);
  subject.put("c", 4);
  subject.put("a", 5);
  const auto names = [&](const char* low, const char* high, bool from_end) {
    const auto range = LexRange::parse(low, high);
    const RankRange ranks =
        from_end ? subject.view().ranks_from_end(*range) : subject.view().ranks(*range);
    std::string joined;
    for (const Element& element : elements_of(subject.view(), ranks)) joined += element.second;
    return joined;
  };
  CHECK(names("-", "+", false) == "debca");
  CHECK(names("[a", "[d", false) == "d");
  CHECK(names("[a", "[d", true) == "debca");  // downward, only the lower bound ends it
  CHECK(names("[b", "+", false).empty());     // the last is below
  CHECK(names("-", "[c", true).empty());      // the first is above
}

TEST_CASE("sorted set: the empty one, which no key holds") {
  const SortedSetView view;
  CHECK(view.empty());
  CHECK(view.size() == 0);
  CHECK(!view.score(SetMember("a")).has_value());
  CHECK(!view.place(SetMember("a")).has_value());
  CHECK(view.ranks(*ScoreRange::parse("-inf", "inf")).empty());
  CHECK(view.ranks(*LexRange::parse("-", "+")).empty());
  CHECK(view.ranks_from_end(*LexRange::parse("-", "+")).empty());
  CHECK(elements_of(view).empty());
}

TEST_CASE("sorted set: batches of lookups") {
  const std::uint64_t seed = Rng()();
  CAPTURE(seed);
  Rng rng(seed);
  for (const SortedSetLimits limits : {SortedSetLimits{1000, 100}, kAlwaysLarge}) {
    Subject subject(limits);
    for (int i = 0; i < 200; ++i) subject.put(random_member(rng), random_score(rng));
    for (int round = 0; round < 20; ++round) {
      std::vector<std::string> names;
      for (std::size_t i = rng.below(MemberBatch::kCapacity + 1); i > 0; --i) {
        names.push_back(random_member(rng));
      }
      MemberBatch batch;
      for (const std::string& name : names) batch.push(SetMember(name));
      ScoredBatch::Scores scores;
      const auto found = subject.view().scores(batch, scores);
      for (std::size_t i = 0; i < names.size(); ++i) {
        const auto score = subject.view().score(SetMember(names[i]));
        REQUIRE(score.has_value() == ((found >> i & 1) != 0));
        if (score) REQUIRE(*score == scores[i]);
      }
    }
  }
}

TEST_CASE("sorted set: a scan returns everything that stays") {
  Subject subject(kAlwaysLarge);
  for (int i = 0; i < 3000; ++i) subject.put("member:" + std::to_string(i), i);
  std::set<std::string> seen;
  std::uint64_t cursor = 0;
  int step = 0;
  do {
    cursor = subject.view().scan(
        cursor, [&](const SetMember& member, double) { seen.insert(text_of(member)); });
    const std::string other = "other:" + std::to_string(step);
    ++step % 2 == 0 ? void(subject.put(other, step)) : void(subject.erase(other));
  } while (cursor != 0);
  for (int i = 0; i < 3000; ++i) REQUIRE(seen.count("member:" + std::to_string(i)) == 1);
}

TEST_CASE("sorted set: samples have no member twice, and all members have the same chance") {
  constexpr int kMembers = 60;
  const std::uint64_t seed = Rng()();
  CAPTURE(seed);
  Rng rng(seed);
  for (const SortedSetLimits limits : {SortedSetLimits{}, kAlwaysLarge}) {
    Subject subject(limits);
    for (int i = 0; i < kMembers; ++i) subject.put(std::to_string(i), i % 7);
    for (const std::size_t count : {1UL, 7UL, 20UL, 21UL, 50UL, 60UL}) {
      constexpr int kRounds = 2000;
      std::map<std::string, int> times;
      for (int round = 0; round < kRounds; ++round) {
        std::set<std::string> sample;
        subject.view().sample(
            count, rng, [&](const SetMember& member, double) { sample.insert(text_of(member)); });
        REQUIRE(sample.size() == count);
        for (const std::string& member : sample) ++times[member];
      }
      const double share = static_cast<double>(count) / kMembers;
      const double expected = kRounds * share;
      const double deviation = std::sqrt(kRounds * share * (1 - share));
      for (const auto& drawn : times) {
        CAPTURE(drawn.first);
        CHECK(std::abs(drawn.second - expected) <= 6 * deviation);
      }
    }
  }
}

TEST_CASE("large sorted set: a copy is equal, and its own") {
  Subject subject(kAlwaysLarge);
  Rng rng(7);
  for (int i = 0; i < 500; ++i) subject.put(random_member(rng), random_score(rng));
  DetachedCell other(subject.heap);
  other.put_large(subject.cell.large()->clone());
  const Elements before = elements_of(subject.view());
  CHECK(elements_of(SortedSetView(other.view())) == before);
  CHECK(other.large()->memory_bytes() <= subject.cell.large()->memory_bytes());
  subject.edit().erase({0, 100});
  CHECK(elements_of(SortedSetView(other.view())) == before);
  static_cast<LargeSortedSet*>(other.large())->check();
}

TEST_CASE("large sorted set: a 12-byte member costs at most 50 bytes, and gives them all back") {
  ObjectHeap heap;
  constexpr int kMembers = 100'000;
  Rng rng(11);
  {
    DetachedCell cell(heap);
    SortedSet set(cell, kAlwaysLarge);
    const std::size_t before = heap.slabs().bytes_in_use();
    for (int i = 0; i < kMembers; ++i) {
      std::string name = "m" + std::to_string(100'000'000'00 + i);
      const MemberScore one{SetMember(name), static_cast<double>(rng())};
      REQUIRE(name.size() == 12);
      set.put(std::span(&one, 1), {});
    }
    CHECK(cell.large()->memory_bytes() <= 50 * std::size_t{kMembers});
    // What the set says is what the heap has given, and the table besides.
    const std::size_t held = heap.slabs().bytes_in_use() - before;
    CHECK(held <= cell.large()->memory_bytes());
    CHECK(held >= cell.large()->memory_bytes() * 2 / 3);
    int slices = 0;
    Collection* set_alone = cell.release_large();
    while (set_alone->dismantle(1000)) ++slices;
    delete set_alone;
    CHECK(slices >= kMembers / 2000);
  }
  CHECK(heap.slabs().bytes_in_use() == 0);
}

}  // namespace tarn
