#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

#include "server/engine/session.h"

namespace tarn {

// All sessions with a connection, by id, which is also the order of their arrival.
class ClientRegistry {
 public:
  std::uint64_t next_id() { return ++last_id_; }

  void add(Session& session) { sessions_.emplace(session.id, &session); }
  void remove(const Session& session) { sessions_.erase(session.id); }

  Session* find(std::uint64_t id) const {
    const auto at = sessions_.find(id);
    return at == sessions_.end() ? nullptr : at->second;
  }
  std::size_t size() const { return sessions_.size(); }
  const std::map<std::uint64_t, Session*>& sessions() const { return sessions_; }

  // Lets the sessions that a gate holds try again.
  void resume_paused();

 private:
  std::map<std::uint64_t, Session*> sessions_;
  std::uint64_t last_id_ = 0;
};

}  // namespace tarn
