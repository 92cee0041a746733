#include "server/engine/help.h"

#include <string>

#include "core/base/ascii.h"
#include "server/engine/command_syntax.h"
#include "server/engine/echo.h"

namespace tarn {
void reply_help(Call& call) {
  TARN_ASSERT(call.command.parent != nullptr);
  const Command& container = *call.command.parent;
  call.reply.array(1 + 2 * container.subcommands.size());
  call.reply.simple(upper_case(call.args[0]) +
                    " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
  for (const auto& subcommand : container.subcommands) {
    const CommandRow& row = *subcommand->row;
    std::string usage = upper_case(row.name);
    if (!row.syntax.empty()) usage.append(" ").append(plain_syntax(row.syntax));
    call.reply.simple(usage);
    call.reply.simple("    " + std::string(row.summary));
  }
}

void reply_wrong_subcommand(Call& call) {
  call.reply.error("ERR unknown subcommand or wrong number of arguments for '" +
                   std::string(echo(call.args[1], kMaxEchoedBytes)) + "'. Try " +
                   upper_case(call.args[0]) + " HELP.");
}

}  // namespace tarn
