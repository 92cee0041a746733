// Commands on the strings of many keys at once.

#include <limits>

#include "core/keyspace/keyspace.h"
#include "server/commands/families.h"
#include "server/commands/ttl_option.h"
#include "server/commands/value_access.h"
#include "server/engine/args.h"

namespace tarn {
namespace {

constexpr std::string_view kBadKeyCount = "ERR invalid numkeys value";
constexpr std::string_view kBadPairs = "ERR wrong number of key-value pairs";

// Keys and values in turn, at the arguments from `begin` to before `end`.
struct Pairs {
  std::size_t begin;
  std::size_t end;

  bool any_exists(Call& call) const {
    for (std::size_t i = begin; i < end; i += 2) {
      if (call.db().find_for_update(call.key(i)) != nullptr) return true;
    }
    return false;
  }
  bool all_exist(Call& call) const {
    for (std::size_t i = begin; i < end; i += 2) {
      if (call.db().find_for_update(call.key(i)) == nullptr) return false;
    }
    return true;
  }
  void tell(Call& call, Ttl ttl) const {
    for (std::size_t i = begin; i < end; i += 2) {
      propagate_set(call, call.args[i], call.args[i + 1], ttl);
    }
  }
  // Of a key that is named twice, the last value counts.
  void store(Call& call, Ttl ttl) const {
    for (std::size_t i = begin; i < end; i += 2) {
      store_argument(call, call.key(i), i + 1, ttl);
      call.notify(kNotifyString, "set", call.args[i]);
      if (ttl.deadline_ms()) call.notify(kNotifyGeneric, "expire", call.args[i]);
    }
  }
};

// The pairs that all the arguments are. Where one lacks its value, the error has been sent.
std::optional<Pairs> all_arguments(Call& call) {
  if (call.args.size() % 2 == 1) return Pairs{1, call.args.size()};
  refuse_argument_count(call);
  return std::nullopt;
}

// Keys of other types count as missing.
void mget(Call& call) {
  call.reply.array(call.args.size() - 1);
  for (std::size_t i = 1; i < call.args.size(); ++i) {
    const Entry* entry = call.db().find(call.key(i));
    if (entry != nullptr && entry->type() == Type::kString) {
      call.reply.value(*entry);
    } else {
      call.reply.null();
    }
  }
}

void mset(Call& call) {
  const std::optional<Pairs> pairs = all_arguments(call);
  if (!pairs) return;
  pairs->store(call, Ttl::none());
  call.reply.ok();
}

void msetnx(Call& call) {
  const std::optional<Pairs> pairs = all_arguments(call);
  if (!pairs) return;
  if (pairs->any_exists(call)) return call.reply.integer(0);
  pairs->store(call, Ttl::none());
  call.reply.integer(1);
}

// Takes the count and as many pairs.
Pairs read_counted_pairs(ArgReader& args) {
  constexpr std::int64_t kMaxPairs = std::numeric_limits<std::int32_t>::max();
  const auto count = static_cast<std::size_t>(args.integer_in(1, kMaxPairs, kBadKeyCount));
  if (args.ok() && args.remaining() < 2 * count) args.fail(kBadPairs);
  const Pairs pairs{args.position(), args.position() + 2 * count};
  while (args.ok() && args.position() < pairs.end) args.next();
  return pairs;
}

void msetex(Call& call) {
  ArgReader args(call, 1);
  const Pairs pairs = read_counted_pairs(args);
  bool nx = false;
  bool xx = false;
  TtlOption ttl_option;
  while (args.ok() && !args.at_end()) {
    if (!xx && args.accept("nx")) {
      nx = true;
    } else if (!nx && args.accept("xx")) {
      xx = true;
    } else if (!ttl_option.accept(args, TtlOption::Kind::kKeepTtl)) {
      args.fail_syntax();
    }
  }
  if (args.failed()) return;
  const std::optional<Ttl> ttl = ttl_option.resolve(call);
  if (!ttl) return;

  const bool refused = (nx && pairs.any_exists(call)) || (xx && !pairs.all_exist(call));
  if (!refused) {
    pairs.store(call, *ttl);
    pairs.tell(call, *ttl);
  }
  call.reply.integer(refused ? 0 : 1);
}

constexpr CommandRow kRows[] = {
    {
        .name = "mget",
        .handler = mget,
        .arity = -2,
        .flags = kReadonly | kFast,
        .categories = kStringCategory,
        .keys = {keys_from(1, -1, 1, kRO | kAccess)},
        .group = "string",
        .since = "1.0.0",
        .complexity = "O(N) where N is the number of keys",
        .summary = "Returns the strings that keys hold",
        .syntax = "key [key ...]",
        .tips = "request_policy:multi_shard",
    },
    {
        .name = "mset",
        .handler = mset,
        .arity = -3,
        .flags = kWrite | kDenyOom,
        .categories = kStringCategory,
        .keys = {keys_from(1, -1, 2, kOW | kUpdate)},
        .group = "string",
        .since = "1.0.1",
        .complexity = "O(N) where N is the number of keys",
        .summary = "Gives keys string values, all at once",
        .syntax = "key value [key value ...]",
        .tips = "request_policy:multi_shard response_policy:all_succeeded",
    },
    {
        .name = "msetnx",
        .handler = msetnx,
        .arity = -3,
        .flags = kWrite | kDenyOom,
        .categories = kStringCategory,
        .keys = {keys_from(1, -1, 2, kOW | kInsert)},
        .group = "string",
        .since = "1.0.1",
        .complexity = "O(N) where N is the number of keys",
        .summary = "Gives keys string values, all at once, unless any of the keys exists",
        .syntax = "key value [key value ...]",
        .tips = "request_policy:multi_shard response_policy:agg_min",
    },
    {
        .name = "msetex",
        .handler = msetex,
        .arity = -4,
        .flags = kWrite | kDenyOom,
        .categories = kStringCategory,
        .keys = {{{.flags = kOW | kUpdate,
                   .begin = KeySpec::Begin::kIndex,
                   .index = 1,
                   .find = KeySpec::Find::kKeyCount,
                   .step = 2,
                   .key_count_index = 0,
                   .first_key_offset = 1}}},
        .group = "string",
        .since = "8.4.0",
        .complexity = "O(N) where N is the number of keys",
        .summary = "Gives keys string values and one deadline, all at once",
        .syntax = "numkeys key value [key value ...] [NX|XX] [EX seconds|PX milliseconds|"
                  "EXAT unix-time-seconds|PXAT unix-time-milliseconds|KEEPTTL]",
        .tips = "request_policy:multi_shard response_policy:all_succeeded",
    },
};

}  // namespace

std::span<const CommandRow> string_multi_commands() { return kRows; }

}  // namespace tarn
