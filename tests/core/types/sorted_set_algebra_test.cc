#include "core/types/sorted_set_algebra.h"

#include <doctest/doctest.h>

#include <cmath>
#include <deque>
#include <optional>

#include "tests/core/types/sorted_set_model.h"

namespace tarn {
namespace {

constexpr SortedSetLimits kAlwaysLarge{0, 0};
constexpr double kInfinity = std::numeric_limits<double>::infinity();

using Elements = std::vector<SortedSetModel::Element>;

// An input beside what a model knows of it: every member and its score before weights.
struct Operand {
  explicit Operand(ObjectHeap& heap) : cell(heap) {}

  DetachedCell cell;
  std::map<std::string, double> scores;
  double weight = 1;
  bool is_set = false;

  ScoredInput input() const {
    ScoredInput input =
        is_set ? ScoredInput(cell.vacant() ? SetView() : SetView(cell.view()))
               : ScoredInput(cell.vacant() ? SortedSetView() : SortedSetView(cell.view()));
    input.set_weight(weight);
    return input;
  }
};

void fill(Operand& operand, Rng& rng) {
  const bool large = rng.below(2) == 0;
  operand.is_set = rng.below(3) == 0;
  const std::size_t count = rng.below(4) == 0 ? rng.below(3) : rng.below(250);
  const bool numbers = rng.below(3) == 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string name = numbers ? std::to_string(rng.below(300)) : random_member(rng);
    const double score = operand.is_set ? 1 : random_score(rng);
    operand.scores[name] = score;
    if (operand.is_set) {
      const SetLimits limits = large ? SetLimits{0, 0, 0} : SetLimits{512, 500, 100};
      Set(operand.cell, limits).add(SetMember(name));
    } else {
      const SortedSetLimits limits = large ? kAlwaysLarge : SortedSetLimits{500, 100};
      const MemberScore one{SetMember(name), score};
      SortedSet(operand.cell, limits).put(std::span(&one, 1), {});
    }
  }
}

double combine(Aggregate aggregate, double total, double score) {
  switch (aggregate) {
    case Aggregate::kMin: return score < total ? score : total;
    case Aggregate::kMax: return score > total ? score : total;
    case Aggregate::kSum: break;
  }
  return std::isnan(total + score) ? 0 : total + score;
}

using Operands = std::vector<const Operand*>;

Operands by_size(const std::deque<Operand>& operands) {
  Operands sorted;
  for (const Operand& operand : operands) sorted.push_back(&operand);
  std::stable_sort(sorted.begin(), sorted.end(), [](const Operand* left, const Operand* right) {
    return left->scores.size() < right->scores.size();
  });
  return sorted;
}

SortedSetModel united(const Operands& operands, Aggregate aggregate) {
  SortedSetModel model;
  for (const Operand* operand : operands) {
    for (const auto& [name, score] : operand->scores) {
      const double weighted = std::isnan(score * operand->weight) ? 0 : score * operand->weight;
      const auto [place, is_new] = model.scores.emplace(name, weighted);
      if (!is_new) place->second = combine(aggregate, place->second, weighted);
    }
  }
  return model;
}

SortedSetModel intersected(const Operands& operands, Aggregate aggregate) {
  SortedSetModel model;
  for (const auto& [name, first] : operands.front()->scores) {
    const double weight = operands.front()->weight;
    std::optional<double> total = std::isnan(first * weight) ? 0 : first * weight;
    for (std::size_t i = 1; i < operands.size() && total; ++i) {
      const auto found = operands[i]->scores.find(name);
      if (found == operands[i]->scores.end()) {
        total.reset();
      } else {
        total = combine(aggregate, *total, found->second * operands[i]->weight);
      }
    }
    if (total) model.scores[name] = *total;
  }
  return model;
}

SortedSetModel subtracted(const std::deque<Operand>& operands) {
  SortedSetModel model;
  for (const auto& [name, score] : operands.front().scores) {
    bool elsewhere = false;
    for (std::size_t i = 1; i < operands.size(); ++i)
      elsewhere |= operands[i].scores.count(name) > 0;
    if (!elsewhere) model.scores[name] = score;
  }
  return model;
}

// Runs compute(builder) and compares the outcome, packed or large.
template <class Compute>
void expect(ObjectHeap& heap, const SortedSetModel& model, Rng& rng, Compute compute) {
  const SortedSetLimits limits = rng.below(2) == 0 ? kAlwaysLarge : SortedSetLimits{100, 30};
  DetachedCell cell(heap);
  SortedSetBuilder builder(heap);
  compute(builder);
  builder.finish(cell, limits);
  REQUIRE(cell.vacant() == model.scores.empty());
  if (cell.vacant()) return;
  std::size_t longest = 0;
  for (const auto& [name, score] : model.scores) longest = std::max(longest, name.size());
  const bool packed = limits.allow(model.scores.size(), longest);
  REQUIRE((cell.encoding() == CollectionEncoding::kPacked) == packed);
  REQUIRE(elements_of(SortedSetView(cell.view())) == model.in_order());
  if (!packed) static_cast<LargeSortedSet*>(cell.large())->check();
}

}  // namespace

TEST_CASE("sorted set algebra: unions, intersections and differences against a model") {
  const std::uint64_t seed = Rng()();
  CAPTURE(seed);
  Rng rng(seed);
  for (int round = 0; round < 150; ++round) {
    CAPTURE(round);
    ObjectHeap heap;
    std::deque<Operand> operands;
    for (std::size_t i = 1 + rng.below(4); i > 0; --i) {
      Operand& operand = operands.emplace_back(heap);
      fill(operand, rng);
      if (rng.below(2) == 0) operand.weight = random_score(rng);
    }
    const auto inputs = [&operands] {
      std::vector<ScoredInput> all;
      all.reserve(operands.size());
      for (const Operand& operand : operands) all.push_back(operand.input());
      return all;
    };
    const auto aggregate = static_cast<Aggregate>(rng.below(3));
    const Operands sorted = by_size(operands);
    expect(heap, united(sorted, aggregate), rng,
           [&](SortedSetBuilder& result) { unite(inputs(), aggregate, result); });
    const SortedSetModel common = intersected(sorted, aggregate);
    expect(heap, common, rng,
           [&](SortedSetBuilder& result) { intersect(inputs(), aggregate, result); });
    expect(heap, subtracted(operands), rng,
           [&](SortedSetBuilder& result) { subtract(inputs(), result); });
    const std::size_t limit = 1 + rng.below(200);
    REQUIRE(intersection_size(inputs(), limit) == std::min(limit, common.scores.size()));
  }
}

TEST_CASE("sorted set algebra: infinities that cancel each other make 0") {
  ObjectHeap heap;
  std::deque<Operand> operands;
  for (const double score : {kInfinity, -kInfinity}) {
    const MemberScore one{SetMember("m"), score};
    SortedSet(operands.emplace_back(heap).cell, {}).put(std::span(&one, 1), {});
  }
  const auto result_of = [&](double second_weight, auto operation) {
    DetachedCell cell(heap);
    SortedSetBuilder builder(heap);
    std::vector<ScoredInput> inputs{operands[0].input(), operands[1].input()};
    inputs[1].set_weight(second_weight);
    operation(inputs, builder);
    builder.finish(cell, {});
    return *SortedSetView(cell.view()).score(SetMember("m"));
  };
  const auto sum = [](auto& inputs, auto& result) { unite(inputs, Aggregate::kSum, result); };
  const auto least = [](auto& inputs, auto& result) { unite(inputs, Aggregate::kMin, result); };
  const auto least_common = [](auto& inputs, auto& result) {
    intersect(inputs, Aggregate::kMin, result);
  };
  CHECK(result_of(1, sum) == 0);
  CHECK(result_of(0, sum) == kInfinity);
  CHECK(result_of(0, least) == 0);
  CHECK(result_of(0, least_common) == kInfinity);
}

TEST_CASE("sorted set builder: gives back what it did not need") {
  ObjectHeap heap;
  {
    SortedSetBuilder builder(heap);
    ScoredBatch batch;
    for (int i = 0; i < 50; ++i) batch.push(SetMember(std::int64_t{i}), i);
    builder.add(batch);
  }
  CHECK(heap.slabs().bytes_in_use() == 0);
}

}  // namespace tarn
