// What hashes are asked for.

#include "server/commands/families.h"
#include "server/commands/gradual_reply.h"
#include "server/commands/hash_access.h"

namespace tarn {
namespace {

void hget(Call& call) {
  const auto hash = find_hash(call);
  if (!hash) return;
  HashView::Scratch scratch;
  write_value(call.reply, hash->get(call.args[2], scratch));
}

void hmget(Call& call) {
  const auto hash = find_hash(call);
  if (!hash) return;
  const std::span fields = call.args.subspan(2);
  call.reply.array(fields.size());
  hash->get_each(
      fields, [&call](std::optional<std::string_view> value) { write_value(call.reply, value); });
}

// Replies with all fields, each by write(Reply&, field, value).
template <class Write>
void reply_fields(Call& call, const HashView& hash, Write write) {
  if (!worth_writing_gradually(hash.large_collection(), hash.size())) {
    return hash.for_each([&](std::string_view field, std::string_view value, std::int64_t) {
      write(call.reply, field, value);
    });
  }
  const auto write_some = [hash, write, progress = LargeHash::Progress()](
                              Reply& reply, std::size_t enough) mutable {
    return hash.for_some(progress, [&](std::string_view field, std::string_view value) {
      write(reply, field, value);
      return !has_written(reply, enough);
    });
  };
  reply_gradually(call, hash.large_collection(), write_some);
}

void hgetall(Call& call) {
  const auto hash = find_hash(call);
  if (!hash) return;
  call.reply.map(hash->size());
  reply_fields(call, *hash, [](Reply& reply, std::string_view field, std::string_view value) {
    reply.bulk(field);
    reply.bulk(value);
  });
}

void hkeys(Call& call) {
  const auto hash = find_hash(call);
  if (!hash) return;
  call.reply.array(hash->size());
  reply_fields(call, *hash,
               [](Reply& reply, std::string_view field, std::string_view) { reply.bulk(field); });
}

void hvals(Call& call) {
  const auto hash = find_hash(call);
  if (!hash) return;
  call.reply.array(hash->size());
  reply_fields(call, *hash,
               [](Reply& reply, std::string_view, std::string_view value) { reply.bulk(value); });
}

void hlen(Call& call) {
  const auto hash = find_hash(call);
  if (!hash) return;
  call.reply.integer(static_cast<std::int64_t>(hash->size()));
}

void hexists(Call& call) {
  const auto hash = find_hash(call);
  if (!hash) return;
  call.reply.integer(hash->contains(call.args[2]) ? 1 : 0);
}

void hstrlen(Call& call) {
  const auto hash = find_hash(call);
  if (!hash) return;
  HashView::Scratch scratch;
  const std::string_view value = hash->get(call.args[2], scratch).value_or("");
  call.reply.integer(static_cast<std::int64_t>(value.size()));
}

constexpr CommandRow kRows[] = {
    {
        .name = "hget",
        .handler = hget,
        .arity = 3,
        .flags = kReadonly | kFast,
        .categories = kHashCategory,
        .keys = {key_at(1, kRO | kAccess)},
        .group = "hash",
        .since = "2.0.0",
        .complexity = "O(1)",
        .summary = "Returns the value of a field of a hash",
        .syntax = "key field",
    },
    {
        .name = "hmget",
        .handler = hmget,
        .arity = -3,
        .flags = kReadonly | kFast,
        .categories = kHashCategory,
        .keys = {key_at(1, kRO | kAccess)},
        .group = "hash",
        .since = "2.0.0",
        .complexity = "O(N) for N fields",
        .summary = "Returns the values of fields of a hash",
        .syntax = "key field [field ...]",
    },
    {
        .name = "hgetall",
        .handler = hgetall,
        .arity = 2,
        .flags = kReadonly,
        .categories = kHashCategory,
        .keys = {key_at(1, kRO | kAccess)},
        .group = "hash",
        .since = "2.0.0",
        .complexity = "O(N) for a hash of N fields",
        .summary = "Returns all fields of a hash and their values",
        .syntax = "key",
        .tips = "nondeterministic_output_order",
    },
    {
        .name = "hkeys",
        .handler = hkeys,
        .arity = 2,
        .flags = kReadonly,
        .categories = kHashCategory,
        .keys = {key_at(1, kRO | kAccess)},
        .group = "hash",
        .since = "2.0.0",
        .complexity = "O(N) for a hash of N fields",
        .summary = "Returns all fields of a hash",
        .syntax = "key",
        .tips = "nondeterministic_output_order",
    },
    {
        .name = "hvals",
        .handler = hvals,
        .arity = 2,
        .flags = kReadonly,
        .categories = kHashCategory,
        .keys = {key_at(1, kRO | kAccess)},
        .group = "hash",
        .since = "2.0.0",
        .complexity = "O(N) for a hash of N fields",
        .summary = "Returns the values of all fields of a hash",
        .syntax = "key",
        .tips = "nondeterministic_output_order",
    },
    {
        .name = "hlen",
        .handler = hlen,
        .arity = 2,
        .flags = kReadonly | kFast,
        .categories = kHashCategory,
        .keys = {key_at(1, kRO)},
        .group = "hash",
        .since = "2.0.0",
        .complexity = "O(1)",
        .summary = "Counts the fields of a hash",
        .syntax = "key",
    },
    {
        .name = "hexists",
        .handler = hexists,
        .arity = 3,
        .flags = kReadonly | kFast,
        .categories = kHashCategory,
        .keys = {key_at(1, kRO)},
        .group = "hash",
        .since = "2.0.0",
        .complexity = "O(1)",
        .summary = "Tells whether a hash has a field",
        .syntax = "key field",
    },
    {
        .name = "hstrlen",
        .handler = hstrlen,
        .arity = 3,
        .flags = kReadonly | kFast,
        .categories = kHashCategory,
        .keys = {key_at(1, kRO)},
        .group = "hash",
        .since = "3.2.0",
        .complexity = "O(1)",
        .summary = "Returns the length of the value of a field of a hash",
        .syntax = "key field",
    },
};

}  // namespace

std::span<const CommandRow> hash_commands() { return kRows; }

}  // namespace tarn
