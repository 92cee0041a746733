#include <optional>

#include "server/commands/database_index.h"
#include "server/commands/families.h"
#include "server/commands/key_lookup.h"
#include "server/commands/type_names.h"
#include "server/engine/args.h"

// Keys as wholes, whatever they hold: deleting, asking for them, copying, moving, renaming.

namespace tarn {
namespace {

constexpr std::string_view kSameObject = "ERR source and destination objects are the same";

// Replies for how many of the keys that the arguments name `counts(key)` is true.
template <class Counts>
void reply_count(Call& call, Counts counts) {
  std::int64_t count = 0;
  for (std::size_t i = 1; i < call.args.size(); ++i) count += counts(call.key(i)) ? 1 : 0;
  call.reply.integer(count);
}

// Large values are freed on a helper thread in any case, so UNLINK has nothing to add.
void del(Call& call) {
  reply_count(call, [&call](const Key& key) {
    if (!call.db().erase(key)) return false;
    call.notify(kNotifyGeneric, "del", key.bytes);
    return true;
  });
}

void exists(Call& call) {
  reply_count(call, [&call](const Key& key) { return look_for(call, key) != nullptr; });
}

void touch(Call& call) {
  reply_count(call, [&call](const Key& key) { return call.db().find(key) != nullptr; });
}

void type(Call& call) {
  const Entry* entry = look_for(call, call.key(1));
  call.reply.simple(entry == nullptr ? "none" : type_name(entry->type()));
}

// A key that takes the place of another one counts as new.
void tell_if_replaced(Call& call, Keyspace& target, const Key& key) {
  if (!call.notifications.wants(kNotifyNewKey) || !target.contains(key)) return;
  call.notifications.emit(kNotifyNewKey, "new", target.index(), key.bytes);
}

struct CopyOptions {
  std::size_t db;
  bool replace = false;

  void read(ArgReader& args, const Databases& databases) {
    while (args.ok() && !args.at_end()) {
      if (args.accept("replace")) {
        replace = true;
      } else if (args.accept("db", 1)) {
        db = next_database(args, databases);
      } else {
        args.fail_syntax();
      }
    }
  }
};

void copy(Call& call) {
  CopyOptions options{.db = call.session.db};
  ArgReader args(call, 3);
  options.read(args, call.databases);
  if (args.failed()) return;
  if (options.db == call.session.db && call.args[1] == call.args[2]) {
    return call.reply.error(kSameObject);
  }

  const Entry* source = call.db().find(call.key(1));
  if (source == nullptr) return call.reply.integer(0);
  Keyspace& target = call.databases[options.db];
  const Key target_key(call.args[2]);
  if (!options.replace && target.contains(target_key)) return call.reply.integer(0);
  tell_if_replaced(call, target, target_key);
  target.put_copy(target_key, *source);
  call.notifications.emit(kNotifyGeneric, "copy_to", target.index(), target_key.bytes);
  call.reply.integer(1);
}

void move(Call& call) {
  ArgReader args(call, 2);
  const std::size_t db = next_database(args, call.databases);
  if (args.failed()) return;
  if (db == call.session.db) return call.reply.error(kSameObject);

  const Key key = call.key(1);
  const Key target_key(key.bytes);
  Keyspace& target = call.databases[db];
  const Entry* entry = call.db().find_for_update(key);
  if (entry == nullptr || target.contains(target_key)) return call.reply.integer(0);
  target.put_moved(target_key, call.db(), key);
  call.notify(kNotifyGeneric, "move_from", key.bytes);
  call.notifications.emit(kNotifyGeneric, "move_to", target.index(), key.bytes);
  call.reply.integer(1);
}

// Returns whether the key got its new name; nothing where there is no such key, which has been
// replied.
std::optional<bool> rename_key(Call& call, bool may_replace) {
  const Key key = call.key(1);
  const Entry* entry = call.db().find_for_update(key);
  if (entry == nullptr) {
    call.reply.error(errors::kNoSuchKey);
    return std::nullopt;
  }
  const Key new_key = call.key(2);
  if (key.bytes == new_key.bytes) return false;
  if (!may_replace && call.db().contains(new_key)) return false;
  tell_if_replaced(call, call.db(), new_key);
  call.db().put_moved(new_key, call.db(), key);
  call.notify(kNotifyGeneric, "rename_from", key.bytes);
  call.notify(kNotifyGeneric, "rename_to", new_key.bytes);
  return true;
}

void rename(Call& call) {
  if (rename_key(call, true)) call.reply.ok();
}

void renamenx(Call& call) {
  if (const std::optional<bool> renamed = rename_key(call, false)) call.reply.integer(*renamed);
}

constexpr std::string_view kSumOfShards = "request_policy:multi_shard response_policy:agg_sum";

constexpr CommandRow kRows[] = {
    {
        .name = "del",
        .handler = del,
        .arity = -2,
        .flags = kWrite,
        .categories = kKeyspaceCategory,
        .keys = {keys_from(1, -1, 1, kRM | kDelete)},
        .group = "generic",
        .since = "1.0.0",
        .complexity = "O(N) for N keys; large values are freed on another thread",
        .summary = "Deletes keys",
        .syntax = "key [key ...]",
        .tips = kSumOfShards,
    },
    {
        .name = "unlink",
        .handler = del,
        .arity = -2,
        .flags = kWrite | kFast,
        .categories = kKeyspaceCategory,
        .keys = {keys_from(1, -1, 1, kRM | kDelete)},
        .group = "generic",
        .since = "4.0.0",
        .complexity = "O(N) for N keys; large values are freed on another thread",
        .summary = "Deletes keys without waiting for their memory to be freed",
        .syntax = "key [key ...]",
        .tips = kSumOfShards,
    },
    {
        .name = "exists",
        .handler = exists,
        .arity = -2,
        .flags = kReadonly | kFast,
        .categories = kKeyspaceCategory,
        .keys = {keys_from(1, -1, 1, kRO)},
        .group = "generic",
        .since = "1.0.0",
        .complexity = "O(N) for N keys",
        .summary = "Counts those of the keys that exist",
        .syntax = "key [key ...]",
        .tips = kSumOfShards,
        .history = "3.0.3: Accepts multiple `key` arguments.",
    },
    {
        .name = "touch",
        .handler = touch,
        .arity = -2,
        .flags = kReadonly | kFast,
        .categories = kKeyspaceCategory,
        .keys = {keys_from(1, -1, 1, kRO)},
        .group = "generic",
        .since = "3.2.1",
        .complexity = "O(N) for N keys",
        .summary = "Counts those of the keys that exist, as a use of each",
        .syntax = "key [key ...]",
        .tips = kSumOfShards,
    },
    {
        .name = "type",
        .handler = type,
        .arity = 2,
        .flags = kReadonly | kFast,
        .categories = kKeyspaceCategory,
        .keys = {key_at(1, kRO)},
        .group = "generic",
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Names the type of a key's value",
        .syntax = "key",
    },
    {
        .name = "copy",
        .handler = copy,
        .arity = -3,
        .flags = kWrite | kDenyOom,
        .categories = kKeyspaceCategory,
        .keys = {key_at(1, kRO | kAccess), key_at(2, kOW | kUpdate)},
        .group = "generic",
        .since = "6.2.0",
        .complexity = "O(1) for strings, O(N) for collections of N elements",
        .summary = "Copies a key's value and deadline to another key",
        .syntax = "source destination [DB destination-db] [REPLACE]",
    },
    {
        .name = "move",
        .handler = move,
        .arity = 3,
        .flags = kWrite | kFast,
        .categories = kKeyspaceCategory,
        .keys = {key_at(1, kRW | kAccess | kUpdate)},
        .group = "generic",
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Moves a key to another database",
        .syntax = "key db",
    },
    {
        .name = "rename",
        .handler = rename,
        .arity = 3,
        .flags = kWrite,
        .categories = kKeyspaceCategory,
        .keys = {key_at(1, kRW | kAccess | kDelete), key_at(2, kOW | kUpdate)},
        .group = "generic",
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Gives a key another name, in place of any key of that name",
        .syntax = "key newkey",
    },
    {
        .name = "renamenx",
        .handler = renamenx,
        .arity = 3,
        .flags = kWrite | kFast,
        .categories = kKeyspaceCategory,
        .keys = {key_at(1, kRW | kAccess | kDelete), key_at(2, kOW | kInsert)},
        .group = "generic",
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Gives a key another name unless a key of that name exists",
        .syntax = "key newkey",
        .history =
            "3.2.0: The command no longer returns an error when source and destination names "
            "are the same.",
    },
};

}  // namespace

std::span<const CommandRow> key_commands() { return kRows; }

}  // namespace tarn
