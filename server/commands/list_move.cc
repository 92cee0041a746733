// Elements that go from one list to another, and those that are taken from the first list that has
// any.

#include <limits>
#include <string>

#include "server/commands/families.h"
#include "server/commands/list_access.h"
#include "server/commands/list_move.h"

namespace tarn {

namespace {

// Tells a move that could have waited as the command that does not wait.
void tell_unblocked(Call& call) {
  const std::string_view source = call.args[1];
  const std::string_view target = call.args[2];
  if (call.command.row->name == "brpoplpush") {
    call.propagate_as({"RPOPLPUSH", source, target});
  } else {
    call.propagate_as({"LMOVE", source, target, call.args[3], call.args[4]});
  }
}

}  // namespace

// What is pushed is known before what is popped, and the type of the target before either.
bool move_element(Call& call, ListEnd from, ListEnd to) {
  const Key source_key = call.key(1);
  const Key target_key(call.args[2]);
  CollectionEdit source(call.db(), source_key, Type::kList);
  if (wrong_type(call, source)) return true;
  if (source.vacant()) return false;
  List list(source, list_limits(call));

  if (source_key.bytes == target_key.bytes) {
    write_element(call.reply, list.view().peek(from));
    list.rotate(from, to);
    call.notify(kNotifyList, push_event(to), target_key.bytes);
  } else {
    CollectionEdit target(call.db(), target_key, Type::kList);
    if (wrong_type(call, target)) return true;
    const PackedElement element = list.view().peek(from);
    write_element(call.reply, element);
    List(target, list_limits(call)).push(to, PackedProbe(element));
    commit(call, target, 1, push_event(to), target_key);
    list.pop(from);
  }
  commit(call, source, 1, pop_event(from), source_key);
  if ((call.command.flags & kBlocking) != 0) tell_unblocked(call);
  return true;
}

void MultiPop::read(ArgReader& args) {
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  const auto key_count =
      static_cast<std::size_t>(args.integer_in(1, kMax, "ERR numkeys should be greater than 0"));
  if (key_count >= args.remaining()) return args.fail_syntax();
  keys = args.call().args.subspan(args.position(), key_count);
  for (std::size_t i = 0; i < key_count; ++i) args.next();
  end = next_end(args);
  if (args.accept("count", 1)) {
    count =
        static_cast<std::size_t>(args.integer_in(1, kMax, "ERR count should be greater than 0"));
  }
  if (!args.at_end()) args.fail_syntax();
}

bool pop_first_list(Call& call, std::span<const std::string_view> keys, const MultiPop& pop) {
  for (const std::string_view name : keys) {
    const Key key(name);
    CollectionEdit edit(call.db(), key, Type::kList);
    if (wrong_type(call, edit)) return true;
    if (edit.vacant()) continue;
    call.reply.array(2);
    call.reply.bulk(name);
    if (call.propagates()) {
      const std::string_view name_of_pop = pop.end == ListEnd::kFront ? "LPOP" : "RPOP";
      call.propagate_as({name_of_pop, name, std::to_string(pop.count)});
    }
    pop_and_reply(call, edit, key, pop.end, pop.count);
    return true;
  }
  return false;
}

namespace {

void lmove(Call& call) {
  ArgReader args(call, 3);
  const ListEnd from = next_end(args);
  const ListEnd to = next_end(args);
  if (args.failed()) return;
  if (!move_element(call, from, to)) call.reply.null();
}

void rpoplpush(Call& call) {
  if (!move_element(call, ListEnd::kBack, ListEnd::kFront)) call.reply.null();
}

void lmpop(Call& call) {
  ArgReader args(call, 1);
  MultiPop pop;
  pop.read(args);
  if (args.failed()) return;
  if (!pop_first_list(call, pop.keys, pop)) call.reply.null_array();
}

constexpr CommandRow kRows[] = {
    {
        .name = "lmove",
        .handler = lmove,
        .arity = 5,
        .flags = kWrite | kDenyOom,
        .categories = kListCategory,
        .keys = {key_at(1, kRW | kAccess | kDelete), key_at(2, kRW | kInsert)},
        .group = "list",
        .since = "6.2.0",
        .complexity = "O(1)",
        .summary = "Moves an element from an end of one list to an end of another or the same",
        .syntax = "source destination wherefrom=(LEFT|RIGHT) whereto=(LEFT|RIGHT)",
    },
    {
        .name = "rpoplpush",
        .handler = rpoplpush,
        .arity = 3,
        .flags = kWrite | kDenyOom,
        .categories = kListCategory,
        .keys = {key_at(1, kRW | kAccess | kDelete), key_at(2, kRW | kInsert)},
        .group = "list",
        .since = "1.2.0",
        .complexity = "O(1)",
        .summary = "Moves the last element of one list to the front of another or the same",
        .syntax = "source destination",
        .deprecated_since = "6.2.0",
        .replaced_by = "`LMOVE` with the `RIGHT` and `LEFT` arguments",
    },
    {
        .name = "lmpop",
        .handler = lmpop,
        .arity = -4,
        .flags = kWrite,
        .categories = kListCategory,
        .keys = {{{.flags = kRW | kAccess | kDelete,
                   .begin = KeySpec::Begin::kIndex,
                   .index = 1,
                   .find = KeySpec::Find::kKeyCount,
                   .first_key_offset = 1}}},
        .group = "list",
        .since = "7.0.0",
        .complexity = "O(N+M) for N keys and M elements returned",
        .summary = "Removes and returns elements at an end of the first list that exists",
        .syntax = "numkeys key [key ...] where=(LEFT|RIGHT) [COUNT count]",
    },
};

}  // namespace

std::span<const CommandRow> list_move_commands() { return kRows; }

}  // namespace tarn
