#include "server/engine/durable_waiters.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace tarn {
namespace {

class DurableWait final : public Waiting {
 public:
  DurableWait(std::uint64_t sequence, const std::uint64_t& safe_sequence)
      : sequence_(sequence), safe_sequence_(safe_sequence) {}

  void on_timeout(Reply& reply) override {
    DurableWaiters::reply(reply, safe_sequence_ >= sequence_);
  }

 private:
  const std::uint64_t sequence_;
  const std::uint64_t& safe_sequence_;
};

}  // namespace

void DurableWaiters::reply(Reply& reply, bool local) {
  reply.array(2);
  reply.integer(local ? 1 : 0);
  reply.integer(0);
}

void DurableWaiters::wait(Session& session, std::uint64_t sequence, bool replicas,
                          std::chrono::milliseconds timeout) {
  auto wait = std::make_shared<DurableWait>(sequence, safe_sequence_);
  waiters_.push_back({wait, &session, sequence, replicas});
  blocked_.block(session, timeout, std::move(wait));
}

void DurableWaiters::serve(std::uint64_t safe_sequence) {
  safe_sequence_ = safe_sequence;
  std::vector<Waiter> ready;
  std::erase_if(waiters_, [&](const Waiter& waiter) {
    if (waiter.wait.expired()) return true;
    if (waiter.replicas || waiter.sequence > safe_sequence) return false;
    ready.push_back(waiter);
    return true;
  });
  for (const Waiter& waiter : ready) {
    if (waiter.wait.expired()) continue;
    blocked_.try_to_serve(*waiter.session, [&](bool silent) {
      if (!silent) reply(waiter.session->reply, true);
      return true;
    });
  }
}

}  // namespace tarn
