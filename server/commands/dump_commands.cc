// DUMP and RESTORE.

#include <algorithm>
#include <limits>
#include <optional>
#include <string>

#include "persistence/rdb/rdb_reader.h"
#include "persistence/rdb/rdb_writer.h"
#include "server/commands/families.h"
#include "server/config/config.h"
#include "server/config/value_limits.h"
#include "server/engine/args.h"

namespace tarn {
namespace {

void dump(Call& call) {
  const Entry* entry = call.db().find(call.key(1));
  if (entry == nullptr) return call.reply.null();
  call.reply.bulk(dump_payload(*entry));
}

constexpr std::int64_t kMaxInt64 = std::numeric_limits<std::int64_t>::max();
constexpr std::string_view kBusyKey = "BUSYKEY Target key name already exists.";

struct RestoreOptions {
  bool replace = false;
  bool absolute = false;
  std::optional<std::int64_t> idle_s;
  std::optional<std::int64_t> frequency;

  void read(ArgReader& args);
};

void RestoreOptions::read(ArgReader& args) {
  while (args.ok() && !args.at_end()) {
    if (args.accept("replace")) {
      replace = true;
    } else if (args.accept("absttl")) {
      absolute = true;
    } else if (!frequency && args.accept("idletime", 1)) {
      idle_s = args.integer();
      if (*idle_s < 0) args.fail("ERR Invalid IDLETIME value, must be >= 0");
    } else if (!idle_s && args.accept("freq", 1)) {
      frequency = args.integer();
      if (*frequency < 0 || *frequency > 255) {
        args.fail("ERR Invalid FREQ value, must be >= 0 and <= 255");
      }
    } else {
      args.fail_syntax();
    }
  }
}

// The deadline that the arguments ask for; 0 for none.
std::int64_t deadline_of(Call& call, const RestoreOptions& options, std::int64_t ttl_ms) {
  if (ttl_ms == 0 || options.absolute) return ttl_ms;
  const std::int64_t now_ms = call.now_ms();
  return ttl_ms > kMaxInt64 - now_ms ? kMaxInt64 : now_ms + ttl_ms;
}

void set_access(Call& call, const Key& key, const RestoreOptions& options) {
  const AccessPolicy& policy = call.databases.access_policy();
  if (policy.tracks_frequency ? !options.frequency : !options.idle_s) return;
  Entry* entry = call.db().peek(key);
  if (entry == nullptr) return;
  entry->set_access(policy.restored(call.now_ms(),
                                    std::min<std::int64_t>(options.idle_s.value_or(0), 0xff'ffff),
                                    static_cast<std::uint32_t>(options.frequency.value_or(0))));
}

void restore(Call& call) {
  ArgReader option_args(call, 4);
  RestoreOptions options;
  options.read(option_args);
  if (option_args.failed()) return;
  const Key key = call.key(1);
  if (!options.replace && call.db().contains(key)) return call.reply.error(kBusyKey);
  ArgReader args(call, 2);
  const std::int64_t ttl_ms = args.integer();
  if (ttl_ms < 0) args.fail("ERR Invalid TTL value, must be >= 0");
  if (args.failed()) return;
  const std::string_view payload = call.args[3];
  if (const auto checked = check_payload(payload); !checked) {
    return call.reply.error("ERR " + checked.error().message);
  }

  const std::int64_t deadline_ms = deadline_of(call, options, ttl_ms);
  const bool late = deadline_ms != 0 && call.has_passed(deadline_ms);
  const bool existed = call.db().contains(key);
  const auto restored =
      restore_payload(payload, value_limits(call.feature<const Config>().options()), call.db(), key,
                      deadline_ms == 0 || late ? Ttl::none() : Ttl::until(deadline_ms));
  if (!restored) return call.reply.error("ERR " + restored.error().message);
  if (late) {
    // What was there is gone, and what came was late: for others, the key was deleted. It has no
    // deadline, or it would expire instead.
    call.db().erase(key);
    if (existed) {
      call.notify(kNotifyGeneric, "del", key.bytes);
      call.propagate_as({"DEL", key.bytes});
    } else {
      call.propagate_nothing();
    }
    return call.reply.ok();
  }
  if (call.propagates()) {
    const std::string moment = std::to_string(deadline_ms);
    call.propagate_as({"RESTORE", key.bytes, moment, payload, "REPLACE", "ABSTTL"});
  }
  set_access(call, key, options);
  call.notify(kNotifyGeneric, "restore", key.bytes);
  call.reply.ok();
}

constexpr CommandRow kRows[] = {
    {
        .name = "restore",
        .handler = restore,
        .arity = -4,
        .flags = kWrite | kDenyOom,
        .categories = kKeyspaceCategory | kDangerousCategory,
        .keys = {key_at(1, kOW | kUpdate)},
        .group = "generic",
        .since = "2.6.0",
        .complexity = "O(1) to create the new key and O(N*M) to make the value, where N is the "
                      "number of its elements and M their average size; for sorted sets "
                      "O(N*M*log(N))",
        .summary = "Creates a key from what DUMP returned.",
        .syntax = "key ttl serialized-value [REPLACE]@3.0.0 [ABSTTL]@5.0.0 "
                  "[IDLETIME seconds]@5.0.0 [FREQ frequency]@5.0.0",
        .history = "3.0.0: Added the `REPLACE` modifier.\n5.0.0: Added the `ABSTTL` "
                   "modifier.\n5.0.0: Added the `IDLETIME` and `FREQ` options.",
    },
    {
        .name = "dump",
        .handler = dump,
        .arity = 2,
        .flags = kReadonly,
        .categories = kKeyspaceCategory,
        .keys = {key_at(1, kRO | kAccess)},
        .group = "generic",
        .since = "2.6.0",
        .complexity = "O(1) to access the key and additional O(N*M) to serialize it, where N is "
                      "the number of objects composing the value and M their average size. For "
                      "small string values the time complexity is thus O(1)+O(1*M) where M is "
                      "small, so simply O(1).",
        .summary = "Returns a serialized representation of the value stored at a key.",
        .syntax = "key",
        .tips = "nondeterministic_output",
    },
};

}  // namespace

std::span<const CommandRow> dump_commands() { return kRows; }

}  // namespace tarn
