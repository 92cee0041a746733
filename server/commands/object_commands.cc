#include "server/commands/families.h"
#include "server/commands/key_lookup.h"
#include "server/commands/type_names.h"
#include "server/config/config.h"
#include "server/engine/help.h"

// What is known about a key beside its value.

namespace tarn {
namespace {

constexpr std::string_view kFrequencyTracked =
    "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when "
    "switching between policies at runtime LRU and LFU data will take some time to adjust.";
constexpr std::string_view kFrequencyNotTracked =
    "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that "
    "when switching between policies at runtime LRU and LFU data will take some time to adjust.";

// The key's entry; nullptr where there is none, which has been replied.
const Entry* look_at_object(Call& call) {
  const Entry* entry = look_at(call, call.key(2));
  if (entry == nullptr) call.reply.null();
  return entry;
}

void object_encoding(Call& call) {
  if (const Entry* entry = look_at_object(call)) call.reply.bulk(encoding_name(*entry));
}

// Whether Redis would have kept small integers as objects that all keys share: not while eviction
// wants to know how each key is used.
bool shares_integers(const Options& options) {
  if (options.maxmemory == 0) return true;
  switch (options.maxmemory_policy) {
    case EvictionPolicy::kVolatileLru:
    case EvictionPolicy::kVolatileLfu:
    case EvictionPolicy::kAllKeysLru:
    case EvictionPolicy::kAllKeysLfu: return false;
    default: return true;
  }
}

void object_refcount(Call& call) {
  constexpr std::int64_t kSharedIntegers = 10'000;
  constexpr std::int64_t kSharedReferences = 2147483647;
  const Entry* entry = look_at_object(call);
  if (entry == nullptr) return;
  const bool shared = entry->type() == Type::kString &&
                      entry->string_encoding() == StringEncoding::kInteger &&
                      entry->integer() >= 0 && entry->integer() < kSharedIntegers &&
                      shares_integers(call.feature<const Config>().options());
  call.reply.integer(shared ? kSharedReferences : 1);
}

void object_idletime(Call& call) {
  const Entry* entry = look_at_object(call);
  if (entry == nullptr) return;
  const AccessPolicy& policy = call.databases.access_policy();
  if (policy.tracks_frequency) return call.reply.error(kFrequencyTracked);
  call.reply.integer(policy.idle_seconds(entry->access(), call.now_ms()));
}

void object_freq(Call& call) {
  const Entry* entry = look_at_object(call);
  if (entry == nullptr) return;
  const AccessPolicy& policy = call.databases.access_policy();
  if (!policy.tracks_frequency) return call.reply.error(kFrequencyNotTracked);
  call.reply.integer(policy.frequency(entry->access(), call.now_ms()));
}

constexpr CommandRow kObject[] = {
    {
        .name = "encoding",
        .handler = object_encoding,
        .arity = 3,
        .flags = kReadonly,
        .categories = kKeyspaceCategory,
        .keys = {key_at(2, kRO)},
        .group = "generic",
        .since = "2.2.3",
        .complexity = "O(1)",
        .summary = "Names the way in which a key's value is stored",
        .syntax = "key",
        .tips = "nondeterministic_output",
    },
    {
        .name = "freq",
        .handler = object_freq,
        .arity = 3,
        .flags = kReadonly,
        .categories = kKeyspaceCategory,
        .keys = {key_at(2, kRO)},
        .group = "generic",
        .since = "4.0.0",
        .complexity = "O(1)",
        .summary = "Tells the logarithmic counter of a key's uses, under an LFU maxmemory-policy",
        .syntax = "key",
        .tips = "nondeterministic_output",
    },
    {
        .name = "idletime",
        .handler = object_idletime,
        .arity = 3,
        .flags = kReadonly,
        .categories = kKeyspaceCategory,
        .keys = {key_at(2, kRO)},
        .group = "generic",
        .since = "2.2.3",
        .complexity = "O(1)",
        .summary = "Tells for how many seconds a key has not been used",
        .syntax = "key",
        .tips = "nondeterministic_output",
    },
    {
        .name = "refcount",
        .handler = object_refcount,
        .arity = 3,
        .flags = kReadonly,
        .categories = kKeyspaceCategory,
        .keys = {key_at(2, kRO)},
        .group = "generic",
        .since = "2.2.3",
        .complexity = "O(1)",
        .summary = "Tells how many keys share a value, as Redis would count",
        .syntax = "key",
        .tips = "nondeterministic_output",
    },
    {
        .name = "help",
        .handler = reply_help,
        .arity = 2,
        .flags = kLoading | kStale,
        .categories = kKeyspaceCategory,
        .group = "generic",
        .since = "6.2.0",
        .complexity = "O(1)",
        .summary = "Prints this help",
    },
};

constexpr CommandRow kRows[] = {
    {
        .name = "object",
        .arity = -2,
        .group = "generic",
        .since = "2.2.3",
        .complexity = "Depends on the subcommand",
        .summary = "What is known about a key beside its value",
        .subcommands = kObject,
    },
};

}  // namespace

std::span<const CommandRow> object_commands() { return kRows; }

}  // namespace tarn
