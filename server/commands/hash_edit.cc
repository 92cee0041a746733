// What hashes are changed by.

#include <cmath>
#include <string>

#include "core/base/numbers.h"
#include "core/keyspace/collection_edit.h"
#include "server/commands/collection_access.h"
#include "server/commands/families.h"
#include "server/commands/hash_access.h"
#include "server/engine/args.h"

namespace tarn {
namespace {

constexpr std::string_view kNotIntegerValue = "ERR hash value is not an integer";
constexpr std::string_view kNotFloatValue = "ERR hash value is not a float";
constexpr std::string_view kNotFiniteIncrement = "ERR value is NaN or Infinity";
constexpr std::string_view kNotFinite = "ERR increment would produce NaN or Infinity";

// Returns how many fields were new; nothing where an error has been sent.
std::optional<std::size_t> set_pairs(Call& call) {
  if (call.args.size() % 2 == 1) {
    refuse_argument_count(call);
    return std::nullopt;
  }
  const Key key = call.key(1);
  CollectionEdit edit(call.db(), key, Type::kHash);
  if (wrong_type(call, edit)) return std::nullopt;
  const HashLimits limits = hash_limits(call);
  const std::span pairs = call.args.subspan(2);
  const std::size_t added = Hash(edit, limits).set_all(pairs);
  commit(call, edit, pairs.size() / 2, kNotifyHash, "hset", key.bytes);
  return added;
}

void hset(Call& call) {
  if (const auto added = set_pairs(call)) call.reply.integer(static_cast<std::int64_t>(*added));
}

void hmset(Call& call) {
  if (set_pairs(call)) call.reply.ok();
}

// In such a hash fields may be due and hidden, which somebody else would still count with.
bool has_deadlines(const HashView& hash) { return hash.wakeup().ms != FieldWakeup::kNever; }

// Tells the new number in the field that argument 2 names. It has kept its deadline.
void tell_number(Call& call, const HashView& hash, std::string_view number) {
  const std::string_view field = call.args[2];
  if (hash.deadline_ms(field) == kNoDeadline) {
    call.propagate_as({"HSET", call.args[1], field, number});
  } else {
    call.propagate_as({"HSETEX", call.args[1], "KEEPTTL", "FIELDS", "1", field, number});
  }
}

void hsetnx(Call& call) {
  const Key key = call.key(1);
  CollectionEdit edit(call.db(), key, Type::kHash);
  if (wrong_type(call, edit)) return;
  const HashLimits limits = hash_limits(call);
  Hash hash(edit, limits);
  if (hash.view().contains(call.args[2])) return call.reply.integer(0);
  hash.set(call.args[2], call.args[3]);
  if (has_deadlines(hash.view()))
    call.propagate_as({"HSET", key.bytes, call.args[2], call.args[3]});
  commit(call, edit, 1, kNotifyHash, "hset", key.bytes);
  call.reply.integer(1);
}

void hdel(Call& call) {
  const Key key = call.key(1);
  CollectionEdit edit(call.db(), key, Type::kHash);
  if (wrong_type(call, edit)) return;
  const HashLimits limits = hash_limits(call);
  const std::size_t deleted = Hash(edit, limits).erase_all(call.args.subspan(2));
  commit(call, edit, deleted, kNotifyHash, "hdel", key.bytes);
  call.reply.integer(static_cast<std::int64_t>(deleted));
}

// A field keeps its deadline when it is counted up.
void hincrby(Call& call) {
  ArgReader args(call, 3);
  const std::int64_t by = args.integer();
  if (args.failed()) return;
  const Key key = call.key(1);
  CollectionEdit edit(call.db(), key, Type::kHash);
  if (wrong_type(call, edit)) return;
  const HashLimits limits = hash_limits(call);
  Hash hash(edit, limits);

  HashView::Scratch scratch;
  std::int64_t value = 0;
  const auto before = hash.view().get(call.args[2], scratch);
  if (before && !parse_int64(*before, value)) return call.reply.error(kNotIntegerValue);
  if (__builtin_add_overflow(value, by, &value)) return call.reply.error(errors::kOverflow);
  char digits[kMaxInt64Chars];
  const std::string_view text(digits, format_int64(digits, value));
  hash.set(call.args[2], text, kKeepDeadline);
  if (has_deadlines(hash.view())) tell_number(call, hash.view(), text);
  commit(call, edit, 1, kNotifyHash, "hincrby", key.bytes);
  call.reply.integer(value);
}

void hincrbyfloat(Call& call) {
  ArgReader args(call, 3);
  const long double by = args.real();
  if (!std::isfinite(by)) args.fail(kNotFiniteIncrement);
  if (args.failed()) return;
  const Key key = call.key(1);
  CollectionEdit edit(call.db(), key, Type::kHash);
  if (wrong_type(call, edit)) return;
  const HashLimits limits = hash_limits(call);
  Hash hash(edit, limits);

  HashView::Scratch scratch;
  long double value = 0;
  const auto before = hash.view().get(call.args[2], scratch);
  if (before && !parse_long_double(*before, value)) return call.reply.error(kNotFloatValue);
  value += by;
  if (!std::isfinite(value)) return call.reply.error(kNotFinite);
  const std::string text = format_long_double_human(value);
  hash.set(call.args[2], text, kKeepDeadline);
  tell_number(call, hash.view(), text);
  commit(call, edit, 1, kNotifyHash, "hincrbyfloat", key.bytes);
  call.reply.bulk(text);
}

constexpr CommandRow kRows[] = {
    {
        .name = "hset",
        .handler = hset,
        .arity = -4,
        .flags = kWrite | kDenyOom | kFast,
        .categories = kHashCategory,
        .keys = {key_at(1, kRW | kUpdate)},
        .group = "hash",
        .since = "2.0.0",
        .complexity = "O(N) for N fields",
        .summary = "Gives fields of a hash their values, and takes their deadlines away",
        .syntax = "key field value [field value ...]",
        .history = "4.0.0: Accepts multiple `field` and `value` arguments.",
    },
    {
        .name = "hmset",
        .handler = hmset,
        .arity = -4,
        .flags = kWrite | kDenyOom | kFast,
        .categories = kHashCategory,
        .keys = {key_at(1, kRW | kUpdate)},
        .group = "hash",
        .since = "2.0.0",
        .complexity = "O(N) for N fields",
        .summary = "Gives fields of a hash their values",
        .syntax = "key field value [field value ...]",
        .deprecated_since = "4.0.0",
        .replaced_by = "`HSET` with multiple field-value pairs",
    },
    {
        .name = "hsetnx",
        .handler = hsetnx,
        .arity = 4,
        .flags = kWrite | kDenyOom | kFast,
        .categories = kHashCategory,
        .keys = {key_at(1, kRW | kInsert)},
        .group = "hash",
        .since = "2.0.0",
        .complexity = "O(1)",
        .summary = "Gives a field of a hash a value unless it has one",
        .syntax = "key field value",
    },
    {
        .name = "hdel",
        .handler = hdel,
        .arity = -3,
        .flags = kWrite | kFast,
        .categories = kHashCategory,
        .keys = {key_at(1, kRW | kDelete)},
        .group = "hash",
        .since = "2.0.0",
        .complexity = "O(N) for N fields",
        .summary = "Deletes fields of a hash, and the key with the last of them",
        .syntax = "key field [field ...]",
        .history = "2.4.0: Accepts multiple `field` arguments.",
    },
    {
        .name = "hincrby",
        .handler = hincrby,
        .arity = 4,
        .flags = kWrite | kDenyOom | kFast,
        .categories = kHashCategory,
        .keys = {key_at(1, kRW | kAccess | kUpdate)},
        .group = "hash",
        .since = "2.0.0",
        .complexity = "O(1)",
        .summary = "Adds to the integer that a field of a hash holds",
        .syntax = "key field increment",
    },
    {
        .name = "hincrbyfloat",
        .handler = hincrbyfloat,
        .arity = 4,
        .flags = kWrite | kDenyOom | kFast,
        .categories = kHashCategory,
        .keys = {key_at(1, kRW | kAccess | kUpdate)},
        .group = "hash",
        .since = "2.6.0",
        .complexity = "O(1)",
        .summary = "Adds to the decimal number that a field of a hash holds",
        .syntax = "key field increment:double",
    },
};

}  // namespace

std::span<const CommandRow> hash_edit_commands() { return kRows; }

}  // namespace tarn
