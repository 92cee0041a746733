#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <unordered_map>

#include "server/engine/session.h"
#include "server/engine/timers.h"

namespace tarn {

// Clients whose last command is still waiting for something to happen, or for its time to be up.
//
//  1. The handler calls block() and writes no reply. RespClient sees Session::blocked and takes no
//     further input from this client; the loop goes on to serve the others.
//  2. The wait ends: its time is up, another client ends it (CLIENT UNBLOCK), or its connection
//     closes.
//  3. The reply is written, unless the client wants none, and the client's input goes on.
class BlockedClients {
 public:
  // Writes the reply of a wait whose time is up.
  using TimeoutReply = std::function<void(Reply&)>;
  enum class End : std::uint8_t { kTimeout, kError };

  explicit BlockedClients(Timers& timers) : timers_(timers) {}

  // REQUIRES: the session has a transport and is not blocked. A timeout of 0 never comes.
  void block(Session& session, std::chrono::milliseconds timeout, TimeoutReply on_timeout);

  // Ends the wait as if its time were up, or with the error UNBLOCKED. Returns false for a client
  // that does not wait.
  bool unblock(std::uint64_t client_id, End end);

  // Called when the session's connection is gone.
  void forget(const Session& session);

  std::size_t size() const { return waits_.size(); }

 private:
  struct Wait {
    Session* session;
    Timers::Id timer;  // 0 for none
    TimeoutReply on_timeout;
    bool silent;  // the client wants no reply to the waiting command
  };

  Timers& timers_;
  std::unordered_map<std::uint64_t, Wait> waits_;  // by client id
};

}  // namespace tarn
