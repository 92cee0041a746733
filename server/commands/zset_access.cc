#include "server/commands/zset_access.h"

namespace tarn {

void store_zset(Call& call, std::size_t position, DetachedCell& cell, std::string_view event) {
  const Key key = call.key(position);
  if (cell.vacant()) {
    if (call.db().erase(key)) call.notify(kNotifyGeneric, "del", key.bytes);
    return call.reply.integer(0);
  }
  const std::size_t size = SortedSetView(cell.view()).size();
  call.db().put(key, Type::kSortedSet, cell, Ttl::none());
  call.notify(kNotifySortedSet, event, key.bytes);
  call.reply.integer(static_cast<std::int64_t>(size));
}

}  // namespace tarn
