#pragma once

#include <utility>

#include "server/engine/session.h"

namespace tarn {

// As long as it lives, pushes to the session wait; then they follow what it was replied. Nested
// ones leave the pushes to the outermost.
class PushHold {
 public:
  explicit PushHold(Session& session)
      : session_(session),
        held_(session.reply.out().pool()),
        outer_(std::exchange(session.held_pushes, &held_)) {}
  ~PushHold() {
    session_.held_pushes = outer_;
    if (held_.empty()) return;
    session_.pushes().splice(held_);
    if (session_.transport != nullptr) session_.transport->schedule_flush();
  }
  PushHold(const PushHold&) = delete;
  PushHold& operator=(const PushHold&) = delete;

 private:
  Session& session_;
  OutputBuffer held_;
  OutputBuffer* const outer_;
};

}  // namespace tarn
