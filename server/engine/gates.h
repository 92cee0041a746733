#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "server/engine/call.h"

namespace tarn {

class Dispatcher;

// What a gate says of a command that is about to run.
enum class Admission : std::uint8_t {
  kAdmit,
  kRefuse,  // an error was replied
  kHold,    // not now: the client waits, and the command is tried again when it is resumed
  kQueue,   // a transaction has it; +QUEUED was replied
};

// A reason to look twice at a command before it runs. Most are not in force most of the time: a
// gate is asked only while its bit is raised, for everybody in the dispatcher or for one client in
// its session, so that a command in the usual case passes all of them by one comparison with zero.
enum GateBit : std::uint32_t {
  kProtectedGate = 1u << 0,       // always raised for commands that need a permission to exist
  kAuthenticationGate = 1u << 1,  // raised for a session that has to authenticate
  kPermissionGate = 1u << 2,      // raised while rules restrict users
  kPauseGate = 1u << 3,           // raised during CLIENT PAUSE
  kMonitorGate = 1u << 4,         // raised for a session that runs MONITOR
  kNoTouchGate = 1u << 5,         // raised for a session with CLIENT NO-TOUCH; refuses nothing
  kTransactionGate = 1u << 6,     // raised for a session between MULTI and EXEC
  kSubscribedGate = 1u << 7,      // raised for a session that subscribes to something
  kPushGate = 1u << 8,            // raised for a session that is sent pushes; refuses nothing
  kTrackingGate = 1u << 9,        // raised for a session with CLIENT TRACKING; refuses nothing
  kDurabilityGate = 1u << 10,     // raised while writes could not be made to last
  kLoadingGate = 1u << 11,        // raised while the dataset is being loaded
  kMemoryGate = 1u << 12,         // raised while there is a limit of memory
};

struct Gate {
  std::uint32_t bit;
  std::string_view name;
  Admission (*ask)(Dispatcher& dispatcher, Call& call);
};

// In the order in which they are asked, which is the order in which clients expect errors. A new
// gate is a row here.
std::span<const Gate> gates();

}  // namespace tarn
