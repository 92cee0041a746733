#include "server/commands/command_names.h"

#include <algorithm>
#include <span>
#include <string>

#include "server/engine/args.h"
#include "server/engine/command.h"

namespace tarn {
namespace {

struct Name {
  std::uint32_t bit;
  std::string_view name;
};

// Those that are missing are for the server itself.
constexpr Name kFlagNames[] = {
    {kWrite, "write"},
    {kReadonly, "readonly"},
    {kDenyOom, "denyoom"},
    {kAdmin, "admin"},
    {kPubsub, "pubsub"},
    {kNoScript, "noscript"},
    {kBlocking, "blocking"},
    {kLoading, "loading"},
    {kStale, "stale"},
    {kSkipMonitor, "skip_monitor"},
    {kSkipSlowlog, "skip_slowlog"},
    {kAsking, "asking"},
    {kFast, "fast"},
    {kNoAuth, "no_auth"},
    {kNoMandatoryKeys, "no_mandatory_keys"},
    {kNoAsyncLoading, "no_async_loading"},
    {kNoMulti, "no_multi"},
    {kMovableKeys, "movablekeys"},
    {kAllowBusy, "allow_busy"},
};

constexpr Name kCategoryNames[] = {
    {kKeyspaceCategory, "@keyspace"},
    {kReadCategory, "@read"},
    {kWriteCategory, "@write"},
    {kSetCategory, "@set"},
    {kSortedSetCategory, "@sortedset"},
    {kListCategory, "@list"},
    {kHashCategory, "@hash"},
    {kStringCategory, "@string"},
    {kBitmapCategory, "@bitmap"},
    {kHyperloglogCategory, "@hyperloglog"},
    {kGeoCategory, "@geo"},
    {kStreamCategory, "@stream"},
    {kPubsubCategory, "@pubsub"},
    {kAdminCategory, "@admin"},
    {kFastCategory, "@fast"},
    {kSlowCategory, "@slow"},
    {kBlockingCategory, "@blocking"},
    {kDangerousCategory, "@dangerous"},
    {kConnectionCategory, "@connection"},
    {kTransactionCategory, "@transaction"},
    {kScriptingCategory, "@scripting"},
};

constexpr Name kKeyFlagNames[] = {
    {kRO, "RO"},
    {kRW, "RW"},
    {kOW, "OW"},
    {kRM, "RM"},
    {kAccess, "access"},
    {kUpdate, "update"},
    {kInsert, "insert"},
    {kDelete, "delete"},
    {kNotKey, "not_key"},
    {kIncomplete, "incomplete"},
    {kVariableFlags, "variable_flags"},
};

void reply_names(Reply& reply, std::uint32_t bits, std::span<const Name> names) {
  const auto wanted = [bits](const Name& name) { return (bits & name.bit) != 0; };
  reply.set(static_cast<std::size_t>(std::count_if(names.begin(), names.end(), wanted)));
  for (const Name& name : names) {
    if (wanted(name)) reply.simple(name.name);
  }
}

}  // namespace

void reply_command_flags(Reply& reply, std::uint32_t flags) {
  reply_names(reply, flags, kFlagNames);
}

void reply_categories(Reply& reply, std::uint32_t categories) {
  reply_names(reply, categories, kCategoryNames);
}

void reply_key_flags(Reply& reply, std::uint16_t flags) {
  reply_names(reply, flags, kKeyFlagNames);
}

std::optional<std::uint32_t> category_by_name(std::string_view name) {
  for (const Name& category : kCategoryNames) {
    if (equals_ignoring_case(name, category.name.substr(1))) return category.bit;
  }
  return std::nullopt;
}

}  // namespace tarn
