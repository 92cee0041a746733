#pragma once

#include <cstddef>
#include <optional>

#include "core/types/hash.h"
#include "server/commands/value_access.h"
#include "server/config/config.h"
#include "server/config/value_limits.h"
#include "server/engine/call.h"

namespace tarn {

inline HashLimits hash_limits(const Call& call) {
  return hash_limits(call.feature<const Config>().options());
}

// The hash under a call's first key, the empty one where there is no such key. Nothing where the
// key holds another type, in which case the error has been sent.
inline std::optional<HashView> find_hash(Call& call) {
  const Entry* entry = call.db().find(call.key(1));
  if (wrong_type(call, entry, Type::kHash)) return std::nullopt;
  return entry == nullptr ? HashView() : HashView(entry->collection_view());
}

inline void write_value(Reply& reply, std::optional<std::string_view> value) {
  value ? reply.bulk(*value) : reply.null();
}

}  // namespace tarn
