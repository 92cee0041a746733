#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/engine/session.h"

namespace tarn {

// What CLIENT LIST and CLIENT INFO say of one client: "name=value" pairs with a space between, in
// the order of Redis 7.2, closed by a line break. `now_ms` is monotonic.
std::string client_line(const Session& session, std::int64_t now_ms);

// The kinds of clients that CLIENT LIST and CLIENT KILL tell apart by TYPE. Monitors are normal.
enum class ClientType : std::uint8_t { kNormal, kMaster, kReplica, kPubsub };

// Any case; nullopt for an unknown name.
std::optional<ClientType> client_type_by_name(std::string_view name);
ClientType type_of(const Session& session);

}  // namespace tarn
