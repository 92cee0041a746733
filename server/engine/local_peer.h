#pragma once

#include <string_view>

#include "server/engine/session.h"

namespace tarn {

// Whether an address as Transport::peer_address() spells it is one of this machine's own.
inline bool is_loopback(std::string_view address) {
  return address.starts_with("127.") || address.starts_with("[::1]:") ||
         address.starts_with("[::ffff:127.");
}

// Whether the client came over the loopback or a unix socket. A session without a connection is our
// own.
inline bool is_local(const Session& session) {
  return session.transport == nullptr || session.transport->is_unix_socket() ||
         is_loopback(session.transport->peer_address());
}

}  // namespace tarn
