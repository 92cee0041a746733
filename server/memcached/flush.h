#pragma once

#include "server/engine/call.h"
#include "server/memcached/call_support.h"
#include "server/memcached/items.h"

namespace tarn::memcached {

// Empties the session's database at once or, where `exptime` is a moment to come, a second before
// it, as memcached does: a flush with a delay of 1 has taken everything when it is answered.
inline void flush_items(Call& call, std::int64_t exptime) {
  ++stats_of(call).cmd_flush;
  DelayedFlush& delayed = services(call).delayed_flush;
  const Expiry when = Expiry::from_exptime(call, exptime);
  constexpr std::chrono::seconds kAhead{1};
  if (when.deadline_ms()) {
    const std::chrono::milliseconds left(*when.deadline_ms() - call.now_ms());
    if (left > kAhead) return delayed.schedule(left - kAhead);
  }
  delayed.cancel();
  if (call.databases.flush(call.session.db) > 0) call.propagate_as({"FLUSHDB"});
}

}  // namespace tarn::memcached
