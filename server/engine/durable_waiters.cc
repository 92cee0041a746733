#include "server/engine/durable_waiters.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace tarn {
namespace {

class DurableWait final : public Waiting {
 public:
  DurableWait(std::uint64_t sequence, const AppendOnlyFile& aof) : sequence_(sequence), aof_(aof) {}

  void on_timeout(Reply& reply) override {
    DurableWaiters::reply(reply, aof_.is_open() && aof_.is_durable(sequence_));
  }

 private:
  const std::uint64_t sequence_;
  const AppendOnlyFile& aof_;
};

}  // namespace

void DurableWaiters::reply(Reply& reply, bool local) {
  reply.array(2);
  reply.integer(local ? 1 : 0);
  reply.integer(0);
}

void DurableWaiters::wait(Session& session, const Wanted& wanted,
                          std::chrono::milliseconds timeout) {
  auto wait = std::make_shared<DurableWait>(wanted.sequence, aof_);
  waiters_.push_back({wait, &session, wanted});
  blocked_.block(session, timeout, std::move(wait));
}

bool DurableWaiters::is_done(const Waiter& waiter, bool log_enabled) const {
  if (waiter.wanted.local && !log_enabled) return true;
  return !waiter.wanted.replicas && aof_.is_durable(waiter.wanted.sequence);
}

void DurableWaiters::serve(bool log_enabled) {
  std::vector<Waiter> ready;
  std::erase_if(waiters_, [&](const Waiter& waiter) {
    if (waiter.wait.expired()) return true;
    if (!is_done(waiter, log_enabled)) return false;
    ready.push_back(waiter);
    return true;
  });
  for (const Waiter& waiter : ready) {
    if (waiter.wait.expired()) continue;
    blocked_.try_to_serve(*waiter.session, [&](bool silent) {
      if (silent) return true;
      log_enabled ? reply(waiter.session->reply, true) : waiter.session->reply.error(kNoLog);
      return true;
    });
  }
}

}  // namespace tarn
