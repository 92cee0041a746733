// Commands that read a string, or change a part of it.

#include "core/keyspace/keyspace.h"
#include "server/commands/families.h"
#include "server/commands/ttl_option.h"
#include "server/commands/value_access.h"
#include "server/config/config.h"
#include "server/engine/args.h"

namespace tarn {
namespace {

constexpr std::string_view kOffsetOutOfRange = "ERR offset is out of range";

// Whether a string of `size` bytes, reached by adding `added` of them, would be too long; if so,
// the error has been sent.
bool too_long(Call& call, std::size_t size, std::size_t added) {
  std::size_t total = 0;
  if (!__builtin_add_overflow(size, added, &total) &&
      total <= call.feature<const Config>().options().proto_max_bulk_len) {
    return false;
  }
  call.reply.error(errors::kStringTooLong);
  return true;
}

void get(Call& call) {
  const Entry* entry = call.db().find(call.key(1));
  if (entry == nullptr) return call.reply.null();
  if (wrong_type(call, entry, Type::kString)) return;
  call.reply.value(*entry);
}

void getdel(Call& call) {
  const Key key = call.key(1);
  const Entry* entry = call.db().find(key);
  if (entry == nullptr) return call.reply.null();
  if (wrong_type(call, entry, Type::kString)) return;
  call.reply.value(*entry);
  call.db().erase(key);
  call.propagate_as({"DEL", key.bytes});
  call.notify(kNotifyGeneric, "del", key.bytes);
}

// A deadline that has passed deletes the key at once.
void getex(Call& call) {
  ArgReader args(call, 2);
  TtlOption ttl;
  while (!args.at_end() && ttl.accept(args, TtlOption::Kind::kPersist)) {
  }
  if (!args.at_end()) args.fail_syntax();
  if (args.failed()) return;

  const Key key = call.key(1);
  const Entry* entry = call.db().find(key);
  if (entry == nullptr) return call.reply.null();
  if (wrong_type(call, entry, Type::kString)) return;

  std::optional<std::int64_t> deadline_ms;
  if (ttl.has_amount() && !(deadline_ms = ttl.deadline_ms(call))) return;
  call.reply.value(*entry);
  if (deadline_ms && call.has_passed(*deadline_ms)) {
    call.db().erase(key);
    call.propagate_as({"DEL", key.bytes});
    call.notify(kNotifyGeneric, "del", key.bytes);
  } else if (deadline_ms) {
    call.db().set_deadline(key, *deadline_ms);
    if (call.propagates()) {
      call.propagate_as({"PEXPIREAT", key.bytes, std::to_string(*deadline_ms)});
    }
    call.notify(kNotifyGeneric, "expire", key.bytes);
  } else if (ttl.kind() == TtlOption::Kind::kPersist && call.db().clear_deadline(key)) {
    call.propagate_as({"PERSIST", key.bytes});
    call.notify(kNotifyGeneric, "persist", key.bytes);
  }
}

void strlen(Call& call) {
  const Entry* entry = call.db().find(call.key(1));
  if (wrong_type(call, entry, Type::kString)) return;
  call.reply.integer(static_cast<std::int64_t>(BytesOf(entry).size()));
}

// The bytes from `first` to `last`, both included and counted from the end where negative. An index
// before the first byte means the first byte.
std::string_view slice(std::string_view bytes, std::int64_t first, std::int64_t last) {
  const auto size = static_cast<std::int64_t>(bytes.size());
  if (first < 0 && last < 0 && first > last) return "";
  if (first < 0) first = std::max<std::int64_t>(first + size, 0);
  if (last < 0) last = std::max<std::int64_t>(last + size, 0);
  last = std::min(last, size - 1);
  if (first > last) return "";
  return bytes.substr(static_cast<std::size_t>(first), static_cast<std::size_t>(last - first + 1));
}

void getrange(Call& call) {
  ArgReader args(call, 2);
  const std::int64_t first = args.integer();
  const std::int64_t last = args.integer();
  if (args.failed()) return;

  const Entry* entry = call.db().find(call.key(1));
  if (entry == nullptr) return call.reply.bulk("");
  if (wrong_type(call, entry, Type::kString)) return;
  const StringView value(*entry);
  const std::string_view part = slice(value, first, last);
  if (entry->string_encoding() == StringEncoding::kBlob) {
    return call.reply.shared(entry->blob(), part);
  }
  call.reply.bulk(part);
}

void append(Call& call) {
  const Key key = call.key(1);
  const std::string_view added = call.args[2];
  const Entry* entry = call.db().find_for_update(key);
  if (wrong_type(call, entry, Type::kString)) return;
  if (entry == nullptr) {
    store_argument(call, key, 2, Ttl::none());
    call.notify(kNotifyString, "append", key.bytes);
    return call.reply.integer(static_cast<std::int64_t>(added.size()));
  }
  const std::size_t size = BytesOf(entry).size();
  if (too_long(call, size, added.size())) return;
  char* bytes = call.db().edit_string(key, size + added.size());
  added.copy(bytes + size, added.size());
  call.notify(kNotifyString, "append", key.bytes);
  call.reply.integer(static_cast<std::int64_t>(size + added.size()));
}

void setrange(Call& call) {
  const std::string_view part = call.args[3];
  ArgReader args(call, 2);
  const std::int64_t offset = args.integer();
  if (args.ok() && offset < 0) args.fail(kOffsetOutOfRange);
  if (args.failed()) return;

  const Key key = call.key(1);
  const Entry* entry = call.db().find_for_update(key);
  if (wrong_type(call, entry, Type::kString)) return;
  const std::size_t size = BytesOf(entry).size();
  if (part.empty()) return call.reply.integer(static_cast<std::int64_t>(size));
  const auto at = static_cast<std::size_t>(offset);
  if (too_long(call, at, part.size())) return;

  const std::size_t new_size = std::max(size, at + part.size());
  char* bytes = call.db().edit_string(key, new_size);
  part.copy(bytes + at, part.size());
  call.notify(kNotifyString, "setrange", key.bytes);
  call.reply.integer(static_cast<std::int64_t>(new_size));
}

constexpr CommandRow kRows[] = {
    {
        .name = "get",
        .handler = get,
        .arity = 2,
        .flags = kReadonly | kFast,
        .categories = kStringCategory,
        .keys = {key_at(1, kRO | kAccess)},
        .group = "string",
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Returns the string that a key holds",
        .syntax = "key",
    },
    {
        .name = "getdel",
        .handler = getdel,
        .arity = 2,
        .flags = kWrite | kFast,
        .categories = kStringCategory,
        .keys = {key_at(1, kRW | kAccess | kDelete)},
        .group = "string",
        .since = "6.2.0",
        .complexity = "O(1)",
        .summary = "Returns the string that a key holds and deletes the key",
        .syntax = "key",
    },
    {
        .name = "getex",
        .handler = getex,
        .arity = -2,
        .flags = kWrite | kFast,
        .categories = kStringCategory,
        .keys = {{{.flags = kRW | kAccess | kUpdate,
                   .begin = KeySpec::Begin::kIndex,
                   .index = 1,
                   .notes = "RW and UPDATE because it changes the TTL"}}},
        .group = "string",
        .since = "6.2.0",
        .complexity = "O(1)",
        .summary = "Returns the string that a key holds and sets or removes the key's deadline",
        .syntax = "key [EX seconds|PX milliseconds|EXAT unix-time-seconds|"
                  "PXAT unix-time-milliseconds|PERSIST]",
    },
    {
        .name = "strlen",
        .handler = strlen,
        .arity = 2,
        .flags = kReadonly | kFast,
        .categories = kStringCategory,
        .keys = {key_at(1, kRO)},
        .group = "string",
        .since = "2.2.0",
        .complexity = "O(1)",
        .summary = "Returns the length in bytes of the string that a key holds",
        .syntax = "key",
    },
    {
        .name = "getrange",
        .handler = getrange,
        .arity = 4,
        .flags = kReadonly,
        .categories = kStringCategory,
        .keys = {key_at(1, kRO | kAccess)},
        .group = "string",
        .since = "2.4.0",
        .complexity = "O(N) where N is the length of the part; large strings are not copied",
        .summary = "Returns a part of the string that a key holds",
        .syntax = "key start end",
    },
    {
        .name = "substr",
        .handler = getrange,
        .arity = 4,
        .flags = kReadonly,
        .categories = kStringCategory,
        .keys = {key_at(1, kRO | kAccess)},
        .group = "string",
        .since = "1.0.0",
        .complexity = "O(N) where N is the length of the part; large strings are not copied",
        .summary = "Returns a part of the string that a key holds",
        .syntax = "key start end",
        .deprecated_since = "2.0.0",
        .replaced_by = "`GETRANGE`",
    },
    {
        .name = "append",
        .handler = append,
        .arity = 3,
        .flags = kWrite | kDenyOom | kFast,
        .categories = kStringCategory,
        .keys = {key_at(1, kRW | kInsert)},
        .group = "string",
        .since = "2.0.0",
        .complexity =
            "O(N) where N is the length of the appended value, on average over many calls",
        .summary = "Adds bytes to the end of the string that a key holds",
        .syntax = "key value",
    },
    {
        .name = "setrange",
        .handler = setrange,
        .arity = 4,
        .flags = kWrite | kDenyOom,
        .categories = kStringCategory,
        .keys = {key_at(1, kRW | kUpdate)},
        .group = "string",
        .since = "2.2.0",
        .complexity =
            "O(N) where N is the length of the value, or of the gap that is filled with zeros",
        .summary = "Overwrites a part of the string that a key holds",
        .syntax = "key offset value",
    },
};

}  // namespace

std::span<const CommandRow> string_commands() { return kRows; }

}  // namespace tarn
