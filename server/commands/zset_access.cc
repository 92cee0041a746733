#include "server/commands/zset_access.h"

#include <algorithm>

#include "server/commands/gradual_reply.h"

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

void reply_key_range(Call& call, const SortedSetView& set, RankRange range, Direction direction,
                     ElementShape shape) {
  if (!worth_writing_gradually(set.large_collection(), range.count)) {
    return reply_range(call, set, range, direction, shape);
  }
  reply_elements(call, shape, range.count);
  const auto write_some = [set, left = range, direction, shape](Reply& reply, std::size_t) mutable {
    RankRange now = left;
    now.count = std::min<std::size_t>(left.count, 64);  // finding the first costs little against it
    left.count -= now.count;
    if (direction == Direction::kUpward) {
      left.first += now.count;
    } else {
      now.first += left.count;
    }
    visit_range(set, now, direction, [&](const SetMember& member, double score) {
      write_element(reply, shape, member, score);
    });
    return !left.empty();
  };
  reply_gradually(call, set.large_collection(), write_some);
}

}  // namespace tarn
