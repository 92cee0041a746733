#pragma once

#include <cstddef>

#include "core/types/set.h"
#include "server/commands/value_access.h"
#include "server/config/config.h"
#include "server/config/value_limits.h"
#include "server/engine/call.h"

namespace tarn {

inline SetLimits set_limits(const Call& call) {
  return set_limits(call.feature<const Config>().options());
}

// The set that an entry holds; the empty one where there is no such key.
// REQUIRES: no other type
inline SetView set_of(const Entry* entry) {
  return entry == nullptr ? SetView() : SetView(entry->collection_view());
}

inline void write_member(Reply& reply, const SetMember& member) {
  member.is_integer() ? reply.bulk_integer(member.integer()) : reply.bulk(member.string());
}

}  // namespace tarn
