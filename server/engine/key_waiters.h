#pragma once

#include <cstddef>
#include <deque>
#include <list>
#include <string_view>

#include "core/keyspace/key_observer.h"
#include "server/engine/blocked_clients.h"
#include "server/engine/dispatcher.h"
#include "server/engine/key_events.h"
#include "server/engine/key_index.h"
#include "server/engine/key_wait.h"

namespace tarn {

// Clients that wait for keys (Call::block_on_keys; key_wait.h says what handlers have to do with
// it), first come, first served.
//
//  1. Each key that somebody waits for has a line of waiters; a client stands in the lines of all
//     its keys, with a copy of its request.
//  2. A key with a line that is modified is marked ready, once, and queued. The command that
//     modified it goes on undisturbed. After a swap of databases, all lines of both are marked.
//  3. When the command is done, or the transaction it was part of, and before anybody's next one,
//     the dispatcher has the ready keys served in their order: as long as the key holds a value of
//     a type that the next in line wants, that client's request runs again, and its wait ends with
//     the reply. Those in line for other types are passed by and stay.
//  4. A command that runs so may make other keys ready. They are served in turn, until none is
//     left.
//
// Serving a client, and leaving a line, takes constant time for each of the client's keys. While
// nobody waits, nobody listens to the keyspace; while somebody does, a write of a key without a
// line costs a hash probe.
class KeyWaiters final : public KeyObserver {
 public:
  KeyWaiters(Dispatcher& dispatcher, KeyEvents& events, BlockedClients& blocked);
  ~KeyWaiters() override;
  KeyWaiters(const KeyWaiters&) = delete;
  KeyWaiters& operator=(const KeyWaiters&) = delete;

  // Puts the call's client in line. REQUIRES: the client can wait.
  void add(Call& call, const KeyWait& wait);

  // Serves the ready keys, and those that become ready by that.
  void serve();

  // Keys that somebody waits for.
  std::size_t keys() const { return lines_.size(); }

  void key_modified(Keyspace& keyspace, std::string_view key) override;
  void key_expired(Keyspace& /*keyspace*/, std::string_view /*key*/) override {}
  void keyspaces_swapped(Keyspace& first, Keyspace& second) override;

 private:
  class Waiter;
  struct Place {
    Waiter* waiter;
    std::size_t position;  // of the key among the arguments
  };
  struct Line {
    unsigned db = 0;
    std::string_view key;
    TypeSet types{};  // what anybody in it wants, or has wanted
    std::list<Place> places;
    bool ready = false;  // is in ready_
  };

  void mark_ready(Line& line);
  void serve(Line& line);
  void run_again(const Place& place);
  void leave(Line& line, std::list<Place>::iterator place);
  void drop_if_unused(Line& line);

  Dispatcher& dispatcher_;
  KeyEvents& events_;
  BlockedClients& blocked_;
  KeyIndex<Line> lines_;
  std::deque<Line*> ready_;
  Line* serving_ = nullptr;            // its line is being served
  std::list<Place>::iterator next_{};  // in it
  bool waits_on_ = false;              // the request that runs again asked to wait again
};

}  // namespace tarn
