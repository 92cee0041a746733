// Ranges of sorted sets, by rank, score or member, to reply with or to store.

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "server/commands/families.h"
#include "server/commands/zset_access.h"
#include "server/commands/zset_bounds.h"
#include "server/engine/args.h"

namespace tarn {
namespace {

constexpr std::string_view kLimitOfRanks =
    "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX";
constexpr std::string_view kScoresOfMembers =
    "ERR syntax error, WITHSCORES not supported in combination with BYLEX";

// What ZRANGE and its relatives have in common. The older commands fix the order and direction that
// ZRANGE and ZRANGESTORE take as options.
class RangeRequest {
 public:
  std::optional<RangeOrder> order;
  std::optional<Direction> direction;
  bool may_have_scores = true;

  // Reads the bounds, which begin at this argument, and the options. Replies if they are wrong.
  bool read(Call& call, std::size_t first);

  Direction resolved_direction() const { return direction.value_or(Direction::kUpward); }
  bool with_scores() const { return with_scores_; }
  bool by_rank() const { return order.value_or(RangeOrder::kRank) == RangeOrder::kRank; }
  // The ranks that are asked for.
  RankRange ranks(const SortedSetView& set) const;

 private:
  void read_options(ArgReader& args);
  bool downward() const { return resolved_direction() == Direction::kDownward; }

  RangeBounds bounds_;
  bool with_scores_ = false;
  bool limited_ = false;
  std::int64_t offset_ = 0;
  std::int64_t limit_ = -1;
};

void RangeRequest::read_options(ArgReader& args) {
  while (args.ok() && !args.at_end()) {
    if (may_have_scores && args.accept("withscores")) {
      with_scores_ = true;
    } else if (args.accept("limit", 2)) {
      limited_ = true;
      offset_ = args.integer();
      limit_ = args.integer();
    } else if (!direction && args.accept("rev")) {
      direction = Direction::kDownward;
    } else if (!order && args.accept("bylex")) {
      order = RangeOrder::kMember;
    } else if (!order && args.accept("byscore")) {
      order = RangeOrder::kScore;
    } else {
      args.fail_syntax();
    }
  }
}

bool RangeRequest::read(Call& call, std::size_t first) {
  ArgReader args(call, first + 2);
  read_options(args);
  const RangeOrder by = order.value_or(RangeOrder::kRank);
  if (by == RangeOrder::kRank) {
    // A limit of -1 is as none, so the offset beside it has no meaning.
    if (limit_ != -1) args.fail(kLimitOfRanks);
    limited_ = false;
  }
  if (with_scores_ && by == RangeOrder::kMember) args.fail(kScoresOfMembers);

  std::string_view low = call.args[first];
  std::string_view high = call.args[first + 1];
  if (downward() && by != RangeOrder::kRank) std::swap(low, high);
  bounds_.read(args, by, low, high);
  return !args.failed();
}

RankRange RangeRequest::ranks(const SortedSetView& set) const {
  const RankRange range = downward() ? bounds_.ranks_downward(set) : bounds_.ranks(set);
  if (!limited_) return range;
  return downward() ? range.limited_from_end(offset_, limit_) : range.limited(offset_, limit_);
}

void reply_range(Call& call, RangeRequest request) {
  if (!request.read(call, 2)) return;
  const auto set = find_zset(call, 1);
  if (!set) return;
  reply_key_range(call, *set, request.ranks(*set), request.resolved_direction(),
                  shape_with_scores(call, request.with_scores()));
}

RangeRequest request_for(RangeOrder order, Direction direction) {
  RangeRequest request;
  request.order = order;
  request.direction = direction;
  return request;
}

void zrange(Call& call) { reply_range(call, RangeRequest()); }
void zrevrange(Call& call) {
  reply_range(call, request_for(RangeOrder::kRank, Direction::kDownward));
}
void zrangebyscore(Call& call) {
  reply_range(call, request_for(RangeOrder::kScore, Direction::kUpward));
}
void zrevrangebyscore(Call& call) {
  reply_range(call, request_for(RangeOrder::kScore, Direction::kDownward));
}
void zrangebylex(Call& call) {
  reply_range(call, request_for(RangeOrder::kMember, Direction::kUpward));
}
void zrevrangebylex(Call& call) {
  reply_range(call, request_for(RangeOrder::kMember, Direction::kDownward));
}

void zrangestore(Call& call) {
  RangeRequest request;
  request.may_have_scores = false;
  if (!request.read(call, 3)) return;
  const auto set = find_zset(call, 2);
  if (!set) return;
  const RankRange range = request.ranks(*set);
  SortedSetLimits limits = zset_limits(call);
  // Ranks tell the size beforehand. Otherwise the result is packed to begin with, as clients can
  // see: 0 has no sign there.
  if (request.by_rank() && range.count > limits.max_members) limits.max_members = 0;
  DetachedCell cell = detached_zset(call);
  SortedSet result(cell, limits);
  visit_range(*set, range, request.resolved_direction(),
              [&](const SetMember& member, double score) {
                const MemberScore one{member, score};
                result.put(std::span(&one, 1), {});
              });
  store_zset(call, 1, cell, "zrangestore");
}

constexpr const char* kRangeComplexity =
    "O(log(N)+M), N being the size of the sorted set and M the number of members returned";

constexpr CommandRow kRows[] = {
    {
        .name = "zrange",
        .handler = zrange,
        .arity = -4,
        .flags = kReadonly,
        .categories = kSortedSetCategory,
        .keys = {key_at(1, kRO | kAccess)},
        .group = "sorted-set",
        .since = "1.2.0",
        .complexity = kRangeComplexity,
        .summary = "Returns the members within a range of ranks, scores or names",
        .syntax = "key start:string stop:string sortby=[BYSCORE|BYLEX]@6.2.0 "
                  "[REV]@6.2.0 [LIMIT offset count]@6.2.0 [WITHSCORES]",
        .history = "6.2.0: Added the `REV`, `BYSCORE`, `BYLEX` and `LIMIT` options.",
    },
    {
        .name = "zrevrange",
        .handler = zrevrange,
        .arity = -4,
        .flags = kReadonly,
        .categories = kSortedSetCategory,
        .keys = {key_at(1, kRO | kAccess)},
        .group = "sorted-set",
        .since = "1.2.0",
        .complexity = kRangeComplexity,
        .summary = "Returns the members within a range of ranks, highest scores first",
        .syntax = "key start stop [WITHSCORES]",
        .deprecated_since = "6.2.0",
        .replaced_by = "`ZRANGE` with the `REV` argument",
    },
    {
        .name = "zrangebyscore",
        .handler = zrangebyscore,
        .arity = -4,
        .flags = kReadonly,
        .categories = kSortedSetCategory,
        .keys = {key_at(1, kRO | kAccess)},
        .group = "sorted-set",
        .since = "1.0.5",
        .complexity = kRangeComplexity,
        .summary = "Returns the members whose scores are within a range",
        .syntax = "key min:double max:double [WITHSCORES]@2.0.0 [LIMIT offset count]",
        .history = "2.0.0: Added the `WITHSCORES` modifier.",
        .deprecated_since = "6.2.0",
        .replaced_by = "`ZRANGE` with the `BYSCORE` argument",
    },
    {
        .name = "zrevrangebyscore",
        .handler = zrevrangebyscore,
        .arity = -4,
        .flags = kReadonly,
        .categories = kSortedSetCategory,
        .keys = {key_at(1, kRO | kAccess)},
        .group = "sorted-set",
        .since = "2.2.0",
        .complexity = kRangeComplexity,
        .summary = "Returns the members whose scores are within a range, highest scores first",
        .syntax = "key max:double min:double [WITHSCORES] [LIMIT offset count]",
        .history = "2.1.6: `min` and `max` can be exclusive.",
        .deprecated_since = "6.2.0",
        .replaced_by = "`ZRANGE` with the `REV` and `BYSCORE` arguments",
    },
    {
        .name = "zrangebylex",
        .handler = zrangebylex,
        .arity = -4,
        .flags = kReadonly,
        .categories = kSortedSetCategory,
        .keys = {key_at(1, kRO | kAccess)},
        .group = "sorted-set",
        .since = "2.8.9",
        .complexity = kRangeComplexity,
        .summary = "Returns the members whose names are within a range",
        .syntax = "key min max [LIMIT offset count]",
        .deprecated_since = "6.2.0",
        .replaced_by = "`ZRANGE` with the `BYLEX` argument",
    },
    {
        .name = "zrevrangebylex",
        .handler = zrevrangebylex,
        .arity = -4,
        .flags = kReadonly,
        .categories = kSortedSetCategory,
        .keys = {key_at(1, kRO | kAccess)},
        .group = "sorted-set",
        .since = "2.8.9",
        .complexity = kRangeComplexity,
        .summary = "Returns the members whose names are within a range, last names first",
        .syntax = "key max min [LIMIT offset count]",
        .deprecated_since = "6.2.0",
        .replaced_by = "`ZRANGE` with the `REV` and `BYLEX` arguments",
    },
    {
        .name = "zrangestore",
        .handler = zrangestore,
        .arity = -5,
        .flags = kWrite | kDenyOom,
        .categories = kSortedSetCategory,
        .keys = {key_at(1, kOW | kUpdate), key_at(2, kRO | kAccess)},
        .group = "sorted-set",
        .since = "6.2.0",
        .complexity = "O(log(N)+M*log(M)), N being the size of the source and M that of the result",
        .summary = "Makes a sorted set of the members within a range of another one",
        .syntax = "dst:key src:key min max sortby=[BYSCORE|BYLEX] [REV] [LIMIT offset count]",
    },
};

}  // namespace

std::span<const CommandRow> zset_range_commands() { return kRows; }

}  // namespace tarn
