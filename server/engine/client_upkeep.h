#pragma once

#include "server/engine/client_context.h"

namespace tarn {

// Chores that go round all clients; to be done about once a second.

// Closes connections that have sent nothing for longer than `timeout` permits, unless they wait for
// the server: monitors, blocked and paused clients.
void drop_idle_clients(ClientContext& context);

// Closes connections whose replies have waited above the soft limit for too long.
void enforce_output_limits(ClientContext& context);

}  // namespace tarn
