#include "server/engine/gates.h"

#include "core/base/ascii.h"
#include "server/engine/dispatcher.h"

namespace tarn {
namespace {

Admission refuse(Call& call, std::string_view error) {
  call.reply.error(error);
  return Admission::kRefuse;
}

Admission ask_protected(Dispatcher& dispatcher, Call& call) {
  if (dispatcher.protected_allowed && dispatcher.protected_allowed(call.command, call.session)) {
    return Admission::kAdmit;
  }
  const std::string name =
      call.command.parent == nullptr ? call.command.full_name : call.command.parent->full_name;
  return refuse(call, "ERR " + upper_case(name) + " command not allowed. If the enable-" + name +
                          "-command option is set to \"local\", you can run it from a local "
                          "connection, otherwise you need to set this option in the "
                          "configuration file, and then restart the server.");
}

Admission ask_authentication(Dispatcher&, Call& call) {
  if (call.session.authenticated || (call.command.flags & kNoAuth) != 0) return Admission::kAdmit;
  return refuse(call, "NOAUTH Authentication required.");
}

// Every user may run every command until there are rules.
Admission ask_permission(Dispatcher&, Call&) { return Admission::kAdmit; }

Admission ask_monitor(Dispatcher&, Call& call) {
  if ((call.command.flags & (kReadonly | kWrite | kMayReplicate)) == 0) return Admission::kAdmit;
  return refuse(call, "ERR Replica can't interact with the keyspace");
}

Admission ask_pause(Dispatcher& dispatcher, Call& call) {
  const Pause& pause = dispatcher.pause();
  if (pause.until_ms <= call.now_ms()) return Admission::kAdmit;
  const bool writes = (call.command.flags & (kWrite | kMayReplicate)) != 0;
  return !pause.writes_only || writes ? Admission::kHold : Admission::kAdmit;
}

constexpr Gate kGates[] = {
    {kProtectedGate, "protected", ask_protected},
    {kAuthenticationGate, "authentication", ask_authentication},
    {kPermissionGate, "permission", ask_permission},
    {kMonitorGate, "monitor", ask_monitor},
    {kPauseGate, "pause", ask_pause},
};

}  // namespace

std::span<const Gate> gates() { return kGates; }

}  // namespace tarn
