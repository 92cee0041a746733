#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/random.h"
#include "core/memory/object_heap.h"
#include "core/types/detached_cell.h"
#include "core/types/set.h"

namespace tarn {

using Members = std::set<std::string>;

inline std::string text_of(const SetMember& member) {
  SetMember::Scratch scratch;
  return std::string(member.text(scratch));
}

// What the set holds; asserts that it tells no member twice.
inline Members members_of(const SetView& set) {
  Members members;
  set.for_each(
      [&members](const SetMember& member) { TARN_ASSERT(members.insert(text_of(member)).second); });
  return members;
}

inline std::vector<std::string_view> views_of(const std::vector<std::string>& texts) {
  return {texts.begin(), texts.end()};
}

// Limits under which a set of a few members keeps, or soon leaves, its encoding.
inline constexpr SetLimits kDefaultLimits{};
inline constexpr SetLimits kAlwaysLarge{0, 0, 0};
inline constexpr SetLimits kAlwaysPacked{0, 1'000'000, 1'000'000};
inline constexpr SetLimits kAlwaysInts{1'000'000, 0, 0};

// A set on its own, without a keyspace.
class LooseSet {
 public:
  explicit LooseSet(ObjectHeap& heap, const SetLimits& limits = kDefaultLimits)
      : cell_(heap), set_(cell_, limits) {}
  LooseSet(ObjectHeap& heap, const SetLimits& limits, const Members& members)
      : LooseSet(heap, limits) {
    for (const std::string& member : members) set_.add(SetMember(member));
  }

  Set& operator*() { return set_; }
  Set* operator->() { return &set_; }
  SetView view() const { return set_.view(); }
  DetachedCell& cell() { return cell_; }

 private:
  DetachedCell cell_;
  Set set_;
};

}  // namespace tarn
