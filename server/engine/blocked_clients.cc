#include "server/engine/blocked_clients.h"

#include <utility>

#include "core/base/assert.h"

namespace tarn {
namespace {

constexpr std::string_view kUnblocked = "UNBLOCKED client unblocked via CLIENT UNBLOCK";

}  // namespace

void BlockedClients::block(Session& session, std::chrono::milliseconds timeout,
                           TimeoutReply on_timeout) {
  TARN_ASSERT(session.transport != nullptr && !session.blocked);
  session.blocked = true;
  const std::uint64_t id = session.id;
  Timers::Id timer = 0;
  if (timeout.count() > 0) {
    timer = timers_.after(timeout, [this, id] { unblock(id, End::kTimeout); });
  }
  const bool silent = session.reply_mode != Session::ReplyMode::kOn;
  waits_.emplace(id, Wait{&session, timer, std::move(on_timeout), silent});
}

bool BlockedClients::unblock(std::uint64_t client_id, End end) {
  const auto at = waits_.find(client_id);
  if (at == waits_.end()) return false;
  const Wait wait = std::move(at->second);
  waits_.erase(at);
  timers_.cancel(wait.timer);
  Session& session = *wait.session;
  session.blocked = false;
  if (!wait.silent) {
    end == End::kTimeout ? wait.on_timeout(session.reply) : session.reply.error(kUnblocked);
    session.reply.take_failed();
    session.transport->schedule_flush();
  }
  session.transport->resume_input();
  return true;
}

void BlockedClients::forget(const Session& session) {
  const auto at = waits_.find(session.id);
  if (at == waits_.end()) return;
  timers_.cancel(at->second.timer);
  waits_.erase(at);
}

}  // namespace tarn
