#include "server/engine/durable_waiters.h"

#include <algorithm>
#include <memory>

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
  waiters_.push_back({&session, sequence, replicas});
  blocked_.block(session, timeout, std::make_shared<DurableWait>(sequence, safe_sequence_));
}

void DurableWaiters::serve(std::uint64_t safe_sequence) {
  safe_sequence_ = safe_sequence;
  std::vector<Waiter> ready;
  std::erase_if(waiters_, [&](const Waiter& waiter) {
    // Its time was up, or somebody has ended its wait.
    if (!waiter.session->blocked) return true;
    if (waiter.replicas || waiter.sequence > safe_sequence) return false;
    ready.push_back(waiter);
    return true;
  });
  for (const Waiter& waiter : ready) {
    blocked_.try_to_serve(*waiter.session, [&](bool silent) {
      if (!silent) reply(waiter.session->reply, true);
      return true;
    });
  }
}

void DurableWaiters::forget(const Session& session) {
  std::erase_if(waiters_, [&](const Waiter& waiter) { return waiter.session == &session; });
}

}  // namespace tarn
