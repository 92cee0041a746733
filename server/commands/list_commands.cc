// The ends of lists, and what reads them.

#include <limits>
#include <utility>

#include "core/types/rank_range.h"
#include "server/commands/families.h"
#include "server/commands/gradual_reply.h"
#include "server/commands/list_access.h"
#include "server/engine/args.h"

namespace tarn {
namespace {

enum class Missing : bool { kCreate, kLeave };

void push(Call& call, ListEnd end, Missing missing) {
  const std::span elements = call.args.subspan(2);
  if (too_long(call, elements)) return;
  const Key key = call.key(1);
  CollectionEdit edit(call.db(), key, Type::kList);
  if (wrong_type(call, edit)) return;
  if (edit.vacant() && missing == Missing::kLeave) return call.reply.integer(0);
  List list(edit, list_limits(call));
  list.push(end, elements);
  call.reply.integer(static_cast<std::int64_t>(list.size()));
  commit(call, edit, elements.size(), push_event(end), key);
}

void lpush(Call& call) { push(call, ListEnd::kFront, Missing::kCreate); }
void rpush(Call& call) { push(call, ListEnd::kBack, Missing::kCreate); }
void lpushx(Call& call) { push(call, ListEnd::kFront, Missing::kLeave); }
void rpushx(Call& call) { push(call, ListEnd::kBack, Missing::kLeave); }

void pop_one(Call& call, ListEnd end) {
  const Key key = call.key(1);
  CollectionEdit edit(call.db(), key, Type::kList);
  if (wrong_type(call, edit)) return;
  if (edit.vacant()) return call.reply.null();
  List list(edit, list_limits(call));
  write_element(call.reply, list.view().peek(end));
  list.pop(end);
  commit(call, edit, 1, pop_event(end), key);
}

void pop_many(Call& call, ListEnd end) {
  ArgReader args(call, 2);
  const std::int64_t count = args.integer_in(0, std::numeric_limits<std::int64_t>::max(),
                                             "ERR value is out of range, must be positive");
  if (args.failed()) return;
  const Key key = call.key(1);
  CollectionEdit edit(call.db(), key, Type::kList);
  if (wrong_type(call, edit)) return;
  if (edit.vacant()) return call.reply.null_array();
  pop_and_reply(call, edit, key, end, static_cast<std::size_t>(count));
}

void pop(Call& call, ListEnd end) {
  if (call.args.size() == 2) return pop_one(call, end);
  if (call.args.size() == 3) return pop_many(call, end);
  refuse_argument_count(call);
}

void lpop(Call& call) { pop(call, ListEnd::kFront); }
void rpop(Call& call) { pop(call, ListEnd::kBack); }

void llen(Call& call) {
  const Entry* entry = call.db().find(call.key(1));
  if (wrong_type(call, entry, Type::kList)) return;
  call.reply.integer(static_cast<std::int64_t>(list_of(entry).size()));
}

void lrange(Call& call) {
  ArgReader args(call, 2);
  const std::int64_t start = args.integer();
  const std::int64_t stop = args.integer();
  if (args.failed()) return;

  const Entry* entry = call.db().find(call.key(1));
  if (wrong_type(call, entry, Type::kList)) return;
  const ListView list = list_of(entry);
  const RankRange range = RankRange::between(start, stop, list.size());
  call.reply.array(range.count);
  if (!worth_writing_gradually(list.large_collection(), range.count)) {
    return list.for_range(ListEnd::kFront, range.first, range.count,
                          [&call](const PackedElement& e) { write_element(call.reply, e); });
  }
  auto write_some = [elements = list.iterate(ListEnd::kFront, range.first), left = range.count](
                        Reply& reply, std::size_t enough) mutable {
    PackedElement element;
    for (; left > 0 && !has_written(reply, enough); --left) {
      elements.next(element);
      write_element(reply, element);
    }
    return left > 0;
  };
  reply_gradually(call, list.large_collection(), std::move(write_some));
}

// The index is not even read where there is no such key.
void lindex(Call& call) {
  const Entry* entry = call.db().find(call.key(1));
  if (entry == nullptr) return call.reply.null();
  if (wrong_type(call, entry, Type::kList)) return;
  ArgReader args(call, 2);
  const std::int64_t index = args.integer();
  if (args.failed()) return;
  const ListView list = list_of(entry);
  const std::optional<std::size_t> at = list_index(index, list.size());
  at ? write_element(call.reply, list.at(*at)) : call.reply.null();
}

constexpr std::string_view kPerElement = "O(N) for N elements, hence O(1) for each";

constexpr CommandRow kRows[] = {
    {
        .name = "lpush",
        .handler = lpush,
        .arity = -3,
        .flags = kWrite | kDenyOom | kFast,
        .categories = kListCategory,
        .keys = {key_at(1, kRW | kInsert)},
        .group = "list",
        .since = "1.0.0",
        .complexity = kPerElement,
        .summary = "Puts elements in front of a list, which is created where it is missing",
        .syntax = "key element [element ...]",
        .history = "2.4.0: Accepts multiple `element` arguments.",
    },
    {
        .name = "rpush",
        .handler = rpush,
        .arity = -3,
        .flags = kWrite | kDenyOom | kFast,
        .categories = kListCategory,
        .keys = {key_at(1, kRW | kInsert)},
        .group = "list",
        .since = "1.0.0",
        .complexity = kPerElement,
        .summary = "Puts elements behind a list, which is created where it is missing",
        .syntax = "key element [element ...]",
        .history = "2.4.0: Accepts multiple `element` arguments.",
    },
    {
        .name = "lpushx",
        .handler = lpushx,
        .arity = -3,
        .flags = kWrite | kDenyOom | kFast,
        .categories = kListCategory,
        .keys = {key_at(1, kRW | kInsert)},
        .group = "list",
        .since = "2.2.0",
        .complexity = kPerElement,
        .summary = "Puts elements in front of a list if it exists",
        .syntax = "key element [element ...]",
        .history = "4.0.0: Accepts multiple `element` arguments.",
    },
    {
        .name = "rpushx",
        .handler = rpushx,
        .arity = -3,
        .flags = kWrite | kDenyOom | kFast,
        .categories = kListCategory,
        .keys = {key_at(1, kRW | kInsert)},
        .group = "list",
        .since = "2.2.0",
        .complexity = kPerElement,
        .summary = "Puts elements behind a list if it exists",
        .syntax = "key element [element ...]",
        .history = "4.0.0: Accepts multiple `element` arguments.",
    },
    {
        .name = "lpop",
        .handler = lpop,
        .arity = -2,
        .flags = kWrite | kFast,
        .categories = kListCategory,
        .keys = {key_at(1, kRW | kAccess | kDelete)},
        .group = "list",
        .since = "1.0.0",
        .complexity = "O(N) for N elements returned",
        .summary = "Removes and returns the first elements of a list",
        .syntax = "key [count]@6.2.0",
        .history = "6.2.0: Added the `count` argument.",
    },
    {
        .name = "rpop",
        .handler = rpop,
        .arity = -2,
        .flags = kWrite | kFast,
        .categories = kListCategory,
        .keys = {key_at(1, kRW | kAccess | kDelete)},
        .group = "list",
        .since = "1.0.0",
        .complexity = "O(N) for N elements returned",
        .summary = "Removes and returns the last elements of a list",
        .syntax = "key [count]@6.2.0",
        .history = "6.2.0: Added the `count` argument.",
    },
    {
        .name = "llen",
        .handler = llen,
        .arity = 2,
        .flags = kReadonly | kFast,
        .categories = kListCategory,
        .keys = {key_at(1, kRO)},
        .group = "list",
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Counts the elements of a list",
        .syntax = "key",
    },
    {
        .name = "lrange",
        .handler = lrange,
        .arity = 4,
        .flags = kReadonly,
        .categories = kListCategory,
        .keys = {key_at(1, kRO | kAccess)},
        .group = "list",
        .since = "1.0.0",
        .complexity = "O(S+N) for N elements returned, and S chunks of a large list between the "
                      "first of them and the nearer end, which are skipped 64 at a time",
        .summary = "Returns the elements between two indexes of a list",
        .syntax = "key start stop",
    },
    {
        .name = "lindex",
        .handler = lindex,
        .arity = 3,
        .flags = kReadonly,
        .categories = kListCategory,
        .keys = {key_at(1, kRO | kAccess)},
        .group = "list",
        .since = "1.0.0",
        .complexity = "O(S) for S chunks of a large list between the element and the nearer end, "
                      "which are skipped 64 at a time; O(1) at the ends",
        .summary = "Returns the element at an index of a list",
        .syntax = "key index",
    },
};

}  // namespace

std::span<const CommandRow> list_commands() { return kRows; }

}  // namespace tarn
