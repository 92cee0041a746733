#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "server/engine/effect_mark.h"
#include "server/engine/memory_account.h"
#include "server/engine/reply.h"
#include "server/engine/transaction.h"
#include "server/net/transport.h"

namespace tarn {

struct Command;
struct Subscriber;
struct TrackedClient;

// Reasons for a command of this session to pass a gate of the dispatcher that others need not; see
// gates.h.
using GateMask = std::uint32_t;

// What the server knows of one client between its commands. A session belongs to its connection's
// protocol handler; `transport` is that connection, and is null for sessions without one.
struct Session {
  Session(std::uint64_t client_id, OutputBuffer& output, Dialect dialect = Dialect::kResp)
      : id(client_id), reply(output, protocol, dialect) {}

  enum class ReplyMode : std::uint8_t { kOn, kOff, kSkipNext, kSkipThis };

  const std::uint64_t id;
  Transport* transport = nullptr;

  int protocol = 2;
  unsigned db = 0;
  Reply reply;
  ReplyMode reply_mode = ReplyMode::kOn;
  GateMask gates = 0;

  bool authenticated = false;
  std::string user = "default";
  std::string name;
  std::string library_name;
  std::string library_version;

  bool monitor = false;
  bool no_evict = false;
  bool no_touch = false;
  bool closing = false;        // takes no more commands; goes once its replies are sent
  bool gone = false;           // its connection is closed; nothing may be kept of it any more
  bool paused = false;         // its next command waits for the end of CLIENT PAUSE
  bool blocked = false;        // its last command waits for something; see blocked_clients.h
  bool deny_blocking = false;  // a command that would wait behaves as if its time were up

  std::unique_ptr<Transaction> transaction;  // while it is in one, or watches keys

  EffectMark effects;  // its replies may have to wait until these are durable

  Subscriber* subscriber = nullptr;   // while it subscribes to anything; see pubsub.h
  TrackedClient* tracking = nullptr;  // while CLIENT TRACKING is on; see tracking.h

  // Where messages are written that are no replies; see push_outlet.h.
  OutputBuffer& pushes() { return held_pushes != nullptr ? *held_pushes : reply.out(); }
  OutputBuffer* held_pushes = nullptr;  // while its own command runs

  std::size_t waiting_bytes = 0;  // of what is kept of the command that it waits for
  MemoryAccount memory;           // see client_eviction.h

  const Command* last_command = nullptr;
  std::uint64_t commands = 0;
  std::int64_t created_ms = 0;           // monotonic
  std::int64_t last_active_ms = 0;       // monotonic
  std::int64_t soft_limit_since_ms = 0;  // monotonic; 0 while below the soft output limit
};

}  // namespace tarn
