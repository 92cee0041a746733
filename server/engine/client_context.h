#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

#include "server/config/options.h"
#include "server/engine/client_registry.h"
#include "server/engine/dispatcher.h"
#include "server/engine/session.h"

namespace tarn {

// How long one client may run before the others have their turn.
inline constexpr std::uint64_t kClientTurnUs = 1000;

// What the clients of one server share, whatever they speak.
struct ClientContext {
  Dispatcher& dispatcher;
  ClientRegistry& clients;
  const Options& options;
  // Says why a client is about to be closed, for the log.
  std::function<void(const Session&, std::string_view reason)> log_closing{};
  // A client is gone; features that know it forget it.
  std::function<void(Session&)> on_gone{};
  // A client is new, or what it takes may have changed; called only while somebody wants to know.
  std::function<void(Session&)> on_memory_changed{};
  std::uint64_t input_limit_disconnections = 0;
  std::uint64_t output_limit_disconnections = 0;
  std::uint64_t evicted_clients = 0;
};

// What a client's session begins and ends with.
void open_session(const ClientContext& context, Session& session, Transport& transport);
void end_session(const ClientContext& context, Session& session);

// Closes a client at once, and says why in the log.
void close_client(const ClientContext& context, Session& session, std::string_view reason);

// The class of clients that the session belongs to has this limit.
const OutputBufferLimit& output_limit(const Options& options, const Session& session);

// Closes a client whose waiting replies exceed client-output-buffer-limit. Called after its
// commands and, for the soft limit, from time to time.
void enforce_output_limit(ClientContext& context, Session& session);

// Closes a client whose unfinished request, of which `waiting_bytes` are here, exceeds
// client-query-buffer-limit. Returns whether it stays.
bool enforce_input_limit(ClientContext& context, Session& session, std::size_t waiting_bytes);

}  // namespace tarn
