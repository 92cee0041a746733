#include "server/engine/client_upkeep.h"

#include <vector>

namespace tarn {
namespace {

// Closing a session removes it from the registry.
std::vector<Session*> all_sessions(const ClientContext& context) {
  std::vector<Session*> sessions;
  sessions.reserve(context.clients.size());
  for (const auto& [id, session] : context.clients.sessions()) sessions.push_back(session);
  return sessions;
}

}  // namespace

void drop_idle_clients(ClientContext& context) {
  if (context.options.timeout_s == 0) return;
  const std::int64_t oldest_ms =
      context.dispatcher.clock().monotonic_ms() - std::int64_t{context.options.timeout_s} * 1000;
  for (Session* session : all_sessions(context)) {
    if (session->monitor || session->blocked || session->paused) continue;
    if (session->subscriber != nullptr) continue;
    if (session->last_active_ms >= oldest_ms) continue;
    session->closing = true;
    session->transport->close();
  }
}

void enforce_output_limits(ClientContext& context) {
  for (Session* session : all_sessions(context)) {
    if (!session->reply.out().empty()) enforce_output_limit(context, *session);
  }
}

}  // namespace tarn
