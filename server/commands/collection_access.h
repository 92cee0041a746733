#pragma once

#include <cstdint>
#include <string_view>

#include "core/keyspace/collection_edit.h"
#include "server/commands/value_access.h"
#include "server/engine/call.h"

namespace tarn {

// The same as wrong_type() for a key that is open for changes.
inline bool wrong_type(Call& call, const CollectionEdit& edit) {
  if (!edit.wrong_type()) [[likely]]
    return false;
  call.reply.error(errors::kWrongType);
  return true;
}

// Ends an edit of `changes` elements: observers hear of it, subscribers get the event and, where
// nothing is left of the key, a "del". Nothing happens if there were no changes.
inline void commit(Call& call, CollectionEdit& edit, std::size_t changes,
                   std::uint32_t notify_class, std::string_view event, std::string_view key) {
  const CollectionEdit::Outcome outcome = edit.commit(changes);
  if (outcome == CollectionEdit::Outcome::kUnchanged) return;
  call.notify(notify_class, event, key);
  if (outcome == CollectionEdit::Outcome::kDeleted) call.notify(kNotifyGeneric, "del", key);
}

}  // namespace tarn
