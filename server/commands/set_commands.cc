// What sets are changed by and asked for, one member at a time.

#include "core/keyspace/collection_edit.h"
#include "server/commands/collection_access.h"
#include "server/commands/families.h"
#include "server/commands/gradual_reply.h"
#include "server/commands/set_access.h"

namespace tarn {
namespace {

void sadd(Call& call) {
  const Key key = call.key(1);
  CollectionEdit edit(call.db(), key, Type::kSet);
  if (wrong_type(call, edit)) return;
  const std::size_t added = Set(edit, set_limits(call)).add(call.args.subspan(2));
  commit(call, edit, added, kNotifySet, "sadd", key.bytes);
  call.reply.integer(static_cast<std::int64_t>(added));
}

void srem(Call& call) {
  const Key key = call.key(1);
  CollectionEdit edit(call.db(), key, Type::kSet);
  if (wrong_type(call, edit)) return;
  const std::size_t removed = Set(edit, set_limits(call)).remove(call.args.subspan(2));
  commit(call, edit, removed, kNotifySet, "srem", key.bytes);
  call.reply.integer(static_cast<std::int64_t>(removed));
}

// Nothing is to be moved out of a key that is missing, whatever the other one holds.
void smove(Call& call) {
  const Key source_key = call.key(1);
  const Key target_key(call.args[2]);
  CollectionEdit source(call.db(), source_key, Type::kSet);
  if (!source.wrong_type() && source.vacant()) return call.reply.integer(0);
  CollectionEdit target(call.db(), target_key, Type::kSet);
  if (wrong_type(call, source) || wrong_type(call, target)) return;

  const SetMember member(call.args[3]);
  Set from(source, set_limits(call));
  if (source_key.bytes == target_key.bytes) {
    return call.reply.integer(from.view().contains(member) ? 1 : 0);
  }
  if (!from.remove(member)) return call.reply.integer(0);
  commit(call, source, 1, kNotifySet, "srem", source_key.bytes);
  const bool added = Set(target, set_limits(call)).add(member);
  commit(call, target, added ? 1 : 0, kNotifySet, "sadd", target_key.bytes);
  call.reply.integer(1);
}

void scard(Call& call) {
  const Entry* entry = call.db().find(call.key(1));
  if (wrong_type(call, entry, Type::kSet)) return;
  call.reply.integer(static_cast<std::int64_t>(set_of(entry).size()));
}

void sismember(Call& call) {
  const Entry* entry = call.db().find(call.key(1));
  if (wrong_type(call, entry, Type::kSet)) return;
  call.reply.integer(set_of(entry).contains(SetMember(call.args[2])) ? 1 : 0);
}

void smismember(Call& call) {
  const Entry* entry = call.db().find(call.key(1));
  if (wrong_type(call, entry, Type::kSet)) return;
  const SetView set = set_of(entry);
  const std::span texts = call.args.subspan(2);
  call.reply.array(texts.size());
  for_each_batch(texts, [&](MemberBatch& batch) {
    const MemberBatch::Mask present = set.contains(batch);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      call.reply.integer(static_cast<std::int64_t>(present >> i & 1));
    }
  });
}

void smembers(Call& call) {
  const Entry* entry = call.db().find(call.key(1));
  if (wrong_type(call, entry, Type::kSet)) return;
  const SetView set = set_of(entry);
  call.reply.set(set.size());
  if (!worth_writing_gradually(set.large_collection(), set.size())) {
    return set.for_each([&call](const SetMember& member) { write_member(call.reply, member); });
  }
  const auto write_some = [set, progress = LargeSet::Progress()](Reply& reply,
                                                                 std::size_t enough) mutable {
    return set.for_some(progress, [&](const SetMember& member) {
      write_member(reply, member);
      return !has_written(reply, enough);
    });
  };
  reply_gradually(call, set.large_collection(), write_some);
}

constexpr CommandRow kRows[] = {
    {
        .name = "sadd",
        .handler = sadd,
        .arity = -3,
        .flags = kWrite | kDenyOom | kFast,
        .categories = kSetCategory,
        .keys = {key_at(1, kRW | kInsert)},
        .group = "set",
        .since = "1.0.0",
        .complexity = "O(N) for N members",
        .summary = "Adds members to a set, which is created where it is missing",
        .syntax = "key member [member ...]",
        .history = "2.4.0: Accepts multiple `member` arguments.",
    },
    {
        .name = "srem",
        .handler = srem,
        .arity = -3,
        .flags = kWrite | kFast,
        .categories = kSetCategory,
        .keys = {key_at(1, kRW | kDelete)},
        .group = "set",
        .since = "1.0.0",
        .complexity = "O(N) for N members",
        .summary = "Removes members from a set, and the set with its last one",
        .syntax = "key member [member ...]",
        .history = "2.4.0: Accepts multiple `member` arguments.",
    },
    {
        .name = "smove",
        .handler = smove,
        .arity = 4,
        .flags = kWrite | kFast,
        .categories = kSetCategory,
        .keys = {key_at(1, kRW | kAccess | kDelete), key_at(2, kRW | kInsert)},
        .group = "set",
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Moves a member from one set to another",
        .syntax = "source destination member",
    },
    {
        .name = "scard",
        .handler = scard,
        .arity = 2,
        .flags = kReadonly | kFast,
        .categories = kSetCategory,
        .keys = {key_at(1, kRO)},
        .group = "set",
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Returns the number of members of a set",
        .syntax = "key",
    },
    {
        .name = "sismember",
        .handler = sismember,
        .arity = 3,
        .flags = kReadonly | kFast,
        .categories = kSetCategory,
        .keys = {key_at(1, kRO)},
        .group = "set",
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Says whether a value is a member of a set",
        .syntax = "key member",
    },
    {
        .name = "smismember",
        .handler = smismember,
        .arity = -3,
        .flags = kReadonly | kFast,
        .categories = kSetCategory,
        .keys = {key_at(1, kRO | kAccess)},
        .group = "set",
        .since = "6.2.0",
        .complexity = "O(N) for N members",
        .summary = "Says of each value whether it is a member of a set",
        .syntax = "key member [member ...]",
    },
    {
        .name = "smembers",
        .handler = smembers,
        .arity = 2,
        .flags = kReadonly,
        .categories = kSetCategory,
        .keys = {key_at(1, kRO | kAccess)},
        .group = "set",
        .since = "1.0.0",
        .complexity = "O(N) for a set of N members",
        .summary = "Returns all members of a set",
        .syntax = "key",
        .tips = "nondeterministic_output_order",
    },
};

}  // namespace

std::span<const CommandRow> set_commands() { return kRows; }

}  // namespace tarn
