#pragma once

#include <cstdint>
#include <string_view>

#include "core/types/sorted_set.h"
#include "server/engine/args.h"

namespace tarn {

// What a range of a sorted set is meant in.
enum class RangeOrder : std::uint8_t { kRank, kScore, kMember };

// The two ends of a range, as clients give them.
class RangeBounds {
 public:
  // `args` takes the error where they are none. Borrows the texts.
  void read(ArgReader& args, RangeOrder order, std::string_view low, std::string_view high);

  // The ranks of the elements between them.
  RankRange ranks(const SortedSetView& set) const;
  // The same for a range that is read from the high end: ranks count from there.
  RankRange ranks_downward(const SortedSetView& set) const;

 private:
  RangeOrder order_ = RangeOrder::kRank;
  std::int64_t start_ = 0;
  std::int64_t stop_ = 0;
  ScoreRange scores_;
  LexRange members_;
};

}  // namespace tarn
