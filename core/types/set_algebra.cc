#include "core/types/set_algebra.h"

#include <algorithm>
#include <bit>
#include <vector>

#include "core/base/assert.h"
#include "core/types/detached_cell.h"

namespace tarn {
namespace {

// What is asked about a member costs, in units of a lookup in a large set as part of a batch.
constexpr std::size_t kCostOfAdding = 3;
constexpr std::size_t kPackedMembersALookup = 16;  // so many are compared in the time of one

std::size_t cost_of_lookup(const SetView& set) {
  if (set.encoding() != CollectionEncoding::kPacked) return 1;
  return 1 + set.size() / kPackedMembersALookup;
}

std::vector<SetView> smallest_first(std::span<const SetView> sets) {
  std::vector<SetView> sorted(sets.begin(), sets.end());
  std::sort(sorted.begin(), sorted.end(),
            [](const SetView& a, const SetView& b) { return a.size() < b.size(); });
  return sorted;
}

std::vector<SetView> largest_first(std::span<const SetView> sets) {
  std::vector<SetView> sorted = smallest_first(sets);
  std::reverse(sorted.begin(), sorted.end());
  return sorted;
}

// Leaves the members that all of the sets have.
void keep_common(MemberBatch& batch, std::span<const SetView> sets) {
  for (const SetView& set : sets) {
    if (batch.empty()) return;
    batch.keep(set.contains(batch));
  }
}

// Leaves the members that none of the sets has.
void keep_others(MemberBatch& batch, std::span<const SetView> sets) {
  for (const SetView& set : sets) {
    if (batch.empty()) return;
    batch.keep(batch.all() & ~set.contains(batch));
  }
}

void hand_on(MemberBatch& batch, const TakeBatch& take) {
  if (!batch.empty()) take(batch);
}

// A set that a result is found with, and that goes with it.
class Notes {
 public:
  explicit Notes(ObjectHeap& heap) : cell_(heap), set_(cell_, SetLimits{}) {}
  Set& set() { return set_; }

 private:
  DetachedCell cell_;
  Set set_;
};

}  // namespace

// ---- Intersections ------------------------------------------------------------------------------

void intersect(std::span<const SetView> sets, const TakeBatch& take) {
  const std::vector<SetView> sorted = smallest_first(sets);
  const std::span others = std::span(sorted).subspan(1);
  sorted[0].for_each_batch([&](MemberBatch& batch) {
    keep_common(batch, others);
    hand_on(batch, take);
  });
}

std::size_t intersection_size(std::span<const SetView> sets, std::size_t limit) {
  const std::vector<SetView> sorted = smallest_first(sets);
  const std::span others = std::span(sorted).subspan(1);
  if (others.empty() || limit == 0) return std::min(sorted[0].size(), limit);
  std::size_t common = 0;
  const auto count = [&](MemberBatch& batch) {
    keep_common(batch, others);
    common += batch.size();
    return common < limit;
  };
  if (limit >= sorted[0].size()) {
    sorted[0].for_each_batch(count);
  } else {
    sorted[0].for_each_batch_while(count);
  }
  return std::min(common, limit);
}

// ---- Unions -------------------------------------------------------------------------------------

void unite(std::span<const SetView> sets, ObjectHeap& heap, const TakeBatch& take) {
  const std::vector<SetView> sorted = largest_first(sets);
  std::size_t cost_of_asking = 0;
  std::size_t cost_of_noting = 0;
  std::size_t cost_of_earlier = 0;
  for (const SetView& set : sorted) {
    cost_of_asking += set.size() * cost_of_earlier;
    cost_of_noting += set.size() * kCostOfAdding;
    cost_of_earlier += cost_of_lookup(set);
  }

  if (cost_of_asking <= cost_of_noting) {
    for (std::size_t i = 0; i < sorted.size(); ++i) {
      sorted[i].for_each_batch([&, earlier = std::span(sorted).first(i)](MemberBatch& batch) {
        keep_others(batch, earlier);
        hand_on(batch, take);
      });
    }
  } else {
    Notes seen(heap);
    for (const SetView& set : sorted) {
      set.for_each_batch([&](MemberBatch& batch) {
        batch.keep(seen.set().add(batch));
        hand_on(batch, take);
      });
    }
  }
}

void unite_into(Set& result, std::span<const SetView> sets) {
  const std::vector<SetView> sorted = largest_first(sets);
  for (const SetView& set : sorted) {
    const bool first = &set == sorted.data();
    set.for_each_batch([&](MemberBatch& batch) {
      if (first) {
        result.add_new(batch);
      } else {
        result.add(batch);
      }
    });
  }
}

// ---- Differences --------------------------------------------------------------------------------

void subtract(const SetView& first, std::span<const SetView> others, ObjectHeap& heap,
              const TakeBatch& take) {
  const std::vector<SetView> sorted = largest_first(others);
  std::size_t cost_of_asking = 0;
  std::size_t cost_of_collecting = first.size();
  for (const SetView& set : sorted) {
    cost_of_asking += first.size() * cost_of_lookup(set);
    cost_of_collecting += set.size() * (cost_of_lookup(first) + kCostOfAdding);
  }

  if (cost_of_asking <= cost_of_collecting) {
    first.for_each_batch([&](MemberBatch& batch) {
      keep_others(batch, sorted);
      hand_on(batch, take);
    });
    return;
  }
  Notes struck_out(heap);
  for (const SetView& set : sorted) {
    set.for_each_batch([&](MemberBatch& batch) {
      batch.keep(first.contains(batch));
      struck_out.set().add(batch);
    });
  }
  const SetView common = struck_out.set().view();
  first.for_each_batch([&](MemberBatch& batch) {
    keep_others(batch, std::span(&common, 1));
    hand_on(batch, take);
  });
}

}  // namespace tarn
