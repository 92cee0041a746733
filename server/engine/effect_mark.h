#pragma once

#include <vector>

namespace tarn {

struct Session;

// Whether commands of a session had effects since the owner last asked who wrote; see
// propagation.h. A session that goes leaves the list of those that did.
class EffectMark {
 public:
  EffectMark() = default;
  ~EffectMark() {
    if (writers_ != nullptr) std::erase(*writers_, session_);
  }
  EffectMark(const EffectMark&) = delete;
  EffectMark& operator=(const EffectMark&) = delete;

  explicit operator bool() const { return writers_ != nullptr; }
  void note(Session& session, std::vector<Session*>& writers) {
    if (writers_ != nullptr) return;
    session_ = &session;
    writers_ = &writers;
    writers.push_back(&session);
  }
  void clear() { writers_ = nullptr; }

 private:
  Session* session_ = nullptr;
  std::vector<Session*>* writers_ = nullptr;
};

}  // namespace tarn
