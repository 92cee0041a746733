// Taking the first or last members out of sorted sets, waiting for them where wanted.

#include <algorithm>
#include <chrono>
#include <limits>
#include <optional>
#include <span>
#include <string>

#include "core/keyspace/collection_edit.h"
#include "server/commands/collection_access.h"
#include "server/commands/families.h"
#include "server/commands/timeout_argument.h"
#include "server/commands/zset_access.h"
#include "server/engine/args.h"
#include "server/engine/key_wait.h"

namespace tarn {
namespace {

using Names = std::span<const std::string_view>;

constexpr std::int64_t kMaxCount = std::numeric_limits<std::int64_t>::max();

enum class End : std::uint8_t { kMin, kMax };

// What to take from the first key that has anything.
struct PopRequest {
  End end;
  std::size_t count = 1;
  ElementShape shape = ElementShape::kFlat;
  bool name_key = false;  // the reply says which key it was
};

// The head of the reply. One with pairs is an array of its own beside the key, one without them
// goes on where the key stands.
void begin_reply(Call& call, const PopRequest& request, std::string_view key, std::size_t count) {
  if (!request.name_key) return reply_elements(call, request.shape, count);
  if (request.shape == ElementShape::kPairs) {
    call.reply.array(2);
    call.reply.bulk(key);
    reply_elements(call, request.shape, count);
  } else {
    call.reply.array(1 + 2 * count);
    call.reply.bulk(key);
  }
}

void pop_from(Call& call, CollectionEdit& edit, std::string_view key, const PopRequest& request) {
  SortedSet set(edit, zset_limits(call));
  const SortedSetView view = set.view();
  const std::size_t size = view.size();
  const std::size_t count = std::min(request.count, size);
  const bool from_min = request.end == End::kMin;
  const RankRange range{from_min ? 0 : size - count, count};

  begin_reply(call, request, key, count);
  visit_range(view, range, from_min ? Direction::kUpward : Direction::kDownward,
              [&](const SetMember& member, double score) {
                write_element(call.reply, request.shape, member, score);
              });
  set.erase(range);
  if (call.propagates()) {
    call.propagate_as({from_min ? "ZPOPMIN" : "ZPOPMAX", key, std::to_string(count)});
  }
  commit(call, edit, count, kNotifySortedSet, from_min ? "zpopmin" : "zpopmax", key);
}

// Replies for the first key that exists, with an error if it holds another type. Returns whether
// there was one.
bool pop_first(Call& call, Names names, const PopRequest& request) {
  for (const std::string_view name : names) {
    const Key key(name);
    CollectionEdit edit(call.db(), key, Type::kSortedSet);
    if (wrong_type(call, edit)) return true;
    if (edit.vacant()) continue;
    pop_from(call, edit, name, request);
    return true;
  }
  return false;
}

void pop(Call& call, End end) {
  if (call.args.size() > 3) return call.reply.error(errors::kSyntax);
  PopRequest request{.end = end};
  if (call.args.size() == 3) {
    ArgReader args(call, 2);
    request.count = static_cast<std::size_t>(
        args.integer_in(0, kMaxCount, "ERR value is out of range, must be positive"));
    request.shape = shape_with_scores(call, true);
    if (args.failed()) return;
  }
  const Key key = call.key(1);
  CollectionEdit edit(call.db(), key, Type::kSortedSet);
  if (wrong_type(call, edit)) return;
  if (edit.vacant() || request.count == 0) return call.reply.array(0);
  pop_from(call, edit, key.bytes, request);
}

void zpopmin(Call& call) { pop(call, End::kMin); }
void zpopmax(Call& call) { pop(call, End::kMax); }

void pop_or_wait(Call& call, Names names, const PopRequest& request,
                 std::chrono::milliseconds timeout) {
  if (pop_first(call, call.awaited(names), request)) return;
  call.block_on_keys({.keys = names,
                      .types = Type::kSortedSet,
                      .timeout = timeout,
                      .when_late = &Reply::null_array});
}

void blocking_pop(Call& call, End end) {
  const std::size_t last = call.args.size() - 1;
  ArgReader args(call, last);
  const std::chrono::milliseconds timeout = next_timeout(args);
  if (args.failed()) return;
  pop_or_wait(call, call.args.subspan(1, last - 1), {.end = end, .name_key = true}, timeout);
}

void bzpopmin(Call& call) { blocking_pop(call, End::kMin); }
void bzpopmax(Call& call) { blocking_pop(call, End::kMax); }

// "numkeys key [key ...] MIN|MAX [COUNT count]"
class MultiPopArguments {
 public:
  Names names;
  PopRequest request{.end = End::kMin, .shape = ElementShape::kPairs, .name_key = true};

  void read(ArgReader& args) {
    const auto keys = static_cast<std::size_t>(
        args.integer_in(1, kMaxCount, "ERR numkeys should be greater than 0"));
    if (keys >= args.remaining()) return args.fail_syntax();
    names = args.call().args.subspan(args.position(), keys);
    for (std::size_t i = 0; i < keys; ++i) args.next();
    if (args.accept("max")) {
      request.end = End::kMax;
    } else if (!args.accept("min")) {
      return args.fail_syntax();
    }
    if (args.accept("count", 1)) {
      request.count = static_cast<std::size_t>(
          args.integer_in(1, kMaxCount, "ERR count should be greater than 0"));
    }
    if (!args.at_end()) args.fail_syntax();
  }
};

void zmpop(Call& call) {
  ArgReader args(call, 1);
  MultiPopArguments arguments;
  arguments.read(args);
  if (args.failed()) return;
  if (!pop_first(call, arguments.names, arguments.request)) call.reply.null_array();
}

void bzmpop(Call& call) {
  ArgReader args(call, 2);
  MultiPopArguments arguments;
  arguments.read(args);
  if (args.failed()) return;
  ArgReader first(call, 1);
  const std::chrono::milliseconds timeout = next_timeout(first);
  if (first.failed()) return;
  pop_or_wait(call, arguments.names, arguments.request, timeout);
}

constexpr KeySpec counted_keys(int index) {
  return {.flags = kRW | kAccess | kDelete,
          .begin = KeySpec::Begin::kIndex,
          .index = index,
          .find = KeySpec::Find::kKeyCount,
          .key_count_index = 0,
          .first_key_offset = 1};
}

constexpr const char* kPopComplexity =
    "O(log(N)+M), N being the size of the sorted set and M the number of members taken";
constexpr const char* kMultiPopComplexity =
    "O(K+log(N)+M) for K keys, N being the size of the sorted set and M the number of members "
    "taken";

constexpr CommandRow kRows[] = {
    {
        .name = "zpopmin",
        .handler = zpopmin,
        .arity = -2,
        .flags = kWrite | kFast,
        .categories = kSortedSetCategory,
        .keys = {key_at(1, kRW | kAccess | kDelete)},
        .group = "sorted-set",
        .since = "5.0.0",
        .complexity = kPopComplexity,
        .summary = "Removes the members with the lowest scores, and returns them",
        .syntax = "key [count]",
    },
    {
        .name = "zpopmax",
        .handler = zpopmax,
        .arity = -2,
        .flags = kWrite | kFast,
        .categories = kSortedSetCategory,
        .keys = {key_at(1, kRW | kAccess | kDelete)},
        .group = "sorted-set",
        .since = "5.0.0",
        .complexity = kPopComplexity,
        .summary = "Removes the members with the highest scores, and returns them",
        .syntax = "key [count]",
    },
    {
        .name = "bzpopmin",
        .handler = bzpopmin,
        .arity = -3,
        .flags = kWrite | kNoScript | kBlocking | kFast,
        .categories = kSortedSetCategory,
        .keys = {keys_from(1, -2, 1, kRW | kAccess | kDelete)},
        .group = "sorted-set",
        .since = "5.0.0",
        .complexity = kPopComplexity,
        .summary = "Removes the member with the lowest score of the first sorted set that has any, "
                   "and returns it; waits until there is one",
        .syntax = "key [key ...] timeout:double",
        .history = "6.0.0: `timeout` is interpreted as a double instead of an integer.",
    },
    {
        .name = "bzpopmax",
        .handler = bzpopmax,
        .arity = -3,
        .flags = kWrite | kNoScript | kBlocking | kFast,
        .categories = kSortedSetCategory,
        .keys = {keys_from(1, -2, 1, kRW | kAccess | kDelete)},
        .group = "sorted-set",
        .since = "5.0.0",
        .complexity = kPopComplexity,
        .summary = "Removes the member with the highest score of the first sorted set that has "
                   "any, and returns it; waits until there is one",
        .syntax = "key [key ...] timeout:double",
        .history = "6.0.0: `timeout` is interpreted as a double instead of an integer.",
    },
    {
        .name = "zmpop",
        .handler = zmpop,
        .arity = -4,
        .flags = kWrite,
        .categories = kSortedSetCategory,
        .keys = {counted_keys(1)},
        .group = "sorted-set",
        .since = "7.0.0",
        .complexity = kMultiPopComplexity,
        .summary = "Removes members with the lowest or highest scores of the first sorted set that "
                   "has any, and returns them",
        .syntax = "numkeys key [key ...] where=(MIN|MAX) [COUNT count]",
    },
    {
        .name = "bzmpop",
        .handler = bzmpop,
        .arity = -5,
        .flags = kWrite | kBlocking,
        .categories = kSortedSetCategory,
        .keys = {counted_keys(2)},
        .group = "sorted-set",
        .since = "7.0.0",
        .complexity = kMultiPopComplexity,
        .summary = "Removes members with the lowest or highest scores of the first sorted set that "
                   "has any, and returns them; waits until there are some",
        .syntax = "timeout:double numkeys key [key ...] where=(MIN|MAX) [COUNT count]",
    },
};

}  // namespace

std::span<const CommandRow> zset_pop_commands() { return kRows; }

}  // namespace tarn
