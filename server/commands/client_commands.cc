// CLIENT: what a client may know and say about connections, its own and others'.

#include <fmt/core.h>

#include <optional>

#include "server/commands/client_control.h"
#include "server/commands/client_line.h"
#include "server/commands/client_name.h"
#include "server/commands/families.h"
#include "server/engine/args.h"
#include "server/engine/client_services.h"
#include "server/engine/help.h"

namespace tarn {
namespace {

ClientServices& services(Call& call) { return call.feature<ClientServices>(); }

// ON or OFF as the only argument; nullopt, with an error replied, for anything else.
std::optional<bool> read_switch(Call& call) {
  if (equals_ignoring_case(call.args[2], "on")) return true;
  if (equals_ignoring_case(call.args[2], "off")) return false;
  call.reply.error(errors::kSyntax);
  return std::nullopt;
}

// --- Who is there

std::int64_t now_ms(Call& call) { return services(call).dispatcher.clock().monotonic_ms(); }

void client_id(Call& call) { call.reply.integer(static_cast<std::int64_t>(call.session.id)); }

void client_info(Call& call) {
  call.reply.verbatim("txt", client_line(call.session, now_ms(call)));
}

void list_by_ids(Call& call) {
  std::string lines;
  ArgReader args(call, 3);
  while (args.ok() && !args.at_end()) {
    const std::int64_t id = args.integer("ERR Invalid client ID");
    const Session* session = services(call).clients.find(static_cast<std::uint64_t>(id));
    if (session != nullptr) lines += client_line(*session, now_ms(call));
  }
  if (args.failed()) return;
  call.reply.verbatim("txt", lines);
}

void client_list(Call& call) {
  const std::size_t count = call.args.size();
  std::optional<ClientType> type;
  if (count > 3 && equals_ignoring_case(call.args[2], "id")) return list_by_ids(call);
  if (count == 4 && equals_ignoring_case(call.args[2], "type")) {
    type = client_type_by_name(call.args[3]);
    if (!type) return call.reply.error(fmt::format("ERR Unknown client type '{}'", call.args[3]));
  } else if (count != 2) {
    return call.reply.error(errors::kSyntax);
  }
  std::string lines;
  for (const auto& [id, session] : services(call).clients.sessions()) {
    if (!type || type_of(*session) == *type) lines += client_line(*session, now_ms(call));
  }
  call.reply.verbatim("txt", lines);
}

// --- What a client says about itself

void client_setname(Call& call) {
  if (!fits_client_line(call.args[2])) return call.reply.error(kBadClientName);
  call.session.name = call.args[2];
  call.reply.ok();
}

void client_getname(Call& call) {
  call.session.name.empty() ? call.reply.null() : call.reply.bulk(call.session.name);
}

void client_setinfo(Call& call) {
  const std::string_view option = call.args[2];
  std::string* field = nullptr;
  if (equals_ignoring_case(option, "lib-name")) field = &call.session.library_name;
  if (equals_ignoring_case(option, "lib-ver")) field = &call.session.library_version;
  if (field == nullptr) {
    return call.reply.error(fmt::format("ERR Unrecognized option '{}'", option));
  }
  if (!fits_client_line(call.args[3])) {
    return call.reply.error(
        fmt::format("ERR {} cannot contain spaces, newlines or special characters.", option));
  }
  *field = call.args[3];
  call.reply.ok();
}

void client_reply(Call& call) {
  using Mode = Session::ReplyMode;
  Session::ReplyMode& mode = call.session.reply_mode;
  if (equals_ignoring_case(call.args[2], "on")) {
    mode = Mode::kOn;
    return call.reply.ok();
  }
  if (equals_ignoring_case(call.args[2], "off")) {
    mode = Mode::kOff;
  } else if (equals_ignoring_case(call.args[2], "skip")) {
    if (mode != Mode::kOff) mode = Mode::kSkipNext;
  } else {
    call.reply.error(errors::kSyntax);
  }
}

void client_no_evict(Call& call) {
  const std::optional<bool> on = read_switch(call);
  if (!on) return;
  call.session.no_evict = *on;
  call.reply.ok();
}

void client_no_touch(Call& call) {
  const std::optional<bool> on = read_switch(call);
  if (!on) return;
  call.session.no_touch = *on;
  call.session.gates =
      *on ? call.session.gates | kNoTouchGate : call.session.gates & ~GateMask{kNoTouchGate};
  call.reply.ok();
}

// --- Rows

constexpr std::uint32_t kFlags = kNoScript | kLoading | kStale;

constexpr CommandRow kClient[] = {
    {
        .name = "caching",
        .handler = client_caching,
        .arity = 3,
        .flags = kFlags,
        .categories = kConnectionCategory,
        .group = "connection",
        .since = "6.0.0",
        .complexity = "O(1)",
        .summary = "Says whether the keys of the next command are tracked",
        .syntax = "mode=(YES|NO)",
    },
    {
        .name = "getname",
        .handler = client_getname,
        .arity = 2,
        .flags = kFlags,
        .categories = kConnectionCategory,
        .group = "connection",
        .since = "2.6.9",
        .complexity = "O(1)",
        .summary = "Returns the name of this connection",
    },
    {
        .name = "getredir",
        .handler = client_getredir,
        .arity = 2,
        .flags = kFlags,
        .categories = kConnectionCategory,
        .group = "connection",
        .since = "6.0.0",
        .complexity = "O(1)",
        .summary = "Returns where invalidations for this connection go",
    },
    {
        .name = "help",
        .handler = reply_help,
        .arity = 2,
        .flags = kLoading | kStale,
        .categories = kConnectionCategory,
        .group = "connection",
        .since = "5.0.0",
        .complexity = "O(1)",
        .summary = "Prints this help",
    },
    {
        .name = "id",
        .handler = client_id,
        .arity = 2,
        .flags = kFlags,
        .categories = kConnectionCategory,
        .group = "connection",
        .since = "5.0.0",
        .complexity = "O(1)",
        .summary = "Returns the number of this connection",
    },
    {
        .name = "info",
        .handler = client_info,
        .arity = 2,
        .flags = kFlags,
        .categories = kConnectionCategory,
        .group = "connection",
        .since = "6.2.0",
        .complexity = "O(1)",
        .summary = "Describes this connection",
        .tips = "nondeterministic_output",
    },
    {
        .name = "kill",
        .handler = client_kill,
        .arity = -3,
        .flags = kAdmin | kFlags,
        .categories = kConnectionCategory,
        .group = "connection",
        .since = "2.4.0",
        .complexity = "O(N) where N is the number of connections",
        .summary = "Closes connections",
        .syntax =
            "filter=(ip:port:string@-2.8.12|"
            "new-format=(ID client-id@2.8.12|"
            "TYPE "
            "normal_master_slave_pubsub=(NORMAL|MASTER@3.2.0|SLAVE|REPLICA@5.0.0|PUBSUB)@2.8.12|"
            "USER username|ADDR ip:port|LADDR ip:port@6.2.0|SKIPME (YES|NO)|MAXAGE maxage ...))",
        .history = "2.8.12: Added new filter format.\n"
                   "2.8.12: `ID` option.\n"
                   "3.2.0: Added `master` type in for `TYPE` option.\n"
                   "5.0.0: Replaced `slave` `TYPE` with `replica`. `slave` still supported for "
                   "backward compatibility.\n"
                   "6.2.0: `LADDR` option.\n"
                   "7.4.0: `MAXAGE` option.",
    },
    {
        .name = "list",
        .handler = client_list,
        .arity = -2,
        .flags = kAdmin | kFlags,
        .categories = kConnectionCategory,
        .group = "connection",
        .since = "2.4.0",
        .complexity = "O(N) where N is the number of connections",
        .summary = "Describes connections",
        .syntax =
            "[TYPE (NORMAL|MASTER|REPLICA|PUBSUB)]@5.0.0 [ID client-id [client-id ...]]@6.2.0",
        .tips = "nondeterministic_output",
        .history = "2.8.12: Added unique client `id` field.\n"
                   "5.0.0: Added optional `TYPE` filter.\n"
                   "6.0.0: Added `user` field.\n"
                   "6.2.0: Added `argv-mem`, `tot-mem`, `laddr` and `redir` fields and the "
                   "optional `ID` filter.\n"
                   "7.0.0: Added `resp`, `multi-mem`, `rbs` and `rbp` fields.\n"
                   "7.0.3: Added `ssub` field.\n"
                   "7.2.0: Added `lib-name` and `lib-ver` fields.",
    },
    {
        .name = "no-evict",
        .handler = client_no_evict,
        .arity = 3,
        .flags = kAdmin | kFlags,
        .categories = kConnectionCategory,
        .group = "connection",
        .since = "7.0.0",
        .complexity = "O(1)",
        .summary = "Spares this connection when clients use too much memory",
        .syntax = "enabled=(ON|OFF)",
    },
    {
        .name = "no-touch",
        .handler = client_no_touch,
        .arity = 3,
        .flags = kFlags,
        .categories = kConnectionCategory,
        .group = "connection",
        .since = "7.2.0",
        .complexity = "O(1)",
        .summary = "Has reads of this connection leave no trace in eviction",
        .syntax = "enabled=(ON|OFF)",
    },
    {
        .name = "pause",
        .handler = client_pause,
        .arity = -3,
        .flags = kAdmin | kFlags,
        .categories = kConnectionCategory,
        .group = "connection",
        .since = "2.9.50",
        .complexity = "O(1)",
        .summary = "Lets commands, or writes, wait for some time",
        .syntax = "timeout mode=[WRITE|ALL]@6.2.0",
        .history = "6.2.0: `CLIENT PAUSE WRITE` mode added along with the `mode` option.",
    },
    {
        .name = "reply",
        .handler = client_reply,
        .arity = 3,
        .flags = kFlags,
        .categories = kConnectionCategory,
        .group = "connection",
        .since = "3.2.0",
        .complexity = "O(1)",
        .summary = "Says which commands of this connection get a reply",
        .syntax = "(ON|OFF|SKIP)",
    },
    {
        .name = "setinfo",
        .handler = client_setinfo,
        .arity = 4,
        .flags = kFlags,
        .categories = kConnectionCategory,
        .group = "connection",
        .since = "7.2.0",
        .complexity = "O(1)",
        .summary = "Names the library that this connection uses",
        .syntax = "attr=(LIB-NAME libname|LIB-VER libver)",
    },
    {
        .name = "setname",
        .handler = client_setname,
        .arity = 3,
        .flags = kFlags,
        .categories = kConnectionCategory,
        .group = "connection",
        .since = "2.6.9",
        .complexity = "O(1)",
        .summary = "Names this connection",
        .syntax = "connection-name",
    },
    {
        .name = "tracking",
        .handler = client_tracking,
        .arity = -3,
        .flags = kFlags,
        .categories = kConnectionCategory,
        .group = "connection",
        .since = "6.0.0",
        .complexity = "O(1). Some options may introduce additional complexity.",
        .summary = "Has the client told when keys change that it has read",
        .syntax =
            "status=(ON|OFF) [REDIRECT client-id] [PREFIX prefix [PREFIX prefix ...]] [BCAST] "
            "[OPTIN] [OPTOUT] [NOLOOP]",
    },
    {
        .name = "trackinginfo",
        .handler = client_trackinginfo,
        .arity = 2,
        .flags = kFlags,
        .categories = kConnectionCategory,
        .group = "connection",
        .since = "6.2.0",
        .complexity = "O(1)",
        .summary = "Returns how keys of this connection are tracked",
    },
    {
        .name = "unblock",
        .handler = client_unblock,
        .arity = -3,
        .flags = kAdmin | kFlags,
        .categories = kConnectionCategory,
        .group = "connection",
        .since = "5.0.0",
        .complexity = "O(1)",
        .summary = "Ends the wait of another connection",
        .syntax = "client-id [TIMEOUT|ERROR]",
    },
    {
        .name = "unpause",
        .handler = client_unpause,
        .arity = 2,
        .flags = kAdmin | kFlags,
        .categories = kConnectionCategory,
        .group = "connection",
        .since = "6.2.0",
        .complexity = "O(N) where N is the number of paused connections",
        .summary = "Ends a pause",
    },
};

constexpr CommandRow kRows[] = {
    {
        .name = "client",
        .arity = -2,
        .group = "connection",
        .since = "2.4.0",
        .complexity = "Depends on subcommand.",
        .summary = "A container for commands about connections",
        .subcommands = kClient,
    },
};

}  // namespace

std::span<const CommandRow> client_commands() { return kRows; }

}  // namespace tarn
