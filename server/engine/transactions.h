#pragma once

#include <string_view>

#include "server/engine/dispatcher.h"
#include "server/engine/session.h"
#include "server/engine/transaction.h"
#include "server/engine/watched_keys.h"

namespace tarn {

// MULTI and EXEC: commands of one client that run with no other client's between them.
//
//  1. MULTI raises a gate for its session. The gate copies every command into the session's queue
//     and answers +QUEUED in its place, but for those with the flag kNeverQueued. A command that
//     something refuses on its way there, or that is unknown, makes EXEC fail.
//  2. EXEC lowers the gate. If a watched key has changed, or a command was refused, nothing runs.
//  3. Otherwise it writes the header of an array, and runs the queue: every command writes its
//     reply as its element, where it goes to the client from. One that fails does not keep the
//     others from running.
//  4. Meanwhile the clock stands still, nothing waits (Session::deny_blocking), and clients that
//     wait for the keys written are served when EXEC is done.
class Transactions {
 public:
  Transactions(Dispatcher& dispatcher, KeyEvents& events)
      : dispatcher_(dispatcher), watched_(events, dispatcher.databases()) {}

  // Watches a key of the database that the session is in.
  void watch(Session& session, std::string_view key);
  static void unwatch(Session& session);

  // REQUIRES: no transaction is open.
  static void begin(Session& session);
  // Runs what was queued, and writes EXEC's reply. REQUIRES: a transaction is open.
  void execute(Session& session);

  const WatchedKeys& watched() const { return watched_; }

 private:
  void run_queued(Session& session);

  Dispatcher& dispatcher_;
  WatchedKeys watched_;
};

}  // namespace tarn
