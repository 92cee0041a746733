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

// Between the messages of channels, RESP2 has no way to tell a reply apart.
Admission ask_subscribed(Dispatcher&, Call& call) {
  if (call.reply.resp3() || (call.command.flags & kWhileSubscribed) != 0) return Admission::kAdmit;
  return refuse(call, "ERR Can't execute '" + call.command.full_name +
                          "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are "
                          "allowed in this context");
}

Admission ask_monitor(Dispatcher&, Call& call) {
  if ((call.command.flags & (kReadonly | kWrite | kMayReplicate)) == 0) return Admission::kAdmit;
  return refuse(call, "ERR Replica can't interact with the keyspace");
}

// What a command may do; for EXEC, what the commands may do that it runs.
std::uint32_t effective_flags(const Call& call) {
  const bool runs_queue = call.command.row->name == "exec" && in_transaction(call.session);
  return call.command.flags | (runs_queue ? call.session.transaction->flags() : 0u);
}

Admission ask_pause(Dispatcher& dispatcher, Call& call) {
  const Pause& pause = dispatcher.pause();
  if (pause.until_ms <= call.now_ms()) return Admission::kAdmit;
  const bool writes = (effective_flags(call) & (kWrite | kMayReplicate)) != 0;
  return !pause.writes_only || writes ? Admission::kHold : Admission::kAdmit;
}

// Whatever comes next, room is made before it. What a transaction queues takes memory too, so there
// everything is refused but what ends it.
Admission ask_memory(Dispatcher& dispatcher, Call& call) {
  if (!dispatcher.make_room || dispatcher.make_room()) return Admission::kAdmit;
  const bool queued = in_transaction(call.session) && (call.command.flags & kNeverQueued) == 0;
  if (!queued && (effective_flags(call) & kDenyOom) == 0) return Admission::kAdmit;
  if (!queued && call.command.row->on_no_room != nullptr) {
    call.set_no_room();
    return Admission::kAdmit;
  }
  call.reply_no_room();
  return Admission::kRefuse;
}

// A PING is refused too, so that whoever watches over the server hears of it.
Admission ask_durability(Dispatcher& dispatcher, Call& call) {
  const bool writes = (effective_flags(call) & kWrite) != 0;
  if (!writes && call.command.row->name != "ping") return Admission::kAdmit;
  return refuse(call, dispatcher.writes_refused());
}

Admission ask_loading(Dispatcher& dispatcher, Call& call) {
  if ((call.command.flags & kLoading) != 0) return Admission::kAdmit;
  return refuse(
      call, dispatcher.loading_error ? dispatcher.loading_error() : std::string(errors::kLoading));
}

Admission ask_fit_for_transaction(Dispatcher&, Call& call) {
  if ((call.command.flags & kNoMulti) == 0) return Admission::kAdmit;
  return refuse(call, "ERR Command not allowed inside a transaction");
}

Admission queue_in_transaction(Dispatcher&, Call& call) {
  if ((call.command.flags & kNeverQueued) != 0) return Admission::kAdmit;
  call.session.transaction->queue(call.command, call.args, call.blobs());
  call.reply.simple("QUEUED");
  return Admission::kQueue;
}

constexpr Gate kGates[] = {
    {kProtectedGate, "protected", ask_protected},
    {kAuthenticationGate, "authentication", ask_authentication},
    {kTransactionGate, "fit for a transaction", ask_fit_for_transaction},
    {kPermissionGate, "permission", ask_permission},
    {kMemoryGate, "memory", ask_memory},
    {kDurabilityGate, "durability", ask_durability},
    {kSubscribedGate, "subscribed", ask_subscribed},
    {kLoadingGate, "loading", ask_loading},
    {kMonitorGate, "monitor", ask_monitor},
    {kPauseGate, "pause", ask_pause},
    {kTransactionGate, "transaction", queue_in_transaction},
};

}  // namespace

std::span<const Gate> gates() { return kGates; }

}  // namespace tarn
