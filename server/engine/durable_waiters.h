#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "server/engine/blocked_clients.h"
#include "server/engine/session.h"

namespace tarn {

// Clients that wait until what was written so far is safe on disk (WAITAOF).
class DurableWaiters {
 public:
  explicit DurableWaiters(BlockedClients& blocked) : blocked_(blocked) {}

  // Lets the client wait until the log is safe up to `sequence`, or for ever if replicas are asked
  // for, of which there are none. REQUIRES: as BlockedClients::block
  void wait(Session& session, std::uint64_t sequence, bool replicas,
            std::chrono::milliseconds timeout);
  // Replies to those who have what they wait for.
  void serve(std::uint64_t safe_sequence);

  static void reply(Reply& reply, bool local);

 private:
  struct Waiter {
    std::weak_ptr<Waiting> wait;  // expired once it has ended, however it did
    Session* session;             // good until then
    std::uint64_t sequence;
    bool replicas;
  };

  BlockedClients& blocked_;
  std::vector<Waiter> waiters_;
  std::uint64_t safe_sequence_ = 0;
};

}  // namespace tarn
