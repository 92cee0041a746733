#include "core/containers/ordered_tree.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

namespace tarn {
namespace {

struct Item {
  double score;
  std::string member;
};

std::size_t score_reads = 0;

struct ItemTraits {
  using Element = Item;
  static double score(const Item& item) {
    ++score_reads;
    return item.score;
  }
  static int compare_ties(const Item& a, const Item& b) { return a.member.compare(b.member); }
  static int compare_member(const Item& item, std::string_view member) {
    return std::string_view(item.member).compare(member);
  }
  static void set_score(Item& item, double score) { item.score = score; }
};

// Remembers what it gave, and checks what it gets back.
class CountingAllocator {
 public:
  ~CountingAllocator() { CHECK(sizes_.empty()); }

  void* allocate(std::size_t bytes) {
    void* node = std::malloc(bytes);
    sizes_[node] = bytes;
    bytes_ += bytes;
    return node;
  }
  void deallocate(void* node, std::size_t bytes) {
    const auto known = sizes_.find(node);
    REQUIRE(known != sizes_.end());
    REQUIRE(known->second == bytes);
    sizes_.erase(known);
    bytes_ -= bytes;
    std::free(node);
  }
  std::size_t bytes() const { return bytes_; }

 private:
  std::unordered_map<void*, std::size_t> sizes_;
  std::size_t bytes_ = 0;
};

using Tree = OrderedTree<ItemTraits, CountingAllocator>;
using Rng = std::mt19937_64;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kTiny = std::numeric_limits<double>::denorm_min();
constexpr double kHuge = std::numeric_limits<double>::max();

std::uint64_t fresh_seed() { return std::random_device{}(); }

bool ordered(const Item* a, const Item* b) {
  return a->score != b->score ? a->score < b->score : a->member < b->member;
}

// ---- Scores of all kinds -----------------------------------------------------------------------

double uniform(Rng& rng) { return std::uniform_real_distribution<double>(-1e6, 1e6)(rng); }
double all_equal(Rng&) { return 7; }
double few(Rng& rng) { return static_cast<double>(rng() % 5); }
double integers(Rng& rng) { return static_cast<double>(rng() % 3000) - 1500; }
double close_together(Rng& rng) { return 1e15 + static_cast<double>(rng() % 4000) / 8; }
double extremes(Rng& rng) {
  static const std::vector<double> kScores = {
      -kInfinity, -kHuge, -1e300, -1,        -1e-300, -2 * kTiny, -kTiny, -0.0,
      0.0,        kTiny,  1e-300, 1 - 1e-16, 1,       1e300,      kHuge,  kInfinity};
  return kScores[rng() % kScores.size()];
}
double denormals(Rng& rng) { return static_cast<double>(rng() % 5000) * kTiny - 2000 * kTiny; }
double all_magnitudes(Rng& rng) {
  const double score = std::bit_cast<double>(rng());
  return std::isnan(score) ? kInfinity : score;
}
double clusters(Rng& rng) {
  const double centre = std::ldexp(1.0, static_cast<int>(rng() % 8) * 40 - 160);
  return centre * (1 + static_cast<double>(rng() % 1000) * 1e-9) * (rng() % 2 == 0 ? 1 : -1);
}

using ScoreSource = double (*)(Rng&);
struct Kind {
  const char* name;
  ScoreSource score;
};
const std::vector<Kind> kKinds = {
    {"uniform", uniform},     {"all equal", all_equal},           {"few", few},
    {"integers", integers},   {"close together", close_together}, {"extremes", extremes},
    {"denormals", denormals}, {"all magnitudes", all_magnitudes}, {"clusters", clusters}};

// ---- A tree beside its model -------------------------------------------------------------------

// A tree together with the owner of its items, who knows their order.
class Population {
 public:
  Item* add(double score, std::string member) {
    auto owned = std::make_unique<Item>(Item{score, std::move(member)});
    Item* item = owned.get();
    tree.insert(item);
    order.insert(std::lower_bound(order.begin(), order.end(), item, ordered), item);
    items_[item] = std::move(owned);
    return item;
  }
  Item* add(double score) { return add(score, "m" + std::to_string(next_member_++)); }

  void remove(std::size_t rank) {
    Item* item = order[rank];
    tree.erase(*item);
    order.erase(order.begin() + static_cast<std::ptrdiff_t>(rank));
    items_.erase(item);
  }
  void remove_range(std::size_t first, std::size_t count) {
    std::size_t rank = first;
    tree.erase_ranks(first, count, [&](Item* item) {
      REQUIRE(item == order[rank++]);
      items_.erase(item);
    });
    const std::size_t end = std::max(first, std::min(order.size(), first + count));
    REQUIRE(rank == end);
    if (first >= order.size()) return;
    order.erase(order.begin() + static_cast<std::ptrdiff_t>(first),
                order.begin() + static_cast<std::ptrdiff_t>(end));
  }
  void rescore(std::size_t rank, double score) {
    Item* item = order[rank];
    tree.rescore(*item, score);
    REQUIRE(item->score == score);
    order.erase(order.begin() + static_cast<std::ptrdiff_t>(rank));
    order.insert(std::lower_bound(order.begin(), order.end(), item, ordered), item);
  }
  void move(std::size_t rank) {
    Item* old_item = order[rank];
    auto owned = std::make_unique<Item>(*old_item);
    const auto stays = [](const void*, std::size_t) { return false; };
    const std::size_t next = tree.relocate(rank, 1, stays, [&](Item* item) {
      REQUIRE(item == old_item);
      return owned.get();
    });
    REQUIRE(next == rank + 1);
    items_.erase(old_item);
    order[rank] = owned.get();
    items_[owned.get()] = std::move(owned);
  }
  // Has about one in `one_in` nodes of the whole tree allocated anew, and returns how many were.
  std::size_t renew_nodes(Rng& rng, std::size_t one_in) {
    std::size_t renewed = 0;
    const auto leaves = [&](const void*, std::size_t) {
      const bool goes = rng() % one_in == 0;
      renewed += goes;
      return goes;
    };
    for (std::size_t rank = 0; rank < tree.size();) {
      const std::size_t next = tree.relocate(rank, 1 + rng() % 200, leaves, [&](Item* item) {
        REQUIRE(item == order[rank++]);
        return item;
      });
      REQUIRE(next == rank);
    }
    return renewed;
  }

  // What the tree says of one rank and of the places around a score and a member.
  void verify_at(std::size_t rank) const {
    REQUIRE(tree.at(rank).get() == order[rank]);
    REQUIRE(tree.find(*order[rank]) == tree.at(rank));
    REQUIRE(tree.rank_of(*order[rank]) == rank);
  }
  void verify_around(double score, const std::string& member) const {
    const auto rank_of_first = [this](auto&& precedes) {
      return static_cast<std::size_t>(std::partition_point(order.begin(), order.end(), precedes) -
                                      order.begin());
    };
    Item probe{score, member};
    verify_gap(rank_of_first([&](const Item* item) { return item->score < score; }),
               tree.first_not_below(score), tree.last_below(score));
    verify_gap(rank_of_first([&](const Item* item) { return item->score <= score; }),
               tree.first_above(score), tree.last_not_above(score));
    verify_gap(rank_of_first([&](const Item* item) { return ordered(item, &probe); }),
               tree.first_not_below(score, member), tree.last_below(score, member));
    verify_gap(rank_of_first([&](const Item* item) { return !ordered(&probe, item); }),
               tree.first_above(score, member), tree.last_not_above(score, member));
  }
  // Holds exactly what it should, forwards and backwards.
  void verify() const {
    tree.check();
    REQUIRE(tree.size() == order.size());
    REQUIRE(tree.memory_bytes() == sizeof(Tree) + allocator.bytes());
    auto position = tree.begin();
    for (std::size_t rank = 0; rank < order.size(); ++rank, position.next()) {
      REQUIRE(static_cast<bool>(position));
      REQUIRE(position.rank() == rank);
      REQUIRE(position.get() == order[rank]);
    }
    REQUIRE(position == tree.end());
    for (std::size_t rank = order.size(); rank-- > 0;) {
      position.previous();
      REQUIRE(position.rank() == rank);
      REQUIRE(position.get() == order[rank]);
    }
    position.previous();
    REQUIRE_FALSE(static_cast<bool>(position));
  }

  CountingAllocator allocator;
  Tree tree{allocator};
  std::vector<Item*> order;

 private:
  // `rank` elements are before the gap.
  void verify_gap(std::size_t rank, Tree::Position behind, Tree::Position before) const {
    REQUIRE(behind.rank() == rank);
    REQUIRE(static_cast<bool>(behind) == (rank < order.size()));
    if (behind) REQUIRE(behind.get() == order[rank]);
    REQUIRE(static_cast<bool>(before) == (rank > 0));
    if (before) REQUIRE(before.get() == order[rank - 1]);
    if (before) REQUIRE(before.rank() == rank - 1);
  }

  std::unordered_map<const Item*, std::unique_ptr<Item>> items_;
  std::size_t next_member_ = 0;
};

// Any number of items whose members are their numbers, in a row.
std::vector<Item> make_items(std::size_t count, auto&& score_of) {
  std::vector<Item> items(count);
  for (std::size_t i = 0; i < count; ++i) items[i] = {score_of(i), std::to_string(i)};
  return items;
}

std::size_t bytes_per_thousand(const Tree& tree) {
  return tree.memory_bytes() * 1000 / std::max<std::size_t>(1, tree.size());
}

// ---- Keys --------------------------------------------------------------------------------------

TEST_CASE("codes are in the order of their scores") {
  const std::vector<double> scores = {-kInfinity, -kHuge, -1, -2 * kTiny, -kTiny, 0,
                                      kTiny,      1e-300, 1,  1 + 1e-15,  kHuge,  kInfinity};
  for (std::size_t i = 1; i < scores.size(); ++i) {
    CHECK(score_code(scores[i - 1]) < score_code(scores[i]));
  }
  CHECK(score_code(-0.0) == score_code(0.0));
}

TEST_CASE("a scale has a key for all it covers, and room on both sides") {
  const std::uint64_t seed = fresh_seed();
  CAPTURE(seed);
  Rng rng(seed);
  for (int round = 0; round < 10'000; ++round) {
    std::uint64_t low = rng() >> (rng() % 64);
    std::uint64_t high = rng() >> (rng() % 64);
    if (low > high) std::swap(low, high);
    const auto least_shift = static_cast<unsigned>(rng() % 49);
    const KeyScale scale = KeyScale::covering(low, high, least_shift);
    REQUIRE(scale.shift >= least_shift);
    REQUIRE(scale.has(low));
    REQUIRE(scale.has(high));
    REQUIRE(scale.key(high) < KeyScale::kKeyEnd / 4 * 3 + 1);
    REQUIRE((scale.base == 0 || scale.key(low) == KeyScale::kKeyEnd / 4));
    const bool finest =
        scale.shift == least_shift ||
        (high >> (scale.shift - 1)) - (low >> (scale.shift - 1)) >= KeyScale::kKeyEnd / 2;
    REQUIRE(finest);
  }
}

TEST_CASE("scores and counts compare alike with and without vector instructions") {
  const std::uint64_t seed = fresh_seed();
  CAPTURE(seed);
  Rng rng(seed);
  for (int round = 0; round < 500; ++round) {
    std::vector<double> scores(rng() % (OrderedBranch::kCapacity + 1));
    for (double& score : scores) score = round % 2 == 0 ? few(rng) : extremes(rng);
    std::sort(scores.begin(), scores.end());
    OrderedBranch branch;
    for (unsigned i = 0; i < scores.size(); ++i) {
      branch.insert(i, {scores[i], nullptr, nullptr, static_cast<std::uint32_t>(rng())});
    }
    for (int probe = 0; probe < 20; ++probe) {
      const double score = round % 2 == 0 ? few(rng) : extremes(rng);
      const OrderedBranch::Run run = branch.equal(score);
      REQUIRE(run.first == branch.equal_portable(score).first);
      REQUIRE(run.last == branch.equal_portable(score).last);
      const auto range = std::equal_range(scores.begin(), scores.end(), score);
      REQUIRE(run.first == range.first - scores.begin());
      REQUIRE(run.last == range.second - scores.begin());
    }
    for (unsigned i = 0; i <= branch.count(); ++i) {
      REQUIRE(branch.elements_before(i) == branch.elements_before_portable(i));
    }
  }
}

TEST_CASE("a search reads few scores, whatever range the leaves once had") {
  const std::uint64_t seed = fresh_seed();
  CAPTURE(seed);
  Rng rng(seed);
  CountingAllocator allocator;
  for (const ScoreSource score : {uniform, close_together, clusters}) {
    // Distinct scores, so that nothing but poor keys makes an insert read any.
    auto items = make_items(
        60'000, [&](std::size_t i) { return score(rng) * (1 + static_cast<double>(i) * 1e-13); });
    Tree tree(allocator);
    for (Item& item : items) tree.insert(&item);
    score_reads = 0;
    for (Item& item : items) tree.first_not_below(item.score);
    CHECK(score_reads <= items.size() * 3 / 2);
  }
}

// ---- Against the model -------------------------------------------------------------------------

TEST_CASE("an empty tree has no places and costs nothing") {
  Population people;
  people.verify();
  CHECK(people.tree.empty());
  CHECK(people.tree.begin() == people.tree.end());
  CHECK(people.tree.at(0) == people.tree.end());
  people.verify_around(0, "");
  people.verify_around(kInfinity, "x");
  people.tree.erase_ranks(0, 10, [](Item*) { FAIL("nothing to erase"); });
  people.tree.append(0, []() -> Item* { return nullptr; });
  CHECK_FALSE(people.tree.clear_step(1));
  CHECK(people.tree.memory_bytes() == sizeof(Tree));
}

// One random operation; where `rising`, more come than go.
void disturb(Population& people, ScoreSource score, bool rising, Rng& rng) {
  const std::size_t size = people.order.size();
  const std::uint64_t dice = rng() % 100;
  if (size == 0 || dice < (rising ? 70U : 20U)) {
    people.add(score(rng));
  } else if (dice < 80) {
    people.remove(rng() % size);
  } else if (dice < 90) {
    people.rescore(rng() % size, score(rng));
  } else if (dice < 95) {
    const std::size_t rank = rng() % size;
    people.rescore(rank, people.order[std::min(size - 1, rank + rng() % 4)]->score);
  } else if (dice < 99) {
    people.move(rng() % size);
  } else if (rng() % 4 != 0) {
    people.remove_range(rng() % size, rng() % 20);
  } else {
    people.renew_nodes(rng, 3);
  }
}

TEST_CASE("any sequence of operations matches the model") {
  const std::uint64_t seed = fresh_seed();
  CAPTURE(seed);
  Rng rng(seed);
  for (const Kind& kind : kKinds) {
    for (const std::size_t steps : {400U, 4000U, 10'000U}) {
      CAPTURE(kind.name);
      CAPTURE(steps);
      Population people;
      for (std::size_t step = 0; step < steps; ++step) {
        disturb(people, kind.score, step < steps * 2 / 3, rng);
        if (!people.order.empty()) people.verify_at(rng() % people.order.size());
        if (step % 8 == 0) {
          people.verify_around(kind.score(rng), "m" + std::to_string(rng() % steps));
        }
        if (step % 500 == 0) people.tree.check();
      }
      people.verify();
    }
  }
}

TEST_CASE("all nodes can move in memory, and the tree is the same") {
  Rng rng(fresh_seed());
  for (const std::size_t size : {1U, 100U, 200U, 20'000U}) {
    Population people;
    for (std::size_t i = 0; i < size; ++i) people.add(few(rng));
    const auto stats = people.tree.stats();
    CHECK(people.renew_nodes(rng, 1) >= stats.leaves + stats.branches);
    people.verify();
  }
}

TEST_CASE("members of one score are told by their bytes") {
  Population people;
  for (int i = 0; i < 3000; ++i) people.add(1, std::to_string(i * 7919 % 3000));
  people.add(1, "");
  people.add(1, std::string("\0", 1));
  people.add(1, "\xff");
  people.verify();
  for (const std::string member : {"", "\xff", "\xff\xff", "1", "10", "2999", "29999", "a"}) {
    people.verify_around(1, member);
    people.verify_around(0, member);
    people.verify_around(2, member);
  }
}

// ---- Filling -----------------------------------------------------------------------------------

TEST_CASE("random inserts leave leaves well filled") {
  const std::uint64_t seed = fresh_seed();
  CAPTURE(seed);
  Rng rng(seed);
  CountingAllocator allocator;
  for (const ScoreSource score : {uniform, few}) {
    auto items = make_items(100'000, [&](std::size_t) { return score(rng); });
    std::shuffle(items.begin(), items.end(), rng);
    Tree tree(allocator);
    for (Item& item : items) tree.insert(&item);
    tree.check();
    CHECK(bytes_per_thousand(tree) <= 10'500);
  }
}

TEST_CASE("elements that come in order leave full leaves, in either direction") {
  for (const double sign : {1.0, -1.0}) {
    CountingAllocator allocator;
    auto items = make_items(60'000, [&](std::size_t i) { return sign * static_cast<double>(i); });
    Tree tree(allocator);
    for (Item& item : items) tree.insert(&item);
    tree.check();
    CHECK(bytes_per_thousand(tree) <= 8'600);
    CHECK(tree.begin()->score == std::min(items.front().score, items.back().score));
  }
}

TEST_CASE("what many erases leave behind is given back") {
  const std::uint64_t seed = fresh_seed();
  CAPTURE(seed);
  Rng rng(seed);
  Population people;
  for (int i = 0; i < 12'000; ++i) people.add(uniform(rng));
  while (people.order.size() > 1200) people.remove(rng() % people.order.size());
  people.verify();
  CHECK(bytes_per_thousand(people.tree) <= 16'000);
  while (!people.order.empty()) people.remove(rng() % people.order.size());
  people.verify();
  CHECK(people.tree.memory_bytes() == sizeof(Tree));
}

TEST_CASE("it is emptied from either end") {
  for (const bool from_front : {true, false}) {
    Population people;
    for (int i = 0; i < 6000; ++i) people.add(i);
    while (!people.order.empty()) {
      people.remove(from_front ? 0 : people.order.size() - 1);
      if (people.order.size() % 250 == 0) people.verify();
    }
    CHECK(people.tree.memory_bytes() == sizeof(Tree));
  }
}

TEST_CASE("a queue stays as small as its contents") {
  CountingAllocator allocator;
  auto items = make_items(50'000, [](std::size_t i) { return static_cast<double>(i); });
  Tree tree(allocator);
  for (std::size_t i = 0; i < items.size(); ++i) {
    tree.insert(&items[i]);
    if (i >= 5000) tree.erase_ranks(0, 1, [&](Item* item) { REQUIRE(item == &items[i - 5000]); });
  }
  tree.check();
  CHECK(bytes_per_thousand(tree) <= 9'600);
}

// ---- Many elements -----------------------------------------------------------------------------

TEST_CASE("ranges of ranks go, and fn may free what it gets") {
  const std::uint64_t seed = fresh_seed();
  CAPTURE(seed);
  Rng rng(seed);
  for (const ScoreSource score : {uniform, few}) {
    for (int round = 0; round < 12; ++round) {
      Population people;
      for (std::uint64_t i = rng() % 8000; i > 0; --i) people.add(score(rng));
      while (!people.order.empty()) {
        const std::size_t first = rng() % people.order.size();
        people.remove_range(first, rng() % 3 == 0 ? rng() % 20 : rng() % 4000);
        people.tree.check();
        if (rng() % 8 == 0) people.remove_range(0, people.order.size());
      }
      people.verify();
    }
  }
}

TEST_CASE("a range that ends behind the last, begins there, or is empty") {
  Population people;
  for (int i = 0; i < 1000; ++i) people.add(i);
  people.remove_range(1000, 5);
  people.remove_range(5000, std::numeric_limits<std::size_t>::max());
  people.remove_range(10, 0);
  CHECK(people.order.size() == 1000);
  people.tree.erase_ranks(900, std::numeric_limits<std::size_t>::max(), [](Item*) {});
  CHECK(people.tree.size() == 900);
  people.tree.check();
}

TEST_CASE("append builds full leaves at once, or behind what is there") {
  constexpr std::size_t kItems = 200'000;  // enough for three levels of branches
  auto items = make_items(kItems, [](std::size_t i) {
    const std::size_t third = i / 3;
    return static_cast<double>(third) * 0.1;
  });
  for (std::size_t first = 0; first < items.size(); first += 3) {
    const auto begin = items.begin() + static_cast<std::ptrdiff_t>(first);
    std::sort(begin, begin + std::min<std::ptrdiff_t>(3, items.end() - begin),
              [](const Item& a, const Item& b) { return a.member < b.member; });
  }
  CountingAllocator allocator;
  Tree tree(allocator);
  auto next = items.begin();
  for (const std::size_t count :
       {std::size_t{1}, std::size_t{70}, std::size_t{10'000}, kItems - 10'071}) {
    tree.append(count, [&next] { return &*next++; });
    tree.check();
  }
  CHECK(bytes_per_thousand(tree) <= 8'600);
  CHECK(tree.stats().height == 3);
  const std::uint64_t seed = fresh_seed();
  CAPTURE(seed);
  Rng rng(seed);
  for (int i = 0; i < 2000; ++i) {
    const std::size_t rank = rng() % kItems;
    REQUIRE(tree.at(rank).get() == &items[rank]);
    REQUIRE(tree.rank_of(items[rank]) == rank);
  }
  // A hole as large as most of the tree, and smaller ones on both sides of it.
  std::size_t erased = 0;
  const auto count_erased = [&erased](Item*) { ++erased; };
  tree.erase_ranks(1000, 190'000, count_erased);
  tree.check();
  for (int i = 0; i < 200; ++i) tree.erase_ranks(rng() % tree.size(), rng() % 60, count_erased);
  tree.check();
  CHECK(tree.size() == kItems - erased);
}

TEST_CASE("clear_step takes down slices and reads no element") {
  CountingAllocator allocator;
  auto items = std::make_unique<std::vector<Item>>(
      make_items(20'000, [](std::size_t i) { return static_cast<double>(i % 100); }));
  Tree tree(allocator);
  for (Item& item : *items) tree.insert(&item);
  CHECK(tree.clear_step(20));
  tree.check();
  CHECK(tree.size() <= 20'000 - 20 * OrderedLeaf::kCapacity / 2);
  items.reset();
  std::size_t steps = 0;
  while (tree.clear_step(10)) ++steps;
  CHECK(steps >= 10);
  CHECK(tree.memory_bytes() == sizeof(Tree));
  Item lone{1, "again"};
  tree.insert(&lone);
  CHECK(tree.begin().get() == &lone);
}

// ---- Changing elements -------------------------------------------------------------------------

TEST_CASE("small steps of a score keep the order") {
  const std::uint64_t seed = fresh_seed();
  CAPTURE(seed);
  Rng rng(seed);
  Population people;
  for (int i = 0; i < 1500; ++i) people.add(static_cast<double>(i >> 1));
  for (int i = 0; i < 6000; ++i) {
    const std::size_t rank = rng() % people.order.size();
    const double step = static_cast<double>(rng() % 7) / 2 - 1.5;
    people.rescore(rank, people.order[rank]->score + step);
  }
  people.verify();
}

TEST_CASE("an only element may be given any score") {
  Population people;
  people.add(1);
  for (const double score : {2.0, -kInfinity, kInfinity, -0.0, 0.0, kTiny})
    people.rescore(0, score);
  people.verify();
  people.rescore(0, 0.0);
  people.rescore(0, -0.0);
  CHECK(std::signbit(people.order[0]->score));
  people.verify();
}

TEST_CASE("elements move, and their old places are not read") {
  const std::uint64_t seed = fresh_seed();
  CAPTURE(seed);
  Rng rng(seed);
  for (const ScoreSource score : {uniform, few, all_equal}) {
    Population people;
    for (int i = 0; i < 3000; ++i) people.add(score(rng));
    for (std::size_t rank = 0; rank < people.order.size(); ++rank) people.move(rank);
    people.verify();
  }
}

TEST_CASE("moving and swapping carry the elements over") {
  Population people;
  for (int i = 0; i < 3000; ++i) people.add(i);
  Tree moved(std::move(people.tree));
  CHECK(people.tree.empty());
  CHECK(moved.size() == 3000);
  people.tree.check();
  people.tree = std::move(moved);
  people.verify();
  Item lone{7, "lone"};
  Tree other(people.allocator);
  other.insert(&lone);
  other.swap(people.tree);
  CHECK(people.tree.size() == 1);
  CHECK(other.size() == 3000);
  other.check();
}

}  // namespace
}  // namespace tarn
