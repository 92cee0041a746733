// Commands that replace the value of one key: SET and its older forms.

#include <algorithm>
#include <iterator>
#include <limits>

#include "core/keyspace/keyspace.h"
#include "server/commands/families.h"
#include "server/commands/ttl_option.h"
#include "server/commands/value_access.h"
#include "server/commands/value_condition.h"
#include "server/engine/args.h"

namespace tarn {
namespace {

constexpr std::string_view kFlagsOutOfRange = "ERR flags are out of range, must be 0 to 4294967295";

// What may follow SET key value.
struct SetOptions {
  enum class Existence : std::uint8_t { kAny, kMissing, kPresent };

  Existence existence = Existence::kAny;
  std::optional<ValueCondition> condition;
  TtlOption ttl;
  bool get = false;
  std::optional<std::uint32_t> client_flags;
  bool stale = false;

  void read(ArgReader& args);
  bool allow(const Entry* entry) const;

 private:
  bool accept_item_option(ArgReader& args);
  bool accept_condition(ArgReader& args);
  bool accept_existence(ArgReader& args, std::string_view word, Existence wanted);
};

void SetOptions::read(ArgReader& args) {
  while (args.ok() && !args.at_end()) {
    if (args.accept("get")) {
      get = true;
    } else if (!accept_condition(args) && !ttl.accept(args, TtlOption::Kind::kKeepTtl) &&
               !accept_item_option(args)) {
      args.fail_syntax();
    }
  }
}

// What memcached's clients see beside the value. No options of Redis; the append-only file needs
// them.
bool SetOptions::accept_item_option(ArgReader& args) {
  if (!stale && args.accept("stale")) return stale = true;
  if (client_flags || !args.accept("flags", 1)) return false;
  client_flags = static_cast<std::uint32_t>(
      args.integer_in(0, std::numeric_limits<std::uint32_t>::max(), kFlagsOutOfRange));
  return true;
}

// One condition at most, though NX or XX may be repeated.
bool SetOptions::accept_condition(ArgReader& args) {
  if (condition) return false;
  if (accept_existence(args, "nx", Existence::kMissing)) return true;
  if (accept_existence(args, "xx", Existence::kPresent)) return true;
  if (existence != Existence::kAny) return false;
  condition = ValueCondition::accept(args);
  return condition.has_value();
}

bool SetOptions::accept_existence(ArgReader& args, std::string_view word, Existence wanted) {
  if (existence != Existence::kAny && existence != wanted) return false;
  if (!args.accept(word)) return false;
  existence = wanted;
  return true;
}

bool SetOptions::allow(const Entry* entry) const {
  switch (existence) {
    case Existence::kMissing: return entry == nullptr;
    case Existence::kPresent: return entry != nullptr;
    case Existence::kAny: break;
  }
  return !condition || condition->holds(entry);
}

// The reply to GET, if it is asked for, is the old value whether or not it was replaced.
void set_with_options(Call& call) {
  ArgReader args(call, 3);
  SetOptions options;
  options.read(args);
  if (args.failed()) return;
  const std::optional<Ttl> ttl = options.ttl.resolve(call);
  if (!ttl) return;

  const Key key = call.key(1);
  const Entry* old = options.get ? call.db().find(key) : call.db().find_for_update(key);
  if ((options.get || options.condition) && wrong_type(call, old, Type::kString)) return;
  if (options.condition && options.condition->not_comparable(call, old)) return;
  if (options.get) old != nullptr ? call.reply.value(*old) : call.reply.null();
  if (!options.allow(old)) {
    if (!options.get) call.reply.null();
    return;
  }
  const std::uint32_t client_flags = options.client_flags.value_or(0);
  set_argument(call, key, 2, *ttl, {.client_flags = client_flags});
  if (options.stale) call.db().peek(key)->mark_stale();
  propagate_set(call, key.bytes, call.args[2], *ttl, client_flags, options.stale);
  if (!options.get) call.reply.ok();
}

// The old value is read only for GET and for conditions on it.
bool find_set_keys(std::span<const std::string_view> args, std::vector<FoundKey>& keys) {
  constexpr std::string_view kReading[] = {"get", "ifeq", "ifne", "ifdeq", "ifdne"};
  const bool reads = std::any_of(args.begin() + 3, args.end(), [&](std::string_view arg) {
    return std::any_of(std::begin(kReading), std::end(kReading),
                       [arg](std::string_view word) { return equals_ignoring_case(arg, word); });
  });
  keys.push_back({1, static_cast<std::uint16_t>(reads ? kRW | kAccess | kUpdate : kOW | kUpdate)});
  return true;
}

void set(Call& call) {
  if (call.args.size() > 3) return set_with_options(call);
  set_argument(call, call.key(1), 2, Ttl::none());
  call.reply.ok();
}

void setnx(Call& call) {
  const Key key = call.key(1);
  if (call.db().find_for_update(key) != nullptr) return call.reply.integer(0);
  set_argument(call, key, 2, Ttl::none());
  call.reply.integer(1);
}

void set_with_amount(Call& call, TtlOption::Kind kind) {
  const std::optional<Ttl> ttl = TtlOption(kind, call.args[2]).resolve(call);
  if (!ttl) return;
  set_argument(call, call.key(1), 3, *ttl);
  propagate_set(call, call.args[1], call.args[3], *ttl);
  call.reply.ok();
}

void setex(Call& call) { set_with_amount(call, TtlOption::Kind::kEx); }
void psetex(Call& call) { set_with_amount(call, TtlOption::Kind::kPx); }

void getset(Call& call) {
  const Key key = call.key(1);
  const Entry* old = call.db().find(key);
  if (wrong_type(call, old, Type::kString)) return;
  old != nullptr ? call.reply.value(*old) : call.reply.null();
  set_argument(call, key, 2, Ttl::none());
}

constexpr CommandRow kRows[] = {
    {
        .name = "set",
        .handler = set,
        .arity = -3,
        .flags = kWrite | kDenyOom,
        .categories = kStringCategory,
        .keys = {{{.flags = kRW | kAccess | kUpdate | kVariableFlags,
                   .begin = KeySpec::Begin::kIndex,
                   .index = 1,
                   .notes = "RW and ACCESS due to the optional `GET` argument"}}},
        .find_keys = find_set_keys,
        .group = "string",
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Gives a key a string value, whatever it held before",
        .syntax =
            "key value "
            "[NX|XX|IFEQ ifeq-value@8.4.0|IFNE ifne-value@8.4.0|IFDEQ ifdeq-digest@8.4.0|"
            "IFDNE ifdne-digest@8.4.0]@2.6.12 "
            "[GET]@6.2.0 [EX seconds@2.6.12|PX milliseconds@2.6.12|EXAT unix-time-seconds@6.2.0|"
            "PXAT unix-time-milliseconds@6.2.0|KEEPTTL@6.0.0] [FLAGS client-flags] [STALE]",
        .history = "2.6.12: Added the `EX`, `PX`, `NX` and `XX` options.\n"
                   "6.0.0: Added the `KEEPTTL` option.\n"
                   "6.2.0: Added the `GET`, `EXAT` and `PXAT` option.\n"
                   "7.0.0: Allowed the `NX` and `GET` options to be used together.\n"
                   "8.4.0: Added the `IFEQ`, `IFNE`, `IFDEQ` and `IFDNE` options.",
    },
    {
        .name = "setnx",
        .handler = setnx,
        .arity = 3,
        .flags = kWrite | kDenyOom | kFast,
        .categories = kStringCategory,
        .keys = {key_at(1, kOW | kInsert)},
        .group = "string",
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Gives a key a string value unless it exists",
        .syntax = "key value",
    },
    {
        .name = "setex",
        .handler = setex,
        .arity = 4,
        .flags = kWrite | kDenyOom,
        .categories = kStringCategory,
        .keys = {key_at(1, kOW | kUpdate)},
        .group = "string",
        .since = "2.0.0",
        .complexity = "O(1)",
        .summary = "Gives a key a string value and a time to live in seconds",
        .syntax = "key seconds value",
    },
    {
        .name = "psetex",
        .handler = psetex,
        .arity = 4,
        .flags = kWrite | kDenyOom,
        .categories = kStringCategory,
        .keys = {key_at(1, kOW | kUpdate)},
        .group = "string",
        .since = "2.6.0",
        .complexity = "O(1)",
        .summary = "Gives a key a string value and a time to live in milliseconds",
        .syntax = "key milliseconds value",
    },
    {
        .name = "getset",
        .handler = getset,
        .arity = 3,
        .flags = kWrite | kDenyOom | kFast,
        .categories = kStringCategory,
        .keys = {key_at(1, kRW | kAccess | kUpdate)},
        .group = "string",
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Gives a key a string value and returns the one before",
        .syntax = "key value",
        .deprecated_since = "6.2.0",
        .replaced_by = "`SET` with the `!GET` argument",
    },
};

}  // namespace

std::span<const CommandRow> string_set_commands() { return kRows; }

}  // namespace tarn
