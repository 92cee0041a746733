#include "server/commands/leases.h"

#include <algorithm>

#include "server/commands/ttl_option.h"

namespace tarn {

bool win_lease(Entry& item, bool due) {
  if (item.won() || !(item.stale() || due)) return false;
  item.mark_won();
  return true;
}

std::int64_t remaining_seconds(Call& call, std::optional<std::int64_t> deadline_ms) {
  if (!deadline_ms) return -1;
  return std::max<std::int64_t>(*deadline_ms - call.now_ms() + 999, 0) / 1000;
}

bool expires_within(Call& call, std::optional<std::int64_t> deadline_ms, std::int64_t seconds) {
  return deadline_ms && remaining_seconds(call, deadline_ms) < seconds;
}

Entry* make_placeholder(Call& call, const Key& key, Ttl ttl) {
  call.db().set_string(key, std::string_view(""), ttl);
  Entry* item = call.db().peek(key);
  item->mark_won();
  propagate_item(call, key);
  call.notify(kNotifyString, "set", key.bytes);
  if (ttl.deadline_ms()) call.notify(kNotifyGeneric, "expire", key.bytes);
  return item;
}

void make_stale(Call& call, const Key& key) {
  call.db().make_stale(key);
  propagate_item(call, key);
  call.notify(kNotifyGeneric, "stale", key.bytes);
}

}  // namespace tarn
