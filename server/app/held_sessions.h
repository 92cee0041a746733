#pragma once

#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

namespace tarn {

struct Session;

// Sessions whose replies wait until a batch of the log is safe, by the batch.
//
// They stand in a queue, as batches are numbered in the order in which they come. One that has to
// wait for a later batch, or is gone, leaves its place in the queue behind; that such a place
// counts no more tells the table of what each session waits for. So every operation takes a time
// that does not depend on how many wait.
class HeldSessions {
 public:
  struct Held {
    Session* session;
    std::uint64_t sequence;
  };

  // Of a session that waits already, the later batch counts. REQUIRES: no lower number than that
  // of the call before
  void hold(Session& session, std::uint64_t sequence) {
    const auto [known, fresh] = waits_for_.try_emplace(&session, sequence);
    if (!fresh && known->second == sequence) return;
    known->second = sequence;
    queue_.push_back({&session, sequence});
  }
  void forget(const Session& session) { waits_for_.erase(&session); }

  // Takes out those that wait for batches up to this one, in the order of the batches.
  std::vector<Held> take(std::uint64_t sequence) {
    std::vector<Held> taken;
    for (; !queue_.empty() && queue_.front().sequence <= sequence; queue_.pop_front()) {
      const auto known = waits_for_.find(queue_.front().session);
      if (known == waits_for_.end() || known->second != queue_.front().sequence) continue;
      taken.push_back(queue_.front());
      waits_for_.erase(known);
    }
    return taken;
  }

 private:
  std::deque<Held> queue_;
  std::unordered_map<const Session*, std::uint64_t> waits_for_;
};

}  // namespace tarn
