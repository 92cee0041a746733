// Commands that take a string for a number.

#include <cmath>
#include <limits>

#include "core/base/numbers.h"
#include "core/keyspace/keyspace.h"
#include "server/commands/families.h"
#include "server/commands/ttl_option.h"
#include "server/commands/value_access.h"
#include "server/engine/args.h"

namespace tarn {
namespace {

constexpr std::string_view kDecrementOverflow = "ERR decrement would overflow";
constexpr std::string_view kNotFinite = "ERR increment would produce NaN or Infinity";

// A missing key counts as 0. Returns false where the value is no integer.
bool read_integer(const Entry* entry, std::int64_t& value) {
  if (entry == nullptr) {
    value = 0;
    return true;
  }
  if (entry->string_encoding() == StringEncoding::kInteger) {
    value = entry->integer();
    return true;
  }
  return parse_int64(StringView(*entry), value);
}

void increment(Call& call, std::int64_t by) {
  const Key key = call.key(1);
  const Entry* entry = call.db().find_for_update(key);
  if (wrong_type(call, entry, Type::kString)) return;
  std::int64_t value = 0;
  if (!read_integer(entry, value)) return call.reply.error(errors::kNotInteger);
  if (__builtin_add_overflow(value, by, &value)) return call.reply.error(errors::kOverflow);
  const std::uint32_t client_flags = entry == nullptr ? 0 : entry->client_flags();
  call.db().set_integer(key, value, Ttl::keep(), {.client_flags = client_flags});
  call.notify(kNotifyString, "incrby", key.bytes);
  call.reply.integer(value);
}

void incr(Call& call) { increment(call, 1); }
void decr(Call& call) { increment(call, -1); }

void incrby(Call& call) {
  ArgReader args(call, 2);
  const std::int64_t by = args.integer();
  if (args.failed()) return;
  increment(call, by);
}

void decrby(Call& call) {
  ArgReader args(call, 2);
  const std::int64_t by = args.integer();
  if (by == std::numeric_limits<std::int64_t>::min()) args.fail(kDecrementOverflow);
  if (args.failed()) return;
  increment(call, -by);
}

// Stores the text of a result. Unlike other digits it stays text, even where it spells an integer:
// clients see that in OBJECT ENCODING.
void store_as_text(Keyspace& db, const Key& key, std::string_view text) {
  text.copy(db.edit_string(key, text.size()), text.size());
  Entry* entry = db.peek(key);
  if (entry->string_encoding() == StringEncoding::kEdited) {
    entry->set_type(Type::kString, StringEncoding::kEmbedded);
  }
}

void incrbyfloat(Call& call) {
  const Key key = call.key(1);
  const Entry* entry = call.db().find_for_update(key);
  if (wrong_type(call, entry, Type::kString)) return;
  long double value = 0;
  if (entry != nullptr && !parse_long_double(StringView(*entry), value)) {
    return call.reply.error(errors::kNotFloat);
  }
  ArgReader args(call, 2);
  value += args.real();
  if (!std::isfinite(value)) args.fail(kNotFinite);
  if (args.failed()) return;
  const std::string text = format_long_double_human(value);
  store_as_text(call.db(), key, text);
  const std::uint32_t client_flags = call.db().peek(key)->client_flags();
  propagate_set(call, key.bytes, text, Ttl::keep(), client_flags);
  call.notify(kNotifyString, "incrbyfloat", key.bytes);
  call.reply.bulk(text);
}

constexpr CommandRow kRows[] = {
    {
        .name = "incr",
        .handler = incr,
        .arity = 2,
        .flags = kWrite | kDenyOom | kFast,
        .categories = kStringCategory,
        .keys = {key_at(1, kRW | kAccess | kUpdate)},
        .group = "string",
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Adds one to the integer that a key holds",
        .syntax = "key",
    },
    {
        .name = "decr",
        .handler = decr,
        .arity = 2,
        .flags = kWrite | kDenyOom | kFast,
        .categories = kStringCategory,
        .keys = {key_at(1, kRW | kAccess | kUpdate)},
        .group = "string",
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Subtracts one from the integer that a key holds",
        .syntax = "key",
    },
    {
        .name = "incrby",
        .handler = incrby,
        .arity = 3,
        .flags = kWrite | kDenyOom | kFast,
        .categories = kStringCategory,
        .keys = {key_at(1, kRW | kAccess | kUpdate)},
        .group = "string",
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Adds to the integer that a key holds",
        .syntax = "key increment",
    },
    {
        .name = "decrby",
        .handler = decrby,
        .arity = 3,
        .flags = kWrite | kDenyOom | kFast,
        .categories = kStringCategory,
        .keys = {key_at(1, kRW | kAccess | kUpdate)},
        .group = "string",
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Subtracts from the integer that a key holds",
        .syntax = "key decrement",
    },
    {
        .name = "incrbyfloat",
        .handler = incrbyfloat,
        .arity = 3,
        .flags = kWrite | kDenyOom | kFast,
        .categories = kStringCategory,
        .keys = {key_at(1, kRW | kAccess | kUpdate)},
        .group = "string",
        .since = "2.6.0",
        .complexity = "O(1)",
        .summary = "Adds to the decimal number that a key holds",
        .syntax = "key increment:double",
    },
};

}  // namespace

std::span<const CommandRow> string_number_commands() { return kRows; }

}  // namespace tarn
