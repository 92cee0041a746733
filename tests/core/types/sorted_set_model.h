#pragma once

#include <algorithm>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/random.h"
#include "core/types/detached_cell.h"
#include "core/types/sorted_set.h"

namespace tarn {

// A sorted set as simple as can be, to compare with.
class SortedSetModel {
 public:
  using Element = std::pair<double, std::string>;

  std::map<std::string, double> scores;

  std::vector<Element> in_order() const {
    std::vector<Element> elements;
    for (const auto& [member, score] : scores) elements.emplace_back(score, member);
    std::sort(elements.begin(), elements.end());
    return elements;
  }
};

inline std::string text_of(const SetMember& member) {
  SetMember::Scratch scratch;
  return std::string(member.text(scratch));
}

// What a view holds, upward.
inline std::vector<SortedSetModel::Element> elements_of(const SortedSetView& view,
                                                        RankRange range) {
  std::vector<SortedSetModel::Element> elements;
  view.for_each(range, [&](const SetMember& member, double score) {
    elements.emplace_back(score, text_of(member));
  });
  return elements;
}
inline std::vector<SortedSetModel::Element> elements_of(const SortedSetView& view) {
  return elements_of(view, view.all());
}

// Members of all kinds, of which a few hundred different ones are likely to come again.
inline std::string random_member(Rng& rng) {
  switch (rng.below(4)) {
    case 0: return std::to_string(static_cast<std::int64_t>(rng.below(200)) - 100);
    case 1: return std::to_string(static_cast<std::int64_t>(rng() >> rng.below(64)));
    case 2: return std::string(rng.below(70), static_cast<char>('a' + rng.below(3)));
    default: return "member:" + std::to_string(rng.below(100));
  }
}

inline double random_score(Rng& rng) {
  switch (rng.below(8)) {
    case 0: return std::numeric_limits<double>::infinity();
    case 1: return -std::numeric_limits<double>::infinity();
    case 2: return 1e300 * static_cast<double>(rng.below(3));
    case 3: return static_cast<double>(rng.below(100)) / 7;
    case 4: return -0.0;
    default: return static_cast<double>(rng.below(20)) - 10;
  }
}

}  // namespace tarn
