#include "server/engine/client_registry.h"

namespace tarn {

void ClientRegistry::resume_paused() {
  for (const auto& [id, session] : sessions_) {
    if (!session->paused) continue;
    session->paused = false;
    session->transport->resume_input();
  }
}

}  // namespace tarn
