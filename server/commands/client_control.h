#pragma once

#include "server/engine/call.h"

namespace tarn {

// Subcommands of CLIENT that reach beyond the caller's own connection. Their feature is
// ClientServices.
void client_kill(Call& call);
void client_pause(Call& call);
void client_unpause(Call& call);
void client_unblock(Call& call);

// What the caller has read is tracked. Their feature is ClientServices.
void client_tracking(Call& call);
void client_caching(Call& call);
void client_getredir(Call& call);
void client_trackinginfo(Call& call);

}  // namespace tarn
