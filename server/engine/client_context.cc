#include "server/engine/client_context.h"

#include <algorithm>

#include "server/engine/authentication.h"
#include "server/net/transport.h"

namespace tarn {
namespace {

ClientClass client_class(const Session& session) {
  if (session.monitor) return kReplicaClients;
  return session.subscriber != nullptr ? kPubsubClients : kNormalClients;
}

}  // namespace

void open_session(const ClientContext& context, Session& session, Transport& transport) {
  session.transport = &transport;
  session.created_ms = session.last_active_ms = context.dispatcher.clock().monotonic_ms();
  become_default_user(session, context.options);
  context.clients.add(session);
  if (context.on_memory_changed) context.on_memory_changed(session);
}

void end_session(const ClientContext& context, Session& session) {
  session.closing = session.gone = true;
  context.clients.remove(session);
  if (context.on_gone) context.on_gone(session);
}

void close_client(const ClientContext& context, Session& session, std::string_view reason) {
  if (context.log_closing) context.log_closing(session, reason);
  session.closing = true;
  session.transport->close();
}

const OutputBufferLimit& output_limit(const Options& options, const Session& session) {
  return options.client_output_buffer_limits[client_class(session)];
}

void enforce_output_limit(ClientContext& context, Session& session) {
  const OutputBufferLimit& limit = output_limit(context.options, session);
  if (limit.hard_bytes == 0 && limit.soft_bytes == 0) return;
  if (session.closing) return;
  const std::size_t waiting = session.transport->output().memory_bytes();
  const std::int64_t now_ms = context.dispatcher.clock().monotonic_ms();
  bool exceeded = limit.hard_bytes > 0 && waiting > limit.hard_bytes;
  if (limit.soft_bytes > 0 && waiting > limit.soft_bytes) {
    if (session.soft_limit_since_ms == 0)
      session.soft_limit_since_ms = std::max<std::int64_t>(now_ms, 1);
    exceeded |= now_ms - session.soft_limit_since_ms > limit.soft_seconds * 1000;
  } else {
    session.soft_limit_since_ms = 0;
  }
  if (!exceeded) return;
  ++context.output_limit_disconnections;
  close_client(context, session, "its waiting replies exceed client-output-buffer-limit");
}

bool enforce_input_limit(ClientContext& context, Session& session, std::size_t waiting_bytes) {
  if (waiting_bytes <= context.options.client_query_buffer_limit) return true;
  ++context.input_limit_disconnections;
  close_client(context, session, "its unfinished request exceeds client-query-buffer-limit");
  return false;
}

}  // namespace tarn
