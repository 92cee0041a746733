#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <variant>

#include "server/net/peer_connection.h"

namespace tarn {

// Connections to the targets of MIGRATE, kept a while for the next one to the same target. What a
// caller takes is his until he gives it back; after a fault he does not.
class MigrationPeers {
 public:
  static constexpr std::size_t kMaxIdle = 64;
  static constexpr std::int64_t kMaxIdleUs = 10'000'000;

  struct Peer {
    std::string host;
    int port = 0;
    PeerConnection connection;
    std::optional<std::int64_t> db;  // selected there, where known
    std::int64_t last_use_us = 0;
  };

  // A kept connection, or a new one.
  PeerConnection::Outcome<Peer> take(const std::string& host, int port, std::int64_t timeout_ms);
  // The longest unused one makes room where there are kMaxIdle.
  void give_back(Peer peer, std::int64_t now_us);
  void close_idle(std::int64_t now_us);

 private:
  std::list<Peer> idle_;  // the longest unused first
};

}  // namespace tarn
