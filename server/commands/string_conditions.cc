// Commands that compare the string under a key before they act, and the digest to compare by.

#include "core/keyspace/keyspace.h"
#include "server/commands/families.h"
#include "server/commands/value_access.h"
#include "server/commands/value_condition.h"
#include "server/engine/args.h"

namespace tarn {
namespace {

constexpr std::string_view kNotAString =
    "ERR Key should be of string type if conditions are specified";
constexpr std::string_view kBadCondition = "ERR Invalid condition. Use IFEQ, IFNE, IFDEQ, or IFDNE";

void digest(Call& call) {
  const Entry* entry = call.db().find(call.key(1));
  if (entry == nullptr) return call.reply.null();
  if (wrong_type(call, entry, Type::kString)) return;
  const DigestText text = digest_text(StringView(*entry));
  call.reply.bulk({text.data(), text.size()});
}

void delete_key(Call& call, const Key& key, bool wanted) {
  const bool deleted = wanted && call.db().erase(key);
  if (deleted) {
    call.propagate_as({"DEL", key.bytes});
    call.notify(kNotifyGeneric, "del", key.bytes);
  }
  call.reply.integer(deleted ? 1 : 0);
}

// The condition is not even read where there is no string to compare.
void delete_if(Call& call) {
  const Key key = call.key(1);
  const Entry* entry = call.db().find_for_update(key);
  if (entry == nullptr) return call.reply.integer(0);
  if (entry->type() != Type::kString) return call.reply.error(kNotAString);
  ArgReader args(call, 2);
  const std::optional<ValueCondition> condition = ValueCondition::accept(args);
  if (!condition) return call.reply.error(kBadCondition);
  if (condition->not_comparable(call, entry)) return;
  delete_key(call, key, condition->holds(entry));
}

// Without a condition this is DEL of one key, of whatever type.
void delex(Call& call) {
  switch (call.args.size()) {
    case 2: return delete_key(call, call.key(1), true);
    case 4: return delete_if(call);
    default: return refuse_argument_count(call);
  }
}

void delifeq(Call& call) {
  const Key key = call.key(1);
  const Entry* entry = call.db().find_for_update(key);
  if (wrong_type(call, entry, Type::kString)) return;
  const bool wanted = entry != nullptr && ValueCondition::equal(call.args[2]).holds(entry);
  delete_key(call, key, wanted);
}

constexpr CommandRow kRows[] = {
    {
        .name = "digest",
        .handler = digest,
        .arity = 2,
        .flags = kReadonly | kFast,
        .categories = kStringCategory,
        .keys = {key_at(1, kRO | kAccess)},
        .group = "string",
        .since = "8.4.0",
        .complexity = "O(N) where N is the length of the value",
        .summary = "Returns the XXH3 digest of the string that a key holds, in hexadecimal",
        .syntax = "key",
    },
    {
        .name = "delex",
        .handler = delex,
        .arity = -2,
        .flags = kWrite | kFast,
        .categories = kStringCategory,
        .keys = {key_at(1, kRW | kDelete | kVariableFlags)},
        .group = "string",
        .since = "8.4.0",
        .complexity = "O(N) where N is the length of the value; O(1) without a condition",
        .summary = "Deletes a key if its string value or the digest of it compares as wanted",
        .syntax = "key [IFEQ ifeq-value|IFNE ifne-value|IFDEQ ifdeq-digest|IFDNE ifdne-digest]",
    },
    {
        .name = "delifeq",
        .handler = delifeq,
        .arity = 3,
        .flags = kWrite | kFast,
        .categories = kStringCategory,
        .keys = {key_at(1, kRW | kDelete)},
        .group = "string",
        .since = "9.0.0",
        .complexity = "O(N) where N is the length of the value",
        .summary = "Deletes a key if it holds this string",
        .syntax = "key value",
    },
};

}  // namespace

std::span<const CommandRow> string_condition_commands() { return kRows; }

}  // namespace tarn
