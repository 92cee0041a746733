#include <string>

#include <fmt/core.h>

#include "server/commands/families.h"
#include "server/commands/key_lookup.h"
#include "server/commands/ttl_option.h"
#include "server/engine/args.h"
#include "server/engine/echo.h"

// Deadlines of keys: setting, asking, removing.

namespace tarn {
namespace {

enum class Unit : std::uint8_t { kSeconds, kMilliseconds };

// NX, XX, GT and LT of EXPIRE and its kin: when a new deadline is to be taken. No deadline counts
// as one infinitely far away.
class DeadlineCondition {
 public:
  // Returns false, and has replied, where the arguments from `first` on are something else or
  // contradict each other.
  bool read(Call& call, std::size_t first);
  bool allows(const Entry& entry, std::int64_t deadline_ms) const;

 private:
  bool if_none_ = false;
  bool if_any_ = false;
  bool if_later_ = false;
  bool if_sooner_ = false;
};

bool DeadlineCondition::read(Call& call, std::size_t first) {
  ArgReader args(call, first);
  while (!args.at_end()) {
    bool* condition = args.accept("nx")   ? &if_none_
                      : args.accept("xx") ? &if_any_
                      : args.accept("gt") ? &if_later_
                      : args.accept("lt") ? &if_sooner_
                                          : nullptr;
    if (condition == nullptr) {
      call.reply.error(fmt::format("ERR Unsupported option {}", echo(args.next())));
      return false;
    }
    *condition = true;
  }
  if (if_none_ && (if_any_ || if_later_ || if_sooner_)) {
    args.fail("ERR NX and XX, GT or LT options at the same time are not compatible");
  } else if (if_later_ && if_sooner_) {
    args.fail("ERR GT and LT options at the same time are not compatible");
  }
  return !args.failed();
}

bool DeadlineCondition::allows(const Entry& entry, std::int64_t deadline_ms) const {
  if (!entry.has_deadline()) return !if_any_ && !if_later_;
  if (if_later_) return deadline_ms > entry.deadline_ms();
  if (if_sooner_) return deadline_ms < entry.deadline_ms();
  return !if_none_;
}

// A deadline that has passed deletes the key at once.
void expire_at(Call& call, Unit unit, std::int64_t base_ms) {
  DeadlineCondition condition;
  if (!condition.read(call, 3)) return;
  ArgReader args(call, 2);
  std::int64_t deadline_ms = args.integer();
  if (args.failed()) return;
  if ((unit == Unit::kSeconds && __builtin_mul_overflow(deadline_ms, 1000, &deadline_ms)) ||
      __builtin_add_overflow(deadline_ms, base_ms, &deadline_ms)) {
    return reply_invalid_expire_time(call);
  }

  const Key key = call.key(1);
  const Entry* entry = call.db().find_for_update(key);
  if (entry == nullptr || !condition.allows(*entry, deadline_ms)) return call.reply.integer(0);
  if (call.has_passed(deadline_ms)) {
    call.db().erase(key);
    call.propagate_as({"DEL", key.bytes});
    call.notify(kNotifyGeneric, "del", key.bytes);
  } else {
    call.db().set_deadline(key, deadline_ms);
    if (call.propagates()) {
      call.propagate_as({"PEXPIREAT", key.bytes, std::to_string(deadline_ms)});
    }
    call.notify(kNotifyGeneric, "expire", key.bytes);
  }
  call.reply.integer(1);
}

void expire(Call& call) { expire_at(call, Unit::kSeconds, call.now_ms()); }
void pexpire(Call& call) { expire_at(call, Unit::kMilliseconds, call.now_ms()); }
void expireat(Call& call) { expire_at(call, Unit::kSeconds, 0); }
void pexpireat(Call& call) { expire_at(call, Unit::kMilliseconds, 0); }

// Seconds are the milliseconds rounded to the nearest.
void reply_time(Call& call, Unit unit, std::int64_t base_ms) {
  constexpr std::int64_t kNoKey = -2;
  constexpr std::int64_t kNoDeadline = -1;
  const Entry* entry = look_for(call, call.key(1));
  if (entry == nullptr) return call.reply.integer(kNoKey);
  if (!entry->has_deadline()) return call.reply.integer(kNoDeadline);
  const std::int64_t time_ms = entry->deadline_ms() - base_ms;
  call.reply.integer(
      unit == Unit::kMilliseconds ? time_ms : time_ms / 1000 + (time_ms % 1000 >= 500 ? 1 : 0));
}

void ttl(Call& call) { reply_time(call, Unit::kSeconds, call.now_ms()); }
void pttl(Call& call) { reply_time(call, Unit::kMilliseconds, call.now_ms()); }
void expiretime(Call& call) { reply_time(call, Unit::kSeconds, 0); }
void pexpiretime(Call& call) { reply_time(call, Unit::kMilliseconds, 0); }

void persist(Call& call) {
  const Key key = call.key(1);
  call.db().find_for_update(key);
  const bool cleared = call.db().clear_deadline(key);
  if (cleared) call.notify(kNotifyGeneric, "persist", key.bytes);
  call.reply.integer(cleared);
}

constexpr std::string_view kConditionHistory = "7.0.0: Added options: `NX`, `XX`, `GT` and `LT`.";

constexpr CommandRow kRows[] = {
    {
        .name = "expire",
        .handler = expire,
        .arity = -3,
        .flags = kWrite | kFast,
        .categories = kKeyspaceCategory,
        .keys = {key_at(1, kRW | kUpdate)},
        .group = "generic",
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Sets a key's time to live, in seconds",
        .syntax = "key seconds [NX|XX|GT|LT]@7.0.0",
        .history = kConditionHistory,
    },
    {
        .name = "pexpire",
        .handler = pexpire,
        .arity = -3,
        .flags = kWrite | kFast,
        .categories = kKeyspaceCategory,
        .keys = {key_at(1, kRW | kUpdate)},
        .group = "generic",
        .since = "2.6.0",
        .complexity = "O(1)",
        .summary = "Sets a key's time to live, in milliseconds",
        .syntax = "key milliseconds [NX|XX|GT|LT]@7.0.0",
        .history = kConditionHistory,
    },
    {
        .name = "expireat",
        .handler = expireat,
        .arity = -3,
        .flags = kWrite | kFast,
        .categories = kKeyspaceCategory,
        .keys = {key_at(1, kRW | kUpdate)},
        .group = "generic",
        .since = "1.2.0",
        .complexity = "O(1)",
        .summary = "Sets the Unix time, in seconds, at which a key is deleted",
        .syntax = "key unix-time-seconds [NX|XX|GT|LT]@7.0.0",
        .history = kConditionHistory,
    },
    {
        .name = "pexpireat",
        .handler = pexpireat,
        .arity = -3,
        .flags = kWrite | kFast,
        .categories = kKeyspaceCategory,
        .keys = {key_at(1, kRW | kUpdate)},
        .group = "generic",
        .since = "2.6.0",
        .complexity = "O(1)",
        .summary = "Sets the Unix time, in milliseconds, at which a key is deleted",
        .syntax = "key unix-time-milliseconds [NX|XX|GT|LT]@7.0.0",
        .history = kConditionHistory,
    },
    {
        .name = "ttl",
        .handler = ttl,
        .arity = 2,
        .flags = kReadonly | kFast,
        .categories = kKeyspaceCategory,
        .keys = {key_at(1, kRO | kAccess)},
        .group = "generic",
        .since = "1.0.0",
        .complexity = "O(1)",
        .summary = "Tells a key's time to live, in seconds",
        .syntax = "key",
        .tips = "nondeterministic_output",
        .history = "2.8.0: Added the -2 reply.",
    },
    {
        .name = "pttl",
        .handler = pttl,
        .arity = 2,
        .flags = kReadonly | kFast,
        .categories = kKeyspaceCategory,
        .keys = {key_at(1, kRO | kAccess)},
        .group = "generic",
        .since = "2.6.0",
        .complexity = "O(1)",
        .summary = "Tells a key's time to live, in milliseconds",
        .syntax = "key",
        .tips = "nondeterministic_output",
        .history = "2.8.0: Added the -2 reply.",
    },
    {
        .name = "expiretime",
        .handler = expiretime,
        .arity = 2,
        .flags = kReadonly | kFast,
        .categories = kKeyspaceCategory,
        .keys = {key_at(1, kRO | kAccess)},
        .group = "generic",
        .since = "7.0.0",
        .complexity = "O(1)",
        .summary = "Tells the Unix time, in seconds, at which a key is deleted",
        .syntax = "key",
    },
    {
        .name = "pexpiretime",
        .handler = pexpiretime,
        .arity = 2,
        .flags = kReadonly | kFast,
        .categories = kKeyspaceCategory,
        .keys = {key_at(1, kRO | kAccess)},
        .group = "generic",
        .since = "7.0.0",
        .complexity = "O(1)",
        .summary = "Tells the Unix time, in milliseconds, at which a key is deleted",
        .syntax = "key",
    },
    {
        .name = "persist",
        .handler = persist,
        .arity = 2,
        .flags = kWrite | kFast,
        .categories = kKeyspaceCategory,
        .keys = {key_at(1, kRW | kUpdate)},
        .group = "generic",
        .since = "2.2.0",
        .complexity = "O(1)",
        .summary = "Removes a key's deadline",
        .syntax = "key",
    },
};

}  // namespace

std::span<const CommandRow> key_expiry_commands() { return kRows; }

}  // namespace tarn
