#include "core/types/sorted_set_algebra.h"

#include <algorithm>
#include <cmath>

namespace tarn {
namespace {

using Mask = MemberBatch::Mask;
using Scores = ScoredBatch::Scores;

double number_or_zero(double score) { return std::isnan(score) ? 0 : score; }

double sum(double total, double score) { return number_or_zero(total + score); }
double lesser(double total, double score) { return score < total ? score : total; }
double greater(double total, double score) { return score > total ? score : total; }

SortedSetBuilder::Combine function_of(Aggregate aggregate) {
  switch (aggregate) {
    case Aggregate::kMin: return lesser;
    case Aggregate::kMax: return greater;
    case Aggregate::kSum: break;
  }
  return sum;
}

void sort_by_size(std::vector<ScoredInput>& inputs) {
  std::stable_sort(
      inputs.begin(), inputs.end(),
      [](const ScoredInput& left, const ScoredInput& right) { return left.size() < right.size(); });
}

void begin_scores(ScoredBatch& batch, double weight) {
  for (std::size_t i = 0; i < batch.members.size(); ++i) {
    batch.scores[i] = number_or_zero(batch.scores[i] * weight);
  }
}

// Leaves those of the batch that the input has, too, with their scores from both.
void meet(ScoredBatch& batch, const ScoredInput& input, SortedSetBuilder::Combine combine) {
  Scores others;
  const Mask found = input.scores(batch.members, others);
  for (Mask left = found; left != 0; left &= left - 1) {
    const auto i = static_cast<std::size_t>(std::countr_zero(left));
    batch.scores[i] = combine(batch.scores[i], others[i] * input.weight());
  }
  batch.keep(found);
}

// Leaves those of the batch that all of the inputs have.
void meet_all(ScoredBatch& batch, std::span<const ScoredInput> inputs,
              SortedSetBuilder::Combine combine) {
  for (const ScoredInput& input : inputs) {
    if (batch.members.empty()) return;
    meet(batch, input, combine);
  }
}

}  // namespace

ScoredInput::Mask ScoredInput::scores(MemberBatch& batch, Scores& scores) const {
  if (const auto* sorted = std::get_if<SortedSetView>(&view_)) return sorted->scores(batch, scores);
  scores.fill(1);
  return std::get<SetView>(view_).contains(batch);
}

void unite(std::vector<ScoredInput> inputs, Aggregate aggregate, SortedSetBuilder& result) {
  sort_by_size(inputs);
  const SortedSetBuilder::Combine combine = function_of(aggregate);
  for (const ScoredInput& input : inputs) {
    input.for_each_batch([&](ScoredBatch& batch) {
      begin_scores(batch, input.weight());
      result.merge(batch, combine);
    });
  }
}

void intersect(std::vector<ScoredInput> inputs, Aggregate aggregate, SortedSetBuilder& result) {
  sort_by_size(inputs);
  const SortedSetBuilder::Combine combine = function_of(aggregate);
  const ScoredInput& smallest = inputs.front();
  smallest.for_each_batch([&](ScoredBatch& batch) {
    begin_scores(batch, smallest.weight());
    meet_all(batch, std::span(inputs).subspan(1), combine);
    result.add(batch);
  });
}

void subtract(std::span<const ScoredInput> inputs, SortedSetBuilder& result) {
  inputs.front().for_each_batch([&](ScoredBatch& batch) {
    for (const ScoredInput& other : inputs.subspan(1)) {
      if (batch.members.empty()) return;
      Scores ignored;
      batch.keep(batch.members.all() & ~other.scores(batch.members, ignored));
    }
    result.add(batch);
  });
}

std::size_t intersection_size(std::vector<ScoredInput> inputs, std::size_t limit) {
  sort_by_size(inputs);
  const auto others = std::span<const ScoredInput>(inputs).subspan(1);
  std::size_t size = 0;
  ScoredBatch batch;
  const auto count_batch = [&] {
    meet_all(batch, others, sum);
    size += batch.members.size();
    batch.clear();
  };
  std::uint64_t cursor = 0;
  do {
    cursor = inputs.front().scan(cursor, [&](const SetMember& member, double score) {
      batch.push(member, score);
      if (batch.members.full()) count_batch();
    });
  } while (cursor != 0 && size < limit);
  count_batch();
  return std::min(size, limit);
}

}  // namespace tarn
