#include "server/commands/migration_peers.h"

#include <algorithm>
#include <utility>

namespace tarn {

PeerConnection::Outcome<MigrationPeers::Peer> MigrationPeers::take(const std::string& host,
                                                                   int port,
                                                                   std::int64_t timeout_ms) {
  const auto kept = std::find_if(idle_.begin(), idle_.end(), [&](const Peer& peer) {
    return peer.port == port && peer.host == host;
  });
  if (kept != idle_.end()) {
    Peer peer = std::move(*kept);
    idle_.erase(kept);
    peer.connection.set_timeout(timeout_ms);
    return peer;
  }
  auto connected = PeerConnection::connect(host, port, timeout_ms);
  if (const auto* fault = std::get_if<PeerFault>(&connected)) return *fault;
  return Peer{.host = host,
              .port = port,
              .connection = std::move(std::get<PeerConnection>(connected)),
              .db = std::nullopt};
}

void MigrationPeers::give_back(Peer peer, std::int64_t now_us) {
  if (idle_.size() >= kMaxIdle) idle_.pop_front();
  peer.last_use_us = now_us;
  idle_.push_back(std::move(peer));
}

void MigrationPeers::close_idle(std::int64_t now_us) {
  idle_.remove_if([now_us](const Peer& peer) { return now_us - peer.last_use_us > kMaxIdleUs; });
}

}  // namespace tarn
