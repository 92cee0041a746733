// Unions, intersections and differences of sorted sets and sets.

#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "core/base/numbers.h"
#include "core/types/sorted_set_algebra.h"
#include "server/commands/families.h"
#include "server/commands/zset_access.h"
#include "server/engine/args.h"

namespace tarn {
namespace {

enum class Operation : std::uint8_t { kUnion, kIntersection, kDifference };

// "numkeys key [key ...]" and what may follow it. A wrong type is told before a wrong option.
class AlgebraArguments {
 public:
  struct Accepted {
    bool aggregation = false;  // WEIGHTS and AGGREGATE
    bool with_scores = false;
    bool limit = false;
  };

  // Replies if anything is wrong.
  bool read(Call& call, std::size_t first, const Accepted& accepted);

  std::vector<ScoredInput> inputs;
  Aggregate aggregate = Aggregate::kSum;
  bool with_scores = false;
  std::size_t limit = 0;

 private:
  void read_count(ArgReader& args, std::size_t& keys);
  bool find_inputs(Call& call, std::span<const std::string_view> names);
  void read_options(ArgReader& args, const Accepted& accepted);
  void read_weights(ArgReader& args);
  void read_aggregate(ArgReader& args);

  std::string too_few_keys_;
};

bool AlgebraArguments::read(Call& call, std::size_t first, const Accepted& accepted) {
  ArgReader args(call, first);
  std::size_t keys = 0;
  read_count(args, keys);
  if (args.failed() || !find_inputs(call, call.args.subspan(first + 1, keys))) return false;
  ArgReader options(call, first + 1 + keys);
  read_options(options, accepted);
  return !options.failed();
}

void AlgebraArguments::read_count(ArgReader& args, std::size_t& keys) {
  const std::int64_t count = args.integer();
  if (!args.ok()) return;
  if (count < 1) {
    too_few_keys_ =
        "ERR at least 1 input key is needed for '" + args.call().command.full_name + "' command";
    return args.fail(too_few_keys_);
  }
  keys = static_cast<std::size_t>(count);
  if (keys > args.remaining()) args.fail_syntax();
}

bool AlgebraArguments::find_inputs(Call& call, std::span<const std::string_view> names) {
  inputs.reserve(names.size());
  for (const std::string_view name : names) {
    const Entry* entry = call.db().find(Key(name));
    if (entry != nullptr && entry->type() == Type::kSet) {
      inputs.emplace_back(set_of(entry));
    } else if (wrong_type(call, entry, Type::kSortedSet)) {
      return false;
    } else {
      inputs.emplace_back(zset_of(entry));
    }
  }
  return true;
}

void AlgebraArguments::read_options(ArgReader& args, const Accepted& accepted) {
  while (args.ok() && !args.at_end()) {
    if (accepted.aggregation && args.accept("weights", inputs.size())) {
      read_weights(args);
    } else if (accepted.aggregation && args.accept("aggregate", 1)) {
      read_aggregate(args);
    } else if (accepted.with_scores && args.accept("withscores")) {
      with_scores = true;
    } else if (accepted.limit && args.accept("limit", 1)) {
      constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
      limit = static_cast<std::size_t>(args.integer_in(0, kMax, "ERR LIMIT can't be negative"));
    } else {
      args.fail_syntax();
    }
  }
}

void AlgebraArguments::read_weights(ArgReader& args) {
  for (ScoredInput& input : inputs) {
    double weight = 0;
    if (!parse_double(args.next(), weight)) args.fail("ERR weight value is not a float");
    input.set_weight(weight);
  }
}

void AlgebraArguments::read_aggregate(ArgReader& args) {
  if (args.accept("sum")) {
    aggregate = Aggregate::kSum;
  } else if (args.accept("min")) {
    aggregate = Aggregate::kMin;
  } else if (args.accept("max")) {
    aggregate = Aggregate::kMax;
  } else {
    args.fail_syntax();
  }
}

void compute(Operation operation, AlgebraArguments& arguments, const SortedSetLimits& limits,
             DetachedCell& cell) {
  SortedSetBuilder result(cell.heap());
  switch (operation) {
    case Operation::kUnion: unite(arguments.inputs, arguments.aggregate, result); break;
    case Operation::kIntersection: intersect(arguments.inputs, arguments.aggregate, result); break;
    case Operation::kDifference: subtract(arguments.inputs, result); break;
  }
  result.finish(cell, limits);
}

// The result is never packed, so that a score of -0 keeps its sign; and is taken down like a
// deleted one, in slices.
void reply_result(Call& call, Operation operation) {
  AlgebraArguments arguments;
  const bool aggregation = operation != Operation::kDifference;
  if (!arguments.read(call, 1, {.aggregation = aggregation, .with_scores = true})) return;
  DetachedCell cell = detached_zset(call);
  compute(operation, arguments, {.max_members = 0}, cell);
  const SortedSetView set = cell.vacant() ? SortedSetView() : SortedSetView(cell.view());
  reply_range(call, set, set.all(), Direction::kUpward,
              shape_with_scores(call, arguments.with_scores));
  if (cell.large() != nullptr) call.db().context().collections->bury(cell.release_large());
}

void store_result(Call& call, Operation operation, std::string_view event) {
  AlgebraArguments arguments;
  const bool aggregation = operation != Operation::kDifference;
  if (!arguments.read(call, 2, {.aggregation = aggregation})) return;
  DetachedCell cell = detached_zset(call);
  compute(operation, arguments, zset_limits(call), cell);
  store_zset(call, 1, cell, event);
}

void zunion(Call& call) { reply_result(call, Operation::kUnion); }
void zinter(Call& call) { reply_result(call, Operation::kIntersection); }
void zdiff(Call& call) { reply_result(call, Operation::kDifference); }
void zunionstore(Call& call) { store_result(call, Operation::kUnion, "zunionstore"); }
void zinterstore(Call& call) { store_result(call, Operation::kIntersection, "zinterstore"); }
void zdiffstore(Call& call) { store_result(call, Operation::kDifference, "zdiffstore"); }

void zintercard(Call& call) {
  AlgebraArguments arguments;
  if (!arguments.read(call, 1, {.limit = true})) return;
  const std::size_t limit =
      arguments.limit == 0 ? std::numeric_limits<std::size_t>::max() : arguments.limit;
  call.reply.integer(
      static_cast<std::int64_t>(intersection_size(std::move(arguments.inputs), limit)));
}

constexpr KeySpec kDestination = key_at(1, kOW | kUpdate);

constexpr KeySpec sources(int index) {
  return {.flags = kRO | kAccess,
          .begin = KeySpec::Begin::kIndex,
          .index = index,
          .find = KeySpec::Find::kKeyCount,
          .key_count_index = 0,
          .first_key_offset = 1};
}

// A call without sources fits no command, though its destination is known.
bool find_store_keys(std::span<const std::string_view> args, std::vector<FoundKey>& keys) {
  constexpr std::size_t kFirstSource = 3;
  std::int64_t count = 0;
  if (!parse_int64(args[2], count) || count < 1) return false;
  if (static_cast<std::size_t>(count) > args.size() - kFirstSource) return false;
  keys.push_back({1, kDestination.flags});
  for (int i = 0; i < static_cast<int>(count); ++i) {
    keys.push_back({static_cast<int>(kFirstSource) + i, sources(2).flags});
  }
  return true;
}

constexpr const char* kUnionComplexity =
    "O(N+M*log(M)), N being the sizes of the inputs together and M the size of the result";
constexpr const char* kIntersectionComplexity =
    "O(N*K+M*log(M)) for K inputs, N being the size of the smallest and M that of the result";
constexpr const char* kDifferenceComplexity =
    "O(N*K+M*log(M)) for K inputs, N being the size of the first and M that of the result";

constexpr CommandRow kRows[] = {
    {
        .name = "zunion",
        .handler = zunion,
        .arity = -3,
        .flags = kReadonly,
        .categories = kSortedSetCategory,
        .keys = {sources(1)},
        .group = "sorted-set",
        .since = "6.2.0",
        .complexity = kUnionComplexity,
        .summary = "Returns the members of several sorted sets, their scores combined",
        .syntax = "numkeys key [key ...] [WEIGHTS weight:integer [weight:integer ...]] "
                  "[AGGREGATE aggregate=(SUM|MIN|MAX)] [WITHSCORES]",
    },
    {
        .name = "zinter",
        .handler = zinter,
        .arity = -3,
        .flags = kReadonly,
        .categories = kSortedSetCategory,
        .keys = {sources(1)},
        .group = "sorted-set",
        .since = "6.2.0",
        .complexity = kIntersectionComplexity,
        .summary = "Returns the members that sorted sets have in common, their scores combined",
        .syntax = "numkeys key [key ...] [WEIGHTS weight:integer [weight:integer ...]] "
                  "[AGGREGATE aggregate=(SUM|MIN|MAX)] [WITHSCORES]",
    },
    {
        .name = "zdiff",
        .handler = zdiff,
        .arity = -3,
        .flags = kReadonly,
        .categories = kSortedSetCategory,
        .keys = {sources(1)},
        .group = "sorted-set",
        .since = "6.2.0",
        .complexity = kDifferenceComplexity,
        .summary = "Returns the members that of several sorted sets only the first has",
        .syntax = "numkeys key [key ...] [WITHSCORES]",
    },
    {
        .name = "zunionstore",
        .handler = zunionstore,
        .arity = -4,
        .flags = kWrite | kDenyOom,
        .categories = kSortedSetCategory,
        .keys = {kDestination, sources(2)},
        .find_keys = find_store_keys,
        .group = "sorted-set",
        .since = "2.0.0",
        .complexity = kUnionComplexity,
        .summary = "Makes a sorted set of the members of several ones, their scores combined",
        .syntax =
            "destination numkeys key [key ...] "
            "[WEIGHTS weight:integer [weight:integer ...]] [AGGREGATE aggregate=(SUM|MIN|MAX)]",
    },
    {
        .name = "zinterstore",
        .handler = zinterstore,
        .arity = -4,
        .flags = kWrite | kDenyOom,
        .categories = kSortedSetCategory,
        .keys = {kDestination, sources(2)},
        .find_keys = find_store_keys,
        .group = "sorted-set",
        .since = "2.0.0",
        .complexity = kIntersectionComplexity,
        .summary =
            "Makes a sorted set of the members that several ones have in common, their scores "
            "combined",
        .syntax =
            "destination numkeys key [key ...] "
            "[WEIGHTS weight:integer [weight:integer ...]] [AGGREGATE aggregate=(SUM|MIN|MAX)]",
    },
    {
        .name = "zdiffstore",
        .handler = zdiffstore,
        .arity = -4,
        .flags = kWrite | kDenyOom,
        .categories = kSortedSetCategory,
        .keys = {kDestination, sources(2)},
        .find_keys = find_store_keys,
        .group = "sorted-set",
        .since = "6.2.0",
        .complexity = kDifferenceComplexity,
        .summary = "Makes a sorted set of the members that of several ones only the first has",
        .syntax = "destination numkeys key [key ...]",
    },
    {
        .name = "zintercard",
        .handler = zintercard,
        .arity = -3,
        .flags = kReadonly,
        .categories = kSortedSetCategory,
        .keys = {sources(1)},
        .group = "sorted-set",
        .since = "7.0.0",
        .complexity = "O(N*K) for K inputs, N being the size of the smallest",
        .summary = "Counts the members that sorted sets have in common",
        .syntax = "numkeys key [key ...] [LIMIT limit]",
    },
};

}  // namespace

std::span<const CommandRow> zset_algebra_commands() { return kRows; }

}  // namespace tarn
