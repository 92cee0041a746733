// The commands of list_commands.cc and list_move.cc that wait for a list to pop from; key_wait.h
// says how.

#include "server/commands/families.h"
#include "server/commands/list_access.h"
#include "server/commands/list_move.h"
#include "server/commands/timeout_argument.h"
#include "server/engine/key_wait.h"

namespace tarn {
namespace {

void pop_awaited(Call& call, ListEnd end) {
  const std::span keys = call.args.subspan(1, call.args.size() - 2);
  ArgReader args(call, call.args.size() - 1);
  const std::chrono::milliseconds timeout = next_timeout(args);
  if (args.failed()) return;
  for (const std::string_view name : call.awaited(keys)) {
    const Key key(name);
    CollectionEdit edit(call.db(), key, Type::kList);
    if (wrong_type(call, edit)) return;
    if (edit.vacant()) continue;
    List list(edit, list_limits(call));
    call.reply.array(2);
    call.reply.bulk(name);
    write_element(call.reply, list.view().peek(end));
    list.pop(end);
    call.propagate_as({end == ListEnd::kFront ? "LPOP" : "RPOP", name});
    return commit(call, edit, 1, pop_event(end), key);
  }
  call.block_on_keys(
      {.keys = keys, .types = Type::kList, .timeout = timeout, .when_late = &Reply::null_array});
}

void blpop(Call& call) { pop_awaited(call, ListEnd::kFront); }
void brpop(Call& call) { pop_awaited(call, ListEnd::kBack); }

// A wait that is not allowed ends otherwise than one that takes too long: as the command that does
// not wait.
void move_awaited(Call& call, ListEnd from, ListEnd to, ArgReader& args) {
  const std::chrono::milliseconds timeout = next_timeout(args);
  if (args.failed() || move_element(call, from, to)) return;
  if (call.session.deny_blocking) return call.reply.null();
  call.block_on_keys({.keys = call.args.subspan(1, 1),
                      .types = Type::kList,
                      .timeout = timeout,
                      .when_late = &Reply::null_array});
}

void blmove(Call& call) {
  ArgReader args(call, 3);
  const ListEnd from = next_end(args);
  const ListEnd to = next_end(args);
  move_awaited(call, from, to, args);
}

void brpoplpush(Call& call) {
  ArgReader args(call, 3);
  move_awaited(call, ListEnd::kBack, ListEnd::kFront, args);
}

// The timeout comes first, but is read last.
void blmpop(Call& call) {
  ArgReader args(call, 2);
  MultiPop pop;
  pop.read(args);
  if (args.failed()) return;
  ArgReader first(call, 1);
  const std::chrono::milliseconds timeout = next_timeout(first);
  if (first.failed() || pop_first_list(call, call.awaited(pop.keys), pop)) return;
  call.block_on_keys({.keys = pop.keys,
                      .types = Type::kList,
                      .timeout = timeout,
                      .when_late = &Reply::null_array});
}

constexpr CommandRow kRows[] = {
    {
        .name = "blpop",
        .handler = blpop,
        .arity = -3,
        .flags = kWrite | kNoScript | kBlocking,
        .categories = kListCategory,
        .keys = {keys_from(1, -2, 1, kRW | kAccess | kDelete)},
        .group = "list",
        .since = "2.0.0",
        .complexity = "O(N) for N keys",
        .summary = "Removes and returns the first element of the first list that exists, or waits "
                   "for one",
        .syntax = "key [key ...] timeout:double",
        .history = "6.0.0: `timeout` is interpreted as a double instead of an integer.",
    },
    {
        .name = "brpop",
        .handler = brpop,
        .arity = -3,
        .flags = kWrite | kNoScript | kBlocking,
        .categories = kListCategory,
        .keys = {keys_from(1, -2, 1, kRW | kAccess | kDelete)},
        .group = "list",
        .since = "2.0.0",
        .complexity = "O(N) for N keys",
        .summary = "Removes and returns the last element of the first list that exists, or waits "
                   "for one",
        .syntax = "key [key ...] timeout:double",
        .history = "6.0.0: `timeout` is interpreted as a double instead of an integer.",
    },
    {
        .name = "blmove",
        .handler = blmove,
        .arity = 6,
        .flags = kWrite | kDenyOom | kNoScript | kBlocking,
        .categories = kListCategory,
        .keys = {key_at(1, kRW | kAccess | kDelete), key_at(2, kRW | kInsert)},
        .group = "list",
        .since = "6.2.0",
        .complexity = "O(1)",
        .summary = "Moves an element from an end of one list to an end of another or the same, or "
                   "waits for one",
        .syntax = "source destination wherefrom=(LEFT|RIGHT) whereto=(LEFT|RIGHT) timeout:double",
    },
    {
        .name = "brpoplpush",
        .handler = brpoplpush,
        .arity = 4,
        .flags = kWrite | kDenyOom | kNoScript | kBlocking,
        .categories = kListCategory,
        .keys = {key_at(1, kRW | kAccess | kDelete), key_at(2, kRW | kInsert)},
        .group = "list",
        .since = "2.2.0",
        .complexity = "O(1)",
        .summary = "Moves the last element of one list to the front of another or the same, or "
                   "waits for one",
        .syntax = "source destination timeout:double",
        .history = "6.0.0: `timeout` is interpreted as a double instead of an integer.",
        .deprecated_since = "6.2.0",
        .replaced_by = "`BLMOVE` with the `RIGHT` and `LEFT` arguments",
    },
    {
        .name = "blmpop",
        .handler = blmpop,
        .arity = -5,
        .flags = kWrite | kBlocking,
        .categories = kListCategory,
        .keys = {{{.flags = kRW | kAccess | kDelete,
                   .begin = KeySpec::Begin::kIndex,
                   .index = 2,
                   .find = KeySpec::Find::kKeyCount,
                   .first_key_offset = 1}}},
        .group = "list",
        .since = "7.0.0",
        .complexity = "O(N+M) for N keys and M elements returned",
        .summary = "Removes and returns elements at an end of the first list that exists, or waits "
                   "for one",
        .syntax = "timeout:double numkeys key [key ...] where=(LEFT|RIGHT) [COUNT count]",
    },
};

}  // namespace

std::span<const CommandRow> list_blocking_commands() { return kRows; }

}  // namespace tarn
