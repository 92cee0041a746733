#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/types/detached_cell.h"
#include "core/types/sorted_set.h"
#include "server/commands/set_access.h"
#include "server/commands/value_access.h"
#include "server/config/config.h"
#include "server/config/value_limits.h"
#include "server/engine/call.h"

namespace tarn {

inline SortedSetLimits zset_limits(const Call& call) {
  return zset_limits(call.feature<const Config>().options());
}

// The sorted set that an entry holds; the empty one where there is no such key.
// REQUIRES: no other type
inline SortedSetView zset_of(const Entry* entry) {
  return entry == nullptr ? SortedSetView() : SortedSetView(entry->collection_view());
}

// The sorted set that an argument names; the empty one where there is no such key. Nothing where
// the key holds another type, which has been replied.
inline std::optional<SortedSetView> find_zset(Call& call, std::size_t position) {
  const Entry* entry = call.db().find(call.key(position));
  if (wrong_type(call, entry, Type::kSortedSet)) return std::nullopt;
  return zset_of(entry);
}

// Makes what was put into the cell the value of the key that an argument names, in place of
// whatever it held; nothing deletes the key. Replies with the size.
void store_zset(Call& call, std::size_t position, DetachedCell& cell, std::string_view event);

inline DetachedCell detached_zset(Call& call) {
  return DetachedCell(call.db().context().collections->objects());
}

// ---- Replies ------------------------------------------------------------------------------------

// How elements appear.
enum class ElementShape : std::uint8_t {
  kMembers,  // without scores
  kFlat,     // member, score, member, score ...
  kPairs,    // an array of two for each
};

// What WITHSCORES means in the client's protocol.
inline ElementShape shape_with_scores(const Call& call, bool with_scores) {
  if (!with_scores) return ElementShape::kMembers;
  return call.reply.resp3() ? ElementShape::kPairs : ElementShape::kFlat;
}

// The head of an array of so many elements.
inline void reply_elements(Call& call, ElementShape shape, std::size_t count) {
  call.reply.array(shape == ElementShape::kFlat ? 2 * count : count);
}

inline void write_element(Reply& reply, ElementShape shape, const SetMember& member, double score) {
  if (shape == ElementShape::kPairs) reply.array(2);
  write_member(reply, member);
  if (shape != ElementShape::kMembers) reply.real(score);
}

enum class Direction : std::uint8_t { kUpward, kDownward };

// Calls fn(const SetMember&, double score) for the elements of these ranks.
template <class Fn>
void visit_range(const SortedSetView& set, RankRange range, Direction direction, Fn&& fn) {
  direction == Direction::kUpward ? set.for_each(range, fn) : set.for_each_downward(range, fn);
}

// An array of the elements of these ranks, of a set that may be gone when it is sent.
inline void reply_range(Call& call, const SortedSetView& set, RankRange range, Direction direction,
                        ElementShape shape) {
  reply_elements(call, shape, range.count);
  visit_range(set, range, direction, [&](const SetMember& member, double score) {
    write_element(call.reply, shape, member, score);
  });
}

// The same, of a set that is the value of a key.
void reply_key_range(Call& call, const SortedSetView& set, RankRange range, Direction direction,
                     ElementShape shape);

}  // namespace tarn
