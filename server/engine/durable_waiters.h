#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "persistence/aof/append_only_file.h"
#include "server/engine/blocked_clients.h"
#include "server/engine/session.h"

namespace tarn {

// Clients that wait until what was written so far is safe on disk (WAITAOF).
class DurableWaiters {
 public:
  static constexpr std::string_view kNoLog =
      "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.";

  DurableWaiters(BlockedClients& blocked, const AppendOnlyFile& aof)
      : blocked_(blocked), aof_(aof) {}

  // What a client waits for.
  struct Wanted {
    std::uint64_t sequence;  // of its last batch
    bool local;              // that it is safe here
    bool replicas;           // or there: for ever, as there are none
  };
  // REQUIRES: as BlockedClients::block
  void wait(Session& session, const Wanted& wanted, std::chrono::milliseconds timeout);
  // Replies to those who have what they wait for; and to those who wait for a log that was switched
  // off.
  void serve(bool log_enabled);

  static void reply(Reply& reply, bool local);

 private:
  struct Waiter {
    std::weak_ptr<Waiting> wait;  // expired once it has ended, however it did
    Session* session;             // good until then
    Wanted wanted;
  };

  bool is_done(const Waiter& waiter, bool log_enabled) const;

  BlockedClients& blocked_;
  const AppendOnlyFile& aof_;
  std::vector<Waiter> waiters_;
};

}  // namespace tarn
