#include "server/engine/blocked_clients.h"

#include <string_view>
#include <utility>

#include "core/base/assert.h"

namespace tarn {
namespace {

constexpr std::string_view kUnblocked = "UNBLOCKED client unblocked via CLIENT UNBLOCK";

// The client's reply leaves, and its next command may come.
void go_on(Session& session) {
  session.transport->schedule_flush();
  session.transport->resume_input();
}

}  // namespace

void BlockedClients::block(Session& session, std::chrono::milliseconds timeout,
                           std::shared_ptr<Waiting> waiting) {
  TARN_ASSERT(session.transport != nullptr && !session.blocked);
  session.blocked = true;
  session.waiting_bytes = waiting->memory_bytes();
  const std::uint64_t id = session.id;
  Timers::Id timer = 0;
  if (timeout.count() > 0) {
    timer = timers_.after(timeout, [this, id] { unblock(id, End::kTimeout); });
    ++with_timeout_;
  }
  const bool silent = session.reply_mode != Session::ReplyMode::kOn;
  waits_.emplace(id, Wait{&session, timer, std::move(waiting), silent});
}

BlockedClients::Wait BlockedClients::take(std::unordered_map<std::uint64_t, Wait>::iterator at) {
  Wait wait = std::move(at->second);
  waits_.erase(at);
  if (wait.timer != 0) {
    timers_.cancel(wait.timer);
    --with_timeout_;
  }
  wait.session->blocked = false;
  wait.session->waiting_bytes = 0;
  return wait;
}

bool BlockedClients::unblock(std::uint64_t client_id, End end) {
  const auto at = waits_.find(client_id);
  if (at == waits_.end()) return false;
  const Wait wait = take(at);
  Session& session = *wait.session;
  if (!wait.silent) {
    end == End::kTimeout ? wait.waiting->on_timeout(session.reply)
                         : session.reply.error(kUnblocked);
    session.reply.take_failed();
  }
  go_on(session);
  return true;
}

void BlockedClients::end_served(Session& session) {
  const auto at = waits_.find(session.id);
  if (at == waits_.end()) return;  // serving it was the end of its connection
  take(at);
  go_on(session);
}

void BlockedClients::forget(const Session& session) {
  const auto at = waits_.find(session.id);
  if (at != waits_.end()) take(at);
}

}  // namespace tarn
