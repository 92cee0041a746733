// CONFIG: the settings of the running server.

#include <vector>

#include "core/base/log.h"
#include "server/commands/config_control.h"
#include "server/commands/families.h"
#include "server/engine/help.h"
#include "server/engine/local_peer.h"

namespace tarn {
namespace {

void config_get(Call& call) {
  const auto found = call.feature<ConfigControl>().config.get(call.args.subspan(2));
  call.reply.map(found.size());
  for (const auto& [name, value] : found) {
    call.reply.bulk(name);
    call.reply.bulk(value);
  }
}

void config_set(Call& call) {
  ConfigControl& control = call.feature<ConfigControl>();
  const std::span<const std::string_view> words = call.args.subspan(2);
  std::vector<Config::Setting> settings;
  for (std::size_t i = 0; i + 1 < words.size(); i += 2) {
    settings.emplace_back(words[i], words[i + 1]);
    if (Config::is_sensitive(words[i])) control.dispatcher.redact(2 + i + 1);
  }
  if (words.size() % 2 != 0) return call.reply.error(errors::kSyntax);
  const Config::Caller caller{.local = is_local(call.session),
                              .loading = control.is_loading && control.is_loading()};
  if (const auto result = control.config.set(settings, caller); !result) {
    return call.reply.error("ERR " + result.error().message);
  }
  if (control.on_set) control.on_set();
  call.reply.ok();
}

void config_rewrite(Call& call) {
  if (const auto result = call.feature<ConfigControl>().config.rewrite(); !result) {
    log::warn("CONFIG REWRITE failed: {}", result.error().message);
    return call.reply.error("ERR " + result.error().message);
  }
  log::info("CONFIG REWRITE executed with success.");
  call.reply.ok();
}

void config_resetstat(Call& call) {
  call.feature<ConfigControl>().reset_stats();
  call.reply.ok();
}

constexpr std::uint32_t kFlags = kAdmin | kNoScript | kLoading | kStale;

constexpr CommandRow kSubcommands[] = {
    {
        .name = "get",
        .handler = config_get,
        .arity = -3,
        .flags = kFlags,
        .group = "server",
        .since = "2.0.0",
        .complexity = "O(N) where N is the number of options times that of patterns",
        .summary = "Returns the options that match any of the patterns, and their values",
        .syntax = "parameter [parameter ...]",
        .history = "7.0.0: Added the ability to pass multiple pattern parameters in one call",
    },
    {
        .name = "help",
        .handler = reply_help,
        .arity = 2,
        .flags = kLoading | kStale,
        .group = "server",
        .since = "5.0.0",
        .complexity = "O(1)",
        .summary = "Prints this help",
    },
    {
        .name = "resetstat",
        .handler = config_resetstat,
        .arity = 2,
        .flags = kFlags,
        .group = "server",
        .since = "2.0.0",
        .complexity = "O(N) where N is the number of commands",
        .summary = "Sets the counters that INFO shows to zero",
    },
    {
        .name = "rewrite",
        .handler = config_rewrite,
        .arity = 2,
        .flags = kFlags,
        .group = "server",
        .since = "2.8.0",
        .complexity = "O(N) where N is the size of the file",
        .summary = "Writes the options that are in force into the configuration file",
    },
    {
        .name = "set",
        .handler = config_set,
        .arity = -4,
        .flags = kFlags,
        .group = "server",
        .since = "2.0.0",
        .complexity = "O(N) where N is the number of options that are set",
        .summary = "Changes options, all of those named or, on failure, none",
        .syntax = "parameter value [parameter value ...]",
        .tips = "request_policy:all_nodes response_policy:all_succeeded",
        .history = "7.0.0: Added the ability to set multiple parameters in one call.",
    },
};

constexpr CommandRow kRows[] = {
    {
        .name = "config",
        .arity = -2,
        .group = "server",
        .since = "2.0.0",
        .complexity = "Depends on subcommand.",
        .summary = "Shows and changes the settings of the server",
        .subcommands = kSubcommands,
    },
};

}  // namespace

std::span<const CommandRow> config_commands() { return kRows; }

}  // namespace tarn
