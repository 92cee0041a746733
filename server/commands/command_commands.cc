// COMMAND: which commands there are.

#include <algorithm>
#include <functional>
#include <vector>

#include "core/base/glob.h"
#include "server/commands/command_info.h"
#include "server/commands/command_names.h"
#include "server/commands/families.h"
#include "server/engine/args.h"
#include "server/engine/client_services.h"
#include "server/engine/help.h"

namespace tarn {
namespace {

const CommandTable& table(Call& call) { return call.feature<ClientServices>().dispatcher.table(); }

void command_count(Call& call) {
  call.reply.integer(static_cast<std::int64_t>(table(call).commands().size()));
}

// --- COMMAND LIST

using Filter = std::function<bool(const Command&)>;

bool accept_filter(ArgReader& args, Filter& filter) {
  if (!args.accept("filterby", 2)) return false;
  if (args.accept("module", 1)) {
    filter = [](const Command&) { return false; };  // there are no modules
  } else if (args.accept("aclcat", 1)) {
    const std::uint32_t category = category_by_name(args.peek()).value_or(0);
    filter = [category](const Command& command) { return (command.categories & category) != 0; };
  } else if (args.accept("pattern", 1)) {
    filter = [pattern = args.peek()](const Command& command) {
      return glob_match(pattern, command.full_name, true);
    };
  } else {
    return false;
  }
  args.next();
  return true;
}

void command_list(Call& call) {
  ArgReader args(call, 2);
  Filter wanted = [](const Command&) { return true; };
  if (!args.at_end() && !accept_filter(args, wanted)) args.fail_syntax();
  if (!args.at_end()) args.fail_syntax();
  if (args.failed()) return;

  const auto place = call.reply.open_array();
  std::size_t count = 0;
  const auto list = [&](const Command& command) {
    if (!wanted(command)) return;
    call.reply.bulk(command.full_name);
    ++count;
  };
  for (const auto& command : table(call).commands()) {
    list(*command);
    for (const auto& subcommand : command->subcommands) list(*subcommand);
  }
  call.reply.close_array(place, count);
}

// --- COMMAND GETKEYS and GETKEYSANDFLAGS

const Command* find_called(Call& call, std::span<const std::string_view> args) {
  const Command* command = table(call).find(args[0]);
  if (command == nullptr || command->subcommands.empty() || args.size() < 2) return command;
  return CommandTable::find_subcommand(*command, args[1]);
}

// Whether arguments can be keys. Shard channels have their specs, too, and are none.
bool can_have_keys(const CommandRow& row) {
  return row.find_keys != nullptr || std::ranges::any_of(row.keys, [](const KeySpec& spec) {
           return spec.begin != KeySpec::Begin::kNone && (spec.flags & kNotKey) == 0;
         });
}

// The keys of the command line that the arguments hold; an error is replied where there are none.
std::vector<FoundKey> keys_of(Call& call) {
  const auto args = call.args.subspan(2);
  std::vector<FoundKey> keys;
  const Command* command = find_called(call, args);
  if (command == nullptr) {
    call.reply.error("ERR Invalid command specified");
  } else if (!can_have_keys(*command->row)) {
    call.reply.error("ERR The command has no key arguments");
  } else if (!command->arity_fits(args.size())) {
    call.reply.error("ERR Invalid number of arguments specified for command");
  } else if (!find_keys(*command, args, keys) ||
             (keys.empty() && (command->flags & kNoMandatoryKeys) == 0)) {
    keys.clear();
    call.reply.error("ERR Invalid arguments specified for command");
  } else if (keys.empty()) {
    call.reply.array(0);
  }
  return keys;
}

void command_getkeys(Call& call) {
  const std::vector<FoundKey> keys = keys_of(call);
  if (keys.empty()) return;
  call.reply.array(keys.size());
  for (const FoundKey& key : keys) {
    call.reply.bulk(call.args[2 + static_cast<std::size_t>(key.position)]);
  }
}

void command_getkeysandflags(Call& call) {
  const std::vector<FoundKey> keys = keys_of(call);
  if (keys.empty()) return;
  call.reply.array(keys.size());
  for (const FoundKey& key : keys) {
    call.reply.array(2);
    call.reply.bulk(call.args[2 + static_cast<std::size_t>(key.position)]);
    reply_key_flags(call.reply, key.flags);
  }
}

constexpr std::uint32_t kFlags = kLoading | kStale;

constexpr CommandRow kCommand[] = {
    {
        .name = "count",
        .handler = command_count,
        .arity = 2,
        .flags = kFlags,
        .categories = kConnectionCategory,
        .group = "server",
        .since = "2.8.13",
        .complexity = "O(1)",
        .summary = "Returns how many commands there are",
    },
    {
        .name = "docs",
        .handler = command_docs,
        .arity = -2,
        .flags = kFlags,
        .categories = kConnectionCategory,
        .group = "server",
        .since = "7.0.0",
        .complexity = "O(N) where N is the number of commands to look up",
        .summary = "Describes commands to people: purpose, arguments, history",
        .syntax = "[command-name ...]",
        .tips = "nondeterministic_output_order",
    },
    {
        .name = "getkeys",
        .handler = command_getkeys,
        .arity = -4,
        .flags = kFlags,
        .categories = kConnectionCategory,
        .group = "server",
        .since = "2.8.13",
        .complexity = "O(N) where N is the number of arguments to the command",
        .summary = "Returns the keys among the arguments of a command",
        .syntax = "command [arg ...]",
    },
    {
        .name = "getkeysandflags",
        .handler = command_getkeysandflags,
        .arity = -4,
        .flags = kFlags,
        .categories = kConnectionCategory,
        .group = "server",
        .since = "7.0.0",
        .complexity = "O(N) where N is the number of arguments to the command",
        .summary = "Returns the keys among the arguments of a command, and what it does to them",
        .syntax = "command [arg ...]",
    },
    {
        .name = "help",
        .handler = reply_help,
        .arity = 2,
        .flags = kFlags,
        .categories = kConnectionCategory,
        .group = "server",
        .since = "5.0.0",
        .complexity = "O(1)",
        .summary = "Prints this help",
    },
    {
        .name = "info",
        .handler = command_info,
        .arity = -2,
        .flags = kFlags,
        .categories = kConnectionCategory,
        .group = "server",
        .since = "2.8.13",
        .complexity = "O(N) where N is the number of commands to look up",
        .summary = "Describes commands to programs: arity, flags, keys",
        .syntax = "[command-name ...]",
        .tips = "nondeterministic_output_order",
        .history = "7.0.0: Allowed to be called with no argument to get info on all commands.",
    },
    {
        .name = "list",
        .handler = command_list,
        .arity = -2,
        .flags = kFlags,
        .categories = kConnectionCategory,
        .group = "server",
        .since = "7.0.0",
        .complexity = "O(N) where N is the total number of commands",
        .summary = "Returns the names of commands",
        .syntax = "[FILTERBY filterby=(MODULE module-name|ACLCAT category|PATTERN pattern)]",
        .tips = "nondeterministic_output_order",
    },
};

constexpr CommandRow kRows[] = {
    {
        .name = "command",
        .handler = reply_all_commands,
        .arity = -1,
        .flags = kFlags,
        .categories = kConnectionCategory,
        .group = "server",
        .since = "2.8.13",
        .complexity = "O(N) where N is the total number of commands",
        .summary = "Describes all commands to programs",
        .tips = "nondeterministic_output_order",
        .subcommands = kCommand,
    },
};

}  // namespace

std::span<const CommandRow> command_commands() { return kRows; }

}  // namespace tarn
