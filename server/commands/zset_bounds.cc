#include "server/commands/zset_bounds.h"

#include <optional>

#include "core/base/numbers.h"

namespace tarn {
namespace {

constexpr std::string_view kNotFloats = "ERR min or max is not a float";
constexpr std::string_view kNotMembers = "ERR min or max not valid string range item";

template <class Range>
void take(ArgReader& args, const std::optional<Range>& parsed, Range& range,
          std::string_view error) {
  parsed ? void(range = *parsed) : args.fail(error);
}

}  // namespace

void RangeBounds::read(ArgReader& args, RangeOrder order, std::string_view low,
                       std::string_view high) {
  order_ = order;
  switch (order) {
    case RangeOrder::kRank:
      if (!parse_int64(low, start_) || !parse_int64(high, stop_)) args.fail(errors::kNotInteger);
      return;
    case RangeOrder::kScore: return take(args, ScoreRange::parse(low, high), scores_, kNotFloats);
    case RangeOrder::kMember: return take(args, LexRange::parse(low, high), members_, kNotMembers);
  }
}

RankRange RangeBounds::ranks(const SortedSetView& set) const {
  switch (order_) {
    case RangeOrder::kScore: return set.ranks(scores_);
    case RangeOrder::kMember: return set.ranks(members_);
    case RangeOrder::kRank: break;
  }
  return RankRange::between(start_, stop_, set.size());
}

RankRange RangeBounds::ranks_downward(const SortedSetView& set) const {
  switch (order_) {
    case RangeOrder::kScore: return set.ranks(scores_);
    case RangeOrder::kMember: return set.ranks_from_end(members_);
    case RangeOrder::kRank: break;
  }
  return RankRange::between(start_, stop_, set.size()).mirrored(set.size());
}

}  // namespace tarn
