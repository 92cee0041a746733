// The members between two bounds: counted, or removed.

#include "core/keyspace/collection_edit.h"
#include "server/commands/collection_access.h"
#include "server/commands/families.h"
#include "server/commands/zset_access.h"
#include "server/commands/zset_bounds.h"
#include "server/engine/args.h"

namespace tarn {
namespace {

// The bounds of "key low high". Replies if they are wrong.
bool read_bounds(Call& call, RangeOrder order, RangeBounds& bounds) {
  ArgReader args(call, 2);
  bounds.read(args, order, call.args[2], call.args[3]);
  return !args.failed();
}

void count(Call& call, RangeOrder order) {
  RangeBounds bounds;
  if (!read_bounds(call, order, bounds)) return;
  if (const auto set = find_zset(call, 1)) {
    call.reply.integer(static_cast<std::int64_t>(bounds.ranks(*set).count));
  }
}

void zcount(Call& call) { count(call, RangeOrder::kScore); }
void zlexcount(Call& call) { count(call, RangeOrder::kMember); }

void remove(Call& call, RangeOrder order, std::string_view event) {
  RangeBounds bounds;
  if (!read_bounds(call, order, bounds)) return;
  const Key key = call.key(1);
  CollectionEdit edit(call.db(), key, Type::kSortedSet);
  if (wrong_type(call, edit)) return;
  SortedSet set(edit, zset_limits(call));
  const RankRange range = bounds.ranks(set.view());
  if (!range.empty()) set.erase(range);
  commit(call, edit, range.count, kNotifySortedSet, event, key.bytes);
  call.reply.integer(static_cast<std::int64_t>(range.count));
}

void zremrangebyrank(Call& call) { remove(call, RangeOrder::kRank, "zremrangebyrank"); }
void zremrangebyscore(Call& call) { remove(call, RangeOrder::kScore, "zremrangebyscore"); }
void zremrangebylex(Call& call) { remove(call, RangeOrder::kMember, "zremrangebylex"); }

constexpr const char* kCountComplexity = "O(log(N)), N being the size of the sorted set";
constexpr const char* kRemoveComplexity =
    "O(log(N)+M), N being the size of the sorted set and M the number of members removed";

constexpr CommandRow kRows[] = {
    {
        .name = "zcount",
        .handler = zcount,
        .arity = 4,
        .flags = kReadonly | kFast,
        .categories = kSortedSetCategory,
        .keys = {key_at(1, kRO | kAccess)},
        .group = "sorted-set",
        .since = "2.0.0",
        .complexity = kCountComplexity,
        .summary = "Counts the members whose scores are within a range",
        .syntax = "key min:double max:double",
    },
    {
        .name = "zlexcount",
        .handler = zlexcount,
        .arity = 4,
        .flags = kReadonly | kFast,
        .categories = kSortedSetCategory,
        .keys = {key_at(1, kRO | kAccess)},
        .group = "sorted-set",
        .since = "2.8.9",
        .complexity = kCountComplexity,
        .summary = "Counts the members whose names are within a range",
        .syntax = "key min max",
    },
    {
        .name = "zremrangebyrank",
        .handler = zremrangebyrank,
        .arity = 4,
        .flags = kWrite,
        .categories = kSortedSetCategory,
        .keys = {key_at(1, kRW | kDelete)},
        .group = "sorted-set",
        .since = "2.0.0",
        .complexity = kRemoveComplexity,
        .summary = "Removes the members within a range of ranks",
        .syntax = "key start stop",
    },
    {
        .name = "zremrangebyscore",
        .handler = zremrangebyscore,
        .arity = 4,
        .flags = kWrite,
        .categories = kSortedSetCategory,
        .keys = {key_at(1, kRW | kDelete)},
        .group = "sorted-set",
        .since = "1.2.0",
        .complexity = kRemoveComplexity,
        .summary = "Removes the members whose scores are within a range",
        .syntax = "key min:double max:double",
    },
    {
        .name = "zremrangebylex",
        .handler = zremrangebylex,
        .arity = 4,
        .flags = kWrite,
        .categories = kSortedSetCategory,
        .keys = {key_at(1, kRW | kDelete)},
        .group = "sorted-set",
        .since = "2.8.9",
        .complexity = kRemoveComplexity,
        .summary = "Removes the members whose names are within a range",
        .syntax = "key min max",
    },
};

}  // namespace

std::span<const CommandRow> zset_between_commands() { return kRows; }

}  // namespace tarn
