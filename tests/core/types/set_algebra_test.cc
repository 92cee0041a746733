#include "core/types/set_algebra.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <random>

#include "tests/core/types/set_fixture.h"

using namespace tarn;

namespace {

// Sets and what they hold.
class Sets {
 public:
  void add(const SetLimits& limits, const Members& members) {
    sets_.push_back(std::make_unique<LooseSet>(heap_, limits, members));
    models_.push_back(members);
  }

  std::vector<SetView> views() const {
    std::vector<SetView> views;
    for (const auto& set : sets_) views.push_back(set->view());
    return views;
  }
  const std::vector<Members>& models() const { return models_; }
  ObjectHeap& heap() { return heap_; }

 private:
  ObjectHeap heap_;
  std::vector<std::unique_ptr<LooseSet>> sets_;
  std::vector<Members> models_;
};

// Collects a result; asserts that nothing comes twice.
class Collected {
 public:
  TakeBatch taker() {
    return [this](MemberBatch& batch) {
      TARN_ASSERT(!batch.empty());
      for (std::size_t i = 0; i < batch.size(); ++i) {
        TARN_ASSERT(members_.insert(text_of(batch[i])).second);
      }
    };
  }
  const Members& members() const { return members_; }

 private:
  Members members_;
};

template <class Algorithm>
Members fold(const std::vector<Members>& sets, Algorithm algorithm) {
  Members result = sets[0];
  for (std::size_t i = 1; i < sets.size(); ++i) {
    Members next;
    algorithm(result.begin(), result.end(), sets[i].begin(), sets[i].end(),
              std::inserter(next, next.end()));
    result = std::move(next);
  }
  return result;
}

Members intersection_of(const std::vector<Members>& sets) {
  return fold(sets, [](auto... args) { std::set_intersection(args...); });
}
Members union_of(const std::vector<Members>& sets) {
  return fold(sets, [](auto... args) { std::set_union(args...); });
}
Members difference_of(const std::vector<Members>& sets) {
  return fold(sets, [](auto... args) { std::set_difference(args...); });
}

void check_all(Sets& sets, const SetLimits& limits) {
  const std::vector<SetView> views = sets.views();

  const Members common = intersection_of(sets.models());
  Collected intersection;
  intersect(views, intersection.taker());
  CHECK(intersection.members() == common);
  for (const std::size_t limit : {std::size_t{0}, std::size_t{1}, common.size(), ~std::size_t{0}}) {
    CHECK(intersection_size(views, limit) == std::min(limit, common.size()));
  }

  const Members together = union_of(sets.models());
  Collected united;
  unite(views, sets.heap(), united.taker());
  CHECK(united.members() == together);
  LooseSet result(sets.heap(), limits);
  unite_into(*result, views);
  CHECK(members_of(result.view()) == together);

  Collected difference;
  subtract(views[0], std::span(views).subspan(1), sets.heap(), difference.taker());
  CHECK(difference.members() == difference_of(sets.models()));
}

Members some_integers(Rng& rng, std::size_t count, std::uint64_t range) {
  Members members;
  for (std::size_t i = 0; i < count; ++i) members.insert(std::to_string(rng.below(range)));
  return members;
}

Members some_members(Rng& rng, std::size_t count, std::uint64_t range) {
  Members members = some_integers(rng, count / 2, range);
  for (std::size_t i = 0; i < count / 2; ++i) {
    members.insert("member:" + std::to_string(rng.below(range)));
  }
  return members;
}

}  // namespace

TEST_CASE("results are right for all combinations of encodings") {
  const auto seed = std::random_device()();
  CAPTURE(seed);
  Rng rng(seed);
  struct Kind {
    SetLimits limits;
    Members (*draw)(Rng&, std::size_t, std::uint64_t);
  };
  const Kind kinds[] = {{kAlwaysInts, some_integers},
                        {kAlwaysPacked, some_members},
                        {kAlwaysLarge, some_integers},
                        {kAlwaysLarge, some_members}};
  for (const Kind& first : kinds) {
    for (const Kind& second : kinds) {
      for (const Kind& third : kinds) {
        Sets sets;
        sets.add(first.limits, first.draw(rng, rng.below(200), 150));
        sets.add(second.limits, second.draw(rng, rng.below(200), 150));
        if (rng.below(2) == 0) sets.add(third.limits, third.draw(rng, rng.below(200), 150));
        check_all(sets, {40, 80, 64});
      }
    }
  }
}

TEST_CASE("results are right for sizes that call for each of the methods") {
  const auto seed = std::random_device()();
  CAPTURE(seed);
  Rng rng(seed);
  const auto check = [&](std::size_t first, std::size_t other, std::size_t others) {
    Sets sets;
    sets.add(kDefaultLimits, some_members(rng, first, 2000));
    for (std::size_t i = 0; i < others; ++i) {
      sets.add(kDefaultLimits, some_members(rng, other, 2000));
    }
    check_all(sets, kDefaultLimits);
  };
  check(2000, 1000, 1);
  check(2000, 10, 1);
  check(2000, 10, 40);  // a difference of the common members, a union by notes
  check(10, 2000, 3);
  check(100, 100, 20);
  check(0, 100, 2);
  check(100, 0, 2);
  check(0, 0, 1);
  check(300, 0, 0);
}

TEST_CASE("a set may come several times") {
  Sets sets;
  for (int i = 0; i < 3; ++i) sets.add(kAlwaysLarge, {"1", "2", "a"});
  check_all(sets, kDefaultLimits);
}
