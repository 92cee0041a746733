#include "server/commands/field_expiry.h"

#include <limits>

#include "core/base/numbers.h"
#include "core/keyspace/collection_edit.h"
#include "server/commands/collection_access.h"
#include "server/commands/families.h"
#include "server/commands/field_feed.h"
#include "server/commands/hash_access.h"
#include "server/commands/ttl_option.h"

// Deadlines of the fields of hashes: setting, asking, removing.

namespace tarn {

std::span<const std::string_view> next_fields(ArgReader& args, std::string_view bad_number) {
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  if (args.ok() && !args.accept("fields")) args.fail(kNoFieldsWord);
  const auto count = static_cast<std::size_t>(args.integer_in(1, kMax, bad_number));
  if (args.ok() && count != args.remaining()) {
    args.fail("ERR The `numfields` parameter must match the number of arguments");
  }
  return args.call().args.subspan(args.position());
}

std::optional<std::int64_t> field_deadline_ms(Call& call, std::string_view amount, bool in_seconds,
                                              std::int64_t base_ms) {
  std::int64_t time = 0;
  if (!parse_int64(amount, time)) {
    call.reply.error(errors::kNotInteger);
    return std::nullopt;
  }
  if (time < 0) {
    call.reply.error("ERR invalid expire time, must be >= 0");
    return std::nullopt;
  }
  const std::int64_t unit_ms = in_seconds ? 1000 : 1;
  if (time > kMaxFieldDeadlineMs / unit_ms || time * unit_ms > kMaxFieldDeadlineMs - base_ms) {
    reply_invalid_expire_time(call);
    return std::nullopt;
  }
  return time * unit_ms + base_ms;
}

namespace {

enum class Unit : std::uint8_t { kSeconds, kMilliseconds };

// What becomes of a field, as clients are told.
enum Outcome : std::int64_t {
  kNoField = -2,
  kWithoutDeadline = -1,
  kRefused = 0,
  kDone = 1,
  kDeletedAtOnce = 2,
};

void reply_no_fields(Call& call, std::size_t count) {
  call.reply.array(count);
  for (; count > 0; --count) call.reply.integer(kNoField);
}

// When a field is to get a new deadline. None counts as one infinitely far away.
enum class Condition : std::uint8_t { kNone, kMissing, kPresent, kLater, kSooner };

Condition accept_condition(ArgReader& args) {
  if (args.accept("nx")) return Condition::kMissing;
  if (args.accept("xx")) return Condition::kPresent;
  if (args.accept("gt")) return Condition::kLater;
  if (args.accept("lt")) return Condition::kSooner;
  return Condition::kNone;
}

bool allows(Condition condition, std::int64_t before_ms, std::int64_t deadline_ms) {
  const bool has_deadline = before_ms != kNoDeadline;
  switch (condition) {
    case Condition::kNone: return true;
    case Condition::kMissing: return !has_deadline;
    case Condition::kPresent: return has_deadline;
    case Condition::kLater: return has_deadline && deadline_ms > before_ms;
    case Condition::kSooner: return !has_deadline || deadline_ms < before_ms;
  }
  return false;
}

// ---- HEXPIRE and its kin

struct NewDeadline {
  Condition condition;
  std::int64_t deadline_ms;
  bool passed;

  Outcome apply(Hash& hash, std::string_view field) const {
    const std::optional<std::int64_t> before_ms = hash.view().deadline_ms(field);
    if (!before_ms) return kNoField;
    if (!allows(condition, *before_ms, deadline_ms)) return kRefused;
    if (passed) {
      hash.erase(field);
      return kDeletedAtOnce;
    }
    hash.set_deadline(field, deadline_ms);
    return kDone;
  }
};

void expire_fields(Call& call, Unit unit, std::int64_t base_ms) {
  const Key key = call.key(1);
  CollectionEdit edit(call.db(), key, Type::kHash);
  if (wrong_type(call, edit)) return;
  const auto deadline_ms = field_deadline_ms(call, call.args[2], unit == Unit::kSeconds, base_ms);
  if (!deadline_ms) return;
  ArgReader args(call, 3);
  const NewDeadline change{accept_condition(args), *deadline_ms, call.has_passed(*deadline_ms)};
  const auto fields = next_fields(args, "ERR Parameter `numFields` should be greater than 0");
  if (args.failed()) return;
  if (edit.vacant()) return reply_no_fields(call, fields.size());

  const HashLimits limits = hash_limits(call);
  Hash hash(edit, limits);
  std::size_t set = 0;
  std::size_t deleted = 0;
  FieldFeed feed(call, key.bytes);
  call.reply.array(fields.size());
  for (const std::string_view field : fields) {
    const Outcome outcome = change.apply(hash, field);
    set += outcome == kDone ? 1 : 0;
    deleted += outcome == kDeletedAtOnce ? 1 : 0;
    call.reply.integer(outcome);
    if (outcome == kDone || outcome == kDeletedAtOnce) feed.changed(field);
  }
  change.passed ? feed.told_deleted() : feed.told_deadline(*deadline_ms);
  // One of the two is 0, for all fields get the same deadline.
  commit(call, edit, set + deleted, kNotifyHash, deleted > 0 ? "hdel" : "hexpire", key.bytes);
}

void hexpire(Call& call) { expire_fields(call, Unit::kSeconds, call.now_ms()); }
void hpexpire(Call& call) { expire_fields(call, Unit::kMilliseconds, call.now_ms()); }
void hexpireat(Call& call) { expire_fields(call, Unit::kSeconds, 0); }
void hpexpireat(Call& call) { expire_fields(call, Unit::kMilliseconds, 0); }

void hpersist(Call& call) {
  const Key key = call.key(1);
  CollectionEdit edit(call.db(), key, Type::kHash);
  if (wrong_type(call, edit)) return;
  ArgReader args(call, 2);
  const auto fields = next_fields(args);
  if (args.failed()) return;
  if (edit.vacant()) return reply_no_fields(call, fields.size());

  const HashLimits limits = hash_limits(call);
  Hash hash(edit, limits);
  std::size_t persisted = 0;
  call.reply.array(fields.size());
  for (const std::string_view field : fields) {
    const std::optional<std::int64_t> before_ms = hash.view().deadline_ms(field);
    Outcome outcome = kNoField;
    if (before_ms) outcome = *before_ms == kNoDeadline ? kWithoutDeadline : kDone;
    if (outcome == kDone) {
      hash.set_deadline(field, kNoDeadline);
      ++persisted;
    }
    call.reply.integer(outcome);
  }
  commit(call, edit, persisted, kNotifyHash, "hpersist", key.bytes);
}

// ---- HTTL and its kin

// Seconds that have begun count.
void reply_times(Call& call, Unit unit, std::int64_t base_ms) {
  const auto hash = find_hash(call);
  if (!hash) return;
  ArgReader args(call, 2);
  const auto fields = next_fields(args);
  if (args.failed()) return;
  call.reply.array(fields.size());
  for (const std::string_view field : fields) {
    const std::optional<std::int64_t> deadline_ms = hash->deadline_ms(field);
    if (!deadline_ms) {
      call.reply.integer(kNoField);
    } else if (*deadline_ms == kNoDeadline) {
      call.reply.integer(kWithoutDeadline);
    } else {
      const std::int64_t time_ms = *deadline_ms - base_ms;
      call.reply.integer(unit == Unit::kMilliseconds ? time_ms : (time_ms + 999) / 1000);
    }
  }
}

void httl(Call& call) { reply_times(call, Unit::kSeconds, call.now_ms()); }
void hpttl(Call& call) { reply_times(call, Unit::kMilliseconds, call.now_ms()); }
void hexpiretime(Call& call) { reply_times(call, Unit::kSeconds, 0); }
void hpexpiretime(Call& call) { reply_times(call, Unit::kMilliseconds, 0); }

constexpr CommandRow kRows[] = {
    {
        .name = "hexpire",
        .handler = hexpire,
        .arity = -6,
        .flags = kWrite | kDenyOom | kFast,
        .categories = kHashCategory,
        .keys = {key_at(1, kRW | kUpdate)},
        .group = "hash",
        .since = "7.4.0",
        .complexity = "O(N) for N fields",
        .summary = "Sets the time to live of fields of a hash, in seconds",
        .syntax = "key seconds [NX|XX|GT|LT] fields=(FIELDS numfields:integer field [field ...])",
    },
    {
        .name = "hpexpire",
        .handler = hpexpire,
        .arity = -6,
        .flags = kWrite | kDenyOom | kFast,
        .categories = kHashCategory,
        .keys = {key_at(1, kRW | kUpdate)},
        .group = "hash",
        .since = "7.4.0",
        .complexity = "O(N) for N fields",
        .summary = "Sets the time to live of fields of a hash, in milliseconds",
        .syntax =
            "key milliseconds [NX|XX|GT|LT] fields=(FIELDS numfields:integer field [field ...])",
    },
    {
        .name = "hexpireat",
        .handler = hexpireat,
        .arity = -6,
        .flags = kWrite | kDenyOom | kFast,
        .categories = kHashCategory,
        .keys = {key_at(1, kRW | kUpdate)},
        .group = "hash",
        .since = "7.4.0",
        .complexity = "O(N) for N fields",
        .summary = "Sets the Unix time, in seconds, at which fields of a hash are deleted",
        .syntax = "key unix-time-seconds [NX|XX|GT|LT] "
                  "fields=(FIELDS numfields:integer field [field ...])",
    },
    {
        .name = "hpexpireat",
        .handler = hpexpireat,
        .arity = -6,
        .flags = kWrite | kDenyOom | kFast,
        .categories = kHashCategory,
        .keys = {key_at(1, kRW | kUpdate)},
        .group = "hash",
        .since = "7.4.0",
        .complexity = "O(N) for N fields",
        .summary = "Sets the Unix time, in milliseconds, at which fields of a hash are deleted",
        .syntax = "key unix-time-milliseconds [NX|XX|GT|LT] "
                  "fields=(FIELDS numfields:integer field [field ...])",
    },
    {
        .name = "hpersist",
        .handler = hpersist,
        .arity = -5,
        .flags = kWrite | kFast,
        .categories = kHashCategory,
        .keys = {key_at(1, kRW | kUpdate)},
        .group = "hash",
        .since = "7.4.0",
        .complexity = "O(N) for N fields",
        .summary = "Removes the deadlines of fields of a hash",
        .syntax = "key fields=(FIELDS numfields:integer field [field ...])",
    },
    {
        .name = "httl",
        .handler = httl,
        .arity = -5,
        .flags = kReadonly | kFast,
        .categories = kHashCategory,
        .keys = {key_at(1, kRO | kAccess)},
        .group = "hash",
        .since = "7.4.0",
        .complexity = "O(N) for N fields",
        .summary = "Tells the time to live of fields of a hash, in seconds",
        .syntax = "key fields=(FIELDS numfields:integer field [field ...])",
        .tips = "nondeterministic_output",
    },
    {
        .name = "hpttl",
        .handler = hpttl,
        .arity = -5,
        .flags = kReadonly | kFast,
        .categories = kHashCategory,
        .keys = {key_at(1, kRO | kAccess)},
        .group = "hash",
        .since = "7.4.0",
        .complexity = "O(N) for N fields",
        .summary = "Tells the time to live of fields of a hash, in milliseconds",
        .syntax = "key fields=(FIELDS numfields:integer field [field ...])",
        .tips = "nondeterministic_output",
    },
    {
        .name = "hexpiretime",
        .handler = hexpiretime,
        .arity = -5,
        .flags = kReadonly | kFast,
        .categories = kHashCategory,
        .keys = {key_at(1, kRO | kAccess)},
        .group = "hash",
        .since = "7.4.0",
        .complexity = "O(N) for N fields",
        .summary = "Tells the Unix time, in seconds, at which fields of a hash are deleted",
        .syntax = "key fields=(FIELDS numfields:integer field [field ...])",
    },
    {
        .name = "hpexpiretime",
        .handler = hpexpiretime,
        .arity = -5,
        .flags = kReadonly | kFast,
        .categories = kHashCategory,
        .keys = {key_at(1, kRO | kAccess)},
        .group = "hash",
        .since = "7.4.0",
        .complexity = "O(N) for N fields",
        .summary = "Tells the Unix time, in milliseconds, at which fields of a hash are deleted",
        .syntax = "key fields=(FIELDS numfields:integer field [field ...])",
    },
};

}  // namespace

std::span<const CommandRow> field_expiry_commands() { return kRows; }

}  // namespace tarn
