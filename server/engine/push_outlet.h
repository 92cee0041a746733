#pragma once

#include <cstdint>
#include <vector>

#include "server/config/options.h"
#include "server/engine/client_registry.h"
#include "server/engine/session.h"

namespace tarn {

// The way of messages that nobody asked for at that moment: of channels, of events, invalidations.
//
//  1. Whoever has a message for a session writes it to session.pushes(), and calls written().
//  2. While a command of that very session runs, pushes() is a buffer that the dispatcher puts
//     behind the reply: a message never lands in the middle of one, and is not left out with it
//     where the client wants no replies.
//  3. The output is sent soon. A client that reads too slowly is closed, by settle(): not at once,
//     because whoever sends a message to many must not see them vanish meanwhile.
//
// A session needs kPushGate raised to be sent pushes.
class PushOutlet {
 public:
  PushOutlet(const Options& options, const ClientRegistry& clients)
      : options_(options), clients_(clients) {}

  // Called after a message was written to the session.
  void written(Session& session);

  // Calls close(Session&) for those whose waiting output passed a limit since the last call.
  template <class Close>
  void settle(Close close) {
    if (too_slow_.empty()) return;
    std::vector<std::uint64_t> ids;
    ids.swap(too_slow_);
    for (const std::uint64_t id : ids) {
      if (Session* session = clients_.find(id); session != nullptr) close(*session);
    }
  }

 private:
  const Options& options_;
  const ClientRegistry& clients_;
  std::vector<std::uint64_t> too_slow_;  // ids, perhaps several times
};

}  // namespace tarn
