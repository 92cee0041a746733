#pragma once

#include "server/engine/call.h"

namespace tarn {

// Subcommands of COMMAND. Their feature is ClientServices.
void command_info(Call& call);
void command_docs(Call& call);

// All commands that there are, as COMMAND INFO describes them.
void reply_all_commands(Call& call);

}  // namespace tarn
