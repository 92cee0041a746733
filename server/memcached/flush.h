#pragma once

#include "server/engine/call.h"
#include "server/memcached/call_support.h"
#include "server/memcached/items.h"

namespace tarn::memcached {

// Empties the session's database at once or, where `exptime` is a moment to come, then.
inline void flush_items(Call& call, std::int64_t exptime) {
  ++stats_of(call).cmd_flush;
  DelayedFlush& delayed = services(call).delayed_flush;
  const Expiry when = Expiry::from_exptime(call, exptime);
  if (when.deadline_ms() && !when.has_passed()) {
    return delayed.schedule(std::chrono::milliseconds(*when.deadline_ms() - call.now_ms()));
  }
  delayed.cancel();
  if (call.databases.flush(call.session.db) > 0) call.propagate_as({"FLUSHDB"});
}

}  // namespace tarn::memcached
