#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <utility>

#include "server/engine/session.h"
#include "server/engine/timers.h"

namespace tarn {

// What a client waits for. Destroyed when the wait ends, however it does.
class Waiting {
 public:
  virtual ~Waiting() = default;

  // Writes the reply of a wait whose time is up.
  virtual void on_timeout(Reply& reply) = 0;
  // What is kept of the client's command meanwhile.
  virtual std::size_t memory_bytes() const { return 0; }
};

// Clients whose last command is still waiting for something to happen, or for its time to be up.
//
//  1. The handler calls block() and writes no reply. RespClient sees Session::blocked and takes no
//     further input from this client; the loop goes on to serve the others.
//  2. The wait ends: what it is for has happened, its time is up, another client ends it (CLIENT
//     UNBLOCK), or its connection closes.
//  3. The reply is written, unless the client wants none, and the client's input goes on.
//
// Each step costs the same however many clients wait.
class BlockedClients {
 public:
  enum class End : std::uint8_t { kTimeout, kError };

  explicit BlockedClients(Timers& timers) : timers_(timers) {}

  // REQUIRES: the session has a transport and is not blocked. A timeout of 0 never comes.
  void block(Session& session, std::chrono::milliseconds timeout, std::shared_ptr<Waiting> waiting);

  // Ends the wait as if its time were up, or with the error UNBLOCKED. Returns false for a client
  // that does not wait.
  bool unblock(std::uint64_t client_id, End end);

  // Ends the wait of a session if `serve(silent)` returns true: what was waited for has happened,
  // and the reply is written, or left out where `silent`. What the session waits for lives until
  // then, even if serving it closes the connection. REQUIRES: the session is blocked.
  template <class Serve>
  void try_to_serve(Session& session, Serve serve) {
    const Wait& wait = waits_.at(session.id);
    const std::shared_ptr<Waiting> kept_alive = wait.waiting;
    if (serve(wait.silent)) end_served(session);
  }

  // Called when the session's connection is gone.
  void forget(const Session& session);

  std::size_t size() const { return waits_.size(); }
  // How many of them do not wait for ever.
  std::size_t with_timeout() const { return with_timeout_; }

 private:
  struct Wait {
    Session* session;
    Timers::Id timer;  // 0 for none
    std::shared_ptr<Waiting> waiting;
    bool silent;  // the client wants no reply to the waiting command
  };

  void end_served(Session& session);
  Wait take(std::unordered_map<std::uint64_t, Wait>::iterator at);

  Timers& timers_;
  std::unordered_map<std::uint64_t, Wait> waits_;  // by client id
  std::size_t with_timeout_ = 0;
};

}  // namespace tarn
