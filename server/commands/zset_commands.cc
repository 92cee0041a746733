// Single members of sorted sets: scores given, changed, removed and asked for, and ranks.

#include <array>
#include <span>
#include <vector>

#include "core/base/numbers.h"
#include "core/keyspace/collection_edit.h"
#include "server/commands/collection_access.h"
#include "server/commands/families.h"
#include "server/commands/zset_access.h"
#include "server/engine/args.h"

namespace tarn {
namespace {

constexpr std::string_view kNewOrPresent =
    "ERR XX and NX options at the same time are not compatible";
constexpr std::string_view kNewOrCompared =
    "ERR GT, LT, and/or NX options at the same time are not compatible";
constexpr std::string_view kOnePairOnly =
    "ERR INCR option supports a single increment-element pair";
constexpr std::string_view kNotANumber = "ERR resulting score is not a number (NaN)";

struct ZaddOptions {
  ScoreRules rules;
  bool count_updates = false;
  bool increment = false;

  // What comes before the first score.
  void read(ArgReader& args) {
    while (accept(args)) {
    }
    if (args.remaining() == 0 || args.remaining() % 2 != 0) args.fail_syntax();
    if (rules.only_new && rules.only_present) args.fail(kNewOrPresent);
    if (int{rules.only_new} + int{rules.only_greater} + int{rules.only_less} > 1) {
      args.fail(kNewOrCompared);
    }
    if (increment && args.remaining() > 2) args.fail(kOnePairOnly);
  }

 private:
  bool accept(ArgReader& args) {
    const auto take = [&args](std::string_view word, bool& option) {
      if (!args.accept(word)) return false;
      return option = true;
    };
    return take("nx", rules.only_new) || take("xx", rules.only_present) ||
           take("gt", rules.only_greater) || take("lt", rules.only_less) ||
           take("ch", count_updates) || take("incr", increment);
  }
};

MemberScore next_pair(ArgReader& args) {
  double score = 0;
  if (!parse_double(args.next(), score)) args.fail(errors::kNotFloat);
  return {SetMember(args.next()), score};
}

// All the scores are read before the first is given. One pair, which is the common case, needs no
// memory.
class PairArguments {
 public:
  void read(ArgReader& args) {
    if (args.remaining() == 2) {
      single_ = next_pair(args);
      return;
    }
    several_.reserve(args.remaining() / 2);
    while (args.ok() && !args.at_end()) several_.push_back(next_pair(args));
  }

  std::span<const MemberScore> pairs() const {
    return several_.empty() ? std::span(&single_, 1) : std::span(several_);
  }

 private:
  MemberScore single_;
  std::vector<MemberScore> several_;
};

void increment(Call& call, CollectionEdit& edit, std::string_view key, const MemberScore& by,
               const ScoreRules& rules) {
  using Outcome = SortedSet::Outcome;
  const auto [outcome, score] =
      SortedSet(edit, zset_limits(call)).increment(by.member, by.score, rules);
  switch (outcome) {
    case Outcome::kRefused: return call.reply.null();
    case Outcome::kNotANumber: return call.reply.error(kNotANumber);
    case Outcome::kSame: break;
    case Outcome::kAdded:
    case Outcome::kUpdated: commit(call, edit, 1, kNotifySortedSet, "zincr", key);
  }
  call.reply.real(score);
}

void add(Call& call, ZaddOptions options) {
  ArgReader args(call, 2);
  options.read(args);
  PairArguments arguments;
  if (args.ok()) arguments.read(args);
  if (args.failed()) return;

  const Key key = call.key(1);
  CollectionEdit edit(call.db(), key, Type::kSortedSet);
  if (wrong_type(call, edit)) return;
  if (options.increment) {
    return increment(call, edit, key.bytes, arguments.pairs().front(), options.rules);
  }
  const auto [added, updated] =
      SortedSet(edit, zset_limits(call)).put(arguments.pairs(), options.rules);
  commit(call, edit, added + updated, kNotifySortedSet, "zadd", key.bytes);
  call.reply.integer(static_cast<std::int64_t>(added + (options.count_updates ? updated : 0)));
}

void zadd(Call& call) { add(call, {}); }
void zincrby(Call& call) { add(call, {.rules = {}, .increment = true}); }

void zrem(Call& call) {
  const Key key = call.key(1);
  CollectionEdit edit(call.db(), key, Type::kSortedSet);
  if (wrong_type(call, edit)) return;
  const std::size_t removed = SortedSet(edit, zset_limits(call)).erase(call.args.subspan(2));
  commit(call, edit, removed, kNotifySortedSet, "zrem", key.bytes);
  call.reply.integer(static_cast<std::int64_t>(removed));
}

void zcard(Call& call) {
  if (const auto set = find_zset(call, 1)) {
    call.reply.integer(static_cast<std::int64_t>(set->size()));
  }
}

void zscore(Call& call) {
  const auto set = find_zset(call, 1);
  if (!set) return;
  const std::optional<double> score = set->score(SetMember(call.args[2]));
  score ? call.reply.real(*score) : call.reply.null();
}

void zmscore(Call& call) {
  const auto set = find_zset(call, 1);
  if (!set) return;
  std::span<const std::string_view> names = call.args.subspan(2);
  call.reply.array(names.size());
  MemberBatch batch;
  ScoredBatch::Scores scores;
  while (!names.empty()) {
    batch.clear();
    const auto part = names.first(std::min(names.size(), MemberBatch::kCapacity));
    names = names.subspan(part.size());
    for (const std::string_view name : part) batch.push(SetMember(name));
    const MemberBatch::Mask found = set->scores(batch, scores);
    for (std::size_t i = 0; i < part.size(); ++i) {
      (found >> i & 1) != 0 ? call.reply.real(scores[i]) : call.reply.null();
    }
  }
}

void reply_rank(Call& call, Direction direction) {
  if (call.args.size() > 4) return refuse_argument_count(call);
  ArgReader args(call, 3);
  const bool with_score = args.accept("withscore");
  if (!args.at_end()) args.fail_syntax();
  if (args.failed()) return;

  const auto set = find_zset(call, 1);
  if (!set) return;
  const auto place = set->place(SetMember(call.args[2]));
  if (!place) return with_score ? call.reply.null_array() : call.reply.null();
  const std::size_t rank =
      direction == Direction::kUpward ? place->rank : set->size() - 1 - place->rank;
  if (with_score) call.reply.array(2);
  call.reply.integer(static_cast<std::int64_t>(rank));
  if (with_score) call.reply.real(place->score);
}

void zrank(Call& call) { reply_rank(call, Direction::kUpward); }
void zrevrank(Call& call) { reply_rank(call, Direction::kDownward); }

constexpr CommandRow kRows[] = {
    {
        .name = "zadd",
        .handler = zadd,
        .arity = -4,
        .flags = kWrite | kDenyOom | kFast,
        .categories = kSortedSetCategory,
        .keys = {key_at(1, kRW | kUpdate)},
        .group = "sorted-set",
        .since = "1.2.0",
        .complexity = "O(log(N)) for each pair, N being the size of the sorted set",
        .summary = "Adds members to a sorted set, or gives those that it has new scores",
        .syntax = "key [NX|XX]@3.0.2 comparison=[GT|LT]@6.2.0 change=[CH]@3.0.2 "
                  "increment=[INCR]@3.0.2 score:double member [score:double member ...]",
        .history = "2.4.0: Accepts multiple elements.\n"
                   "3.0.2: Added the `XX`, `NX`, `CH` and `INCR` options.\n"
                   "6.2.0: Added the `GT` and `LT` options.",
    },
    {
        .name = "zincrby",
        .handler = zincrby,
        .arity = 4,
        .flags = kWrite | kDenyOom | kFast,
        .categories = kSortedSetCategory,
        .keys = {key_at(1, kRW | kAccess | kUpdate)},
        .group = "sorted-set",
        .since = "1.2.0",
        .complexity = "O(log(N)), N being the size of the sorted set",
        .summary = "Adds to the score of a member",
        .syntax = "key increment member",
    },
    {
        .name = "zrem",
        .handler = zrem,
        .arity = -3,
        .flags = kWrite | kFast,
        .categories = kSortedSetCategory,
        .keys = {key_at(1, kRW | kDelete)},
        .group = "sorted-set",
        .since = "1.2.0",
        .complexity = "O(M*log(N)) for M members, N being the size of the sorted set",
        .summary = "Removes members from a sorted set",
        .syntax = "key member [member ...]",
        .history = "2.4.0: Accepts multiple elements.",
    },
    {
        .name = "zscore",
        .handler = zscore,
        .arity = 3,
        .flags = kReadonly | kFast,
        .categories = kSortedSetCategory,
        .keys = {key_at(1, kRO | kAccess)},
        .group = "sorted-set",
        .since = "1.2.0",
        .complexity = "O(1)",
        .summary = "Returns the score of a member",
        .syntax = "key member",
    },
    {
        .name = "zmscore",
        .handler = zmscore,
        .arity = -3,
        .flags = kReadonly | kFast,
        .categories = kSortedSetCategory,
        .keys = {key_at(1, kRO | kAccess)},
        .group = "sorted-set",
        .since = "6.2.0",
        .complexity = "O(N) for N members",
        .summary = "Returns the scores of members",
        .syntax = "key member [member ...]",
    },
    {
        .name = "zcard",
        .handler = zcard,
        .arity = 2,
        .flags = kReadonly | kFast,
        .categories = kSortedSetCategory,
        .keys = {key_at(1, kRO)},
        .group = "sorted-set",
        .since = "1.2.0",
        .complexity = "O(1)",
        .summary = "Returns the number of members of a sorted set",
        .syntax = "key",
    },
    {
        .name = "zrank",
        .handler = zrank,
        .arity = -3,
        .flags = kReadonly | kFast,
        .categories = kSortedSetCategory,
        .keys = {key_at(1, kRO | kAccess)},
        .group = "sorted-set",
        .since = "2.0.0",
        .complexity = "O(log(N)), N being the size of the sorted set",
        .summary = "Returns how many members come before a member in the order of scores",
        .syntax = "key member [WITHSCORE]@7.2.0",
        .history = "7.2.0: Added the optional `WITHSCORE` argument.",
    },
    {
        .name = "zrevrank",
        .handler = zrevrank,
        .arity = -3,
        .flags = kReadonly | kFast,
        .categories = kSortedSetCategory,
        .keys = {key_at(1, kRO | kAccess)},
        .group = "sorted-set",
        .since = "2.0.0",
        .complexity = "O(log(N)), N being the size of the sorted set",
        .summary = "Returns how many members come after a member in the order of scores",
        .syntax = "key member [WITHSCORE]@7.2.0",
        .history = "7.2.0: Added the optional `WITHSCORE` argument.",
    },
};

}  // namespace

std::span<const CommandRow> zset_commands() { return kRows; }

}  // namespace tarn
