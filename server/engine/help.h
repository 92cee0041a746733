#pragma once

#include "server/engine/call.h"

namespace tarn {

// Replies to "<container> HELP" with what the rows of the container's subcommands say: a line of
// usage and a summary each. REQUIRES: the call is of a subcommand.
void reply_help(Call& call);

// Replies the error of a subcommand (args[1]) that is unknown or was given other arguments than it
// takes, where the arity of its row does not say so already.
void reply_wrong_subcommand(Call& call);

}  // namespace tarn
