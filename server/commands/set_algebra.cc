// Intersections, unions and differences.

#include "core/types/set_algebra.h"

#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "core/types/detached_cell.h"
#include "server/commands/families.h"
#include "server/commands/set_access.h"
#include "server/engine/args.h"

namespace tarn {
namespace {

using Names = std::span<const std::string_view>;

// The sets of these keys, missing ones being empty; nothing where one holds another type, which has
// been replied.
std::optional<std::vector<SetView>> find_sets(Call& call, Names names) {
  std::vector<SetView> sets;
  sets.reserve(names.size());
  for (const std::string_view name : names) {
    const Entry* entry = call.db().find(Key(name));
    if (wrong_type(call, entry, Type::kSet)) return std::nullopt;
    sets.push_back(set_of(entry));
  }
  return sets;
}

ObjectHeap& heap_of(Call& call) { return call.db().context().collections->objects(); }

// Runs compute(take) and replies with what is taken.
template <class Compute>
void reply_result(Call& call, Compute compute) {
  const auto place = call.reply.open_array();
  std::size_t members = 0;
  compute([&](const MemberBatch& batch) {
    for (std::size_t i = 0; i < batch.size(); ++i) write_member(call.reply, batch[i]);
    members += batch.size();
  });
  call.reply.close_set(place, members);
}

// Runs compute(set) on an empty set and makes that the value of the first key, in place of whatever
// it held; an empty result deletes the key. The sources may be the key itself.
template <class Compute>
void store_result(Call& call, std::string_view event, Compute compute) {
  const Key key = call.key(1);
  DetachedCell cell(heap_of(call));
  Set result(cell, set_limits(call));
  compute(result);
  const std::size_t members = result.size();
  if (members > 0) {
    call.db().put(key, Type::kSet, cell, Ttl::none());
    call.notify(kNotifySet, event, key.bytes);
  } else if (call.db().erase(key)) {
    call.notify(kNotifyGeneric, "del", key.bytes);
  }
  call.reply.integer(static_cast<std::int64_t>(members));
}

TakeBatch add_to(Set& result) {
  return [&result](MemberBatch& batch) { result.add_new(batch); };
}

void sinter(Call& call) {
  const auto sets = find_sets(call, call.args.subspan(1));
  if (!sets) return;
  reply_result(call, [&](const TakeBatch& take) { intersect(*sets, take); });
}

void sinterstore(Call& call) {
  const auto sets = find_sets(call, call.args.subspan(2));
  if (!sets) return;
  store_result(call, "sinterstore", [&](Set& result) { intersect(*sets, add_to(result)); });
}

void sintercard(Call& call) {
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  ArgReader args(call, 1);
  const auto keys =
      static_cast<std::size_t>(args.integer_in(1, kMax, "ERR numkeys should be greater than 0"));
  if (args.ok() && keys > args.remaining()) {
    args.fail("ERR Number of keys can't be greater than number of args");
  }
  if (args.failed()) return;
  const Names names = call.args.subspan(args.position(), keys);
  ArgReader options(call, args.position() + keys);
  std::int64_t limit = 0;
  while (options.ok() && !options.at_end()) {
    if (options.accept("limit", 1)) {
      limit = options.integer_in(0, kMax, "ERR LIMIT can't be negative");
    } else {
      options.fail_syntax();
    }
  }
  if (options.failed()) return;

  const auto sets = find_sets(call, names);
  if (!sets) return;
  const std::size_t common =
      intersection_size(*sets, static_cast<std::size_t>(limit == 0 ? kMax : limit));
  call.reply.integer(static_cast<std::int64_t>(common));
}

void sunion(Call& call) {
  const auto sets = find_sets(call, call.args.subspan(1));
  if (!sets) return;
  reply_result(call, [&](const TakeBatch& take) { unite(*sets, heap_of(call), take); });
}

void sunionstore(Call& call) {
  const auto sets = find_sets(call, call.args.subspan(2));
  if (!sets) return;
  store_result(call, "sunionstore", [&](Set& result) { unite_into(result, *sets); });
}

void subtract(Call& call, std::span<const SetView> sets, const TakeBatch& take) {
  subtract(sets[0], sets.subspan(1), heap_of(call), take);
}

void sdiff(Call& call) {
  const auto sets = find_sets(call, call.args.subspan(1));
  if (!sets) return;
  reply_result(call, [&](const TakeBatch& take) { subtract(call, *sets, take); });
}

void sdiffstore(Call& call) {
  const auto sets = find_sets(call, call.args.subspan(2));
  if (!sets) return;
  store_result(call, "sdiffstore", [&](Set& result) { subtract(call, *sets, add_to(result)); });
}

constexpr KeySpec kDestination = key_at(1, kOW | kUpdate);
constexpr KeySpec kSources = keys_from(2, -1, 1, kRO | kAccess);

constexpr CommandRow kRows[] = {
    {
        .name = "sinter",
        .handler = sinter,
        .arity = -2,
        .flags = kReadonly,
        .categories = kSetCategory,
        .keys = {keys_from(1, -1, 1, kRO | kAccess)},
        .group = "set",
        .since = "1.0.0",
        .complexity = "O(N*M) for M sets of which the smallest has N members",
        .summary = "Returns the members that sets have in common",
        .syntax = "key [key ...]",
        .tips = "nondeterministic_output_order",
    },
    {
        .name = "sintercard",
        .handler = sintercard,
        .arity = -3,
        .flags = kReadonly,
        .categories = kSetCategory,
        .keys = {{{.flags = kRO | kAccess,
                   .begin = KeySpec::Begin::kIndex,
                   .index = 1,
                   .find = KeySpec::Find::kKeyCount,
                   .key_count_index = 0,
                   .first_key_offset = 1}}},
        .group = "set",
        .since = "7.0.0",
        .complexity = "O(N*M) for M sets of which the smallest has N members",
        .summary = "Counts the members that sets have in common",
        .syntax = "numkeys key [key ...] [LIMIT limit]",
    },
    {
        .name = "sinterstore",
        .handler = sinterstore,
        .arity = -3,
        .flags = kWrite | kDenyOom,
        .categories = kSetCategory,
        .keys = {key_at(1, kRW | kUpdate), kSources},
        .group = "set",
        .since = "1.0.0",
        .complexity = "O(N*M) for M sets of which the smallest has N members",
        .summary = "Makes a set of the members that sets have in common",
        .syntax = "destination key [key ...]",
    },
    {
        .name = "sunion",
        .handler = sunion,
        .arity = -2,
        .flags = kReadonly,
        .categories = kSetCategory,
        .keys = {keys_from(1, -1, 1, kRO | kAccess)},
        .group = "set",
        .since = "1.0.0",
        .complexity = "O(N) for sets of N members altogether",
        .summary = "Returns the members of several sets, each of them once",
        .syntax = "key [key ...]",
        .tips = "nondeterministic_output_order",
    },
    {
        .name = "sunionstore",
        .handler = sunionstore,
        .arity = -3,
        .flags = kWrite | kDenyOom,
        .categories = kSetCategory,
        .keys = {kDestination, kSources},
        .group = "set",
        .since = "1.0.0",
        .complexity = "O(N) for sets of N members altogether",
        .summary = "Makes a set of the members of several sets",
        .syntax = "destination key [key ...]",
    },
    {
        .name = "sdiff",
        .handler = sdiff,
        .arity = -2,
        .flags = kReadonly,
        .categories = kSetCategory,
        .keys = {keys_from(1, -1, 1, kRO | kAccess)},
        .group = "set",
        .since = "1.0.0",
        .complexity = "O(N) for sets of N members altogether",
        .summary = "Returns the members of a set that are in none of the others",
        .syntax = "key [key ...]",
        .tips = "nondeterministic_output_order",
    },
    {
        .name = "sdiffstore",
        .handler = sdiffstore,
        .arity = -3,
        .flags = kWrite | kDenyOom,
        .categories = kSetCategory,
        .keys = {kDestination, kSources},
        .group = "set",
        .since = "1.0.0",
        .complexity = "O(N) for sets of N members altogether",
        .summary = "Makes a set of the members of a set that are in none of the others",
        .syntax = "destination key [key ...]",
    },
};

}  // namespace

std::span<const CommandRow> set_algebra_commands() { return kRows; }

}  // namespace tarn
