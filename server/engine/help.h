#pragma once

#include "server/engine/call.h"

namespace tarn {

// Replies to "<container> HELP" with what the rows of the container's subcommands say: a line of
// usage and a summary each. REQUIRES: the call is of a subcommand.
void reply_help(Call& call);

}  // namespace tarn
