#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/types/list.h"
#include "server/commands/collection_access.h"
#include "server/config/config.h"
#include "server/config/value_limits.h"
#include "server/engine/call.h"

namespace tarn {

inline ListLimits list_limits(const Call& call) {
  return list_limits(call.feature<const Config>().options());
}

// The list that an entry holds; the empty one where there is no such key.
// REQUIRES: no other type
inline ListView list_of(const Entry* entry) {
  return entry == nullptr ? ListView() : ListView(entry->collection_view());
}

// Which element an index means: one from the front or, if it is negative, from the back.
inline std::optional<std::size_t> list_index(std::int64_t index, std::size_t size) {
  if (index < 0) index += static_cast<std::int64_t>(size);
  if (index < 0 || static_cast<std::size_t>(index) >= size) return std::nullopt;
  return static_cast<std::size_t>(index);
}

inline void write_element(Reply& reply, const PackedElement& element) {
  element.is_string() ? reply.bulk(element.string()) : reply.bulk_integer(element.integer());
}

// Whether one of what is to become elements is too long to be one, in which case the error has been
// sent.
inline bool too_long(Call& call, std::span<const std::string_view> texts) {
  const auto is_long = [](std::string_view text) { return text.size() > List::kMaxElementBytes; };
  if (std::none_of(texts.begin(), texts.end(), is_long)) [[likely]]
    return false;
  call.reply.error("ERR Element too large");
  return true;
}

// The events of pushing to, and of popping off, an end.
inline std::string_view push_event(ListEnd end) {
  return end == ListEnd::kFront ? "lpush" : "rpush";
}
inline std::string_view pop_event(ListEnd end) { return end == ListEnd::kFront ? "lpop" : "rpop"; }

inline void commit(Call& call, CollectionEdit& edit, std::size_t changes, std::string_view event,
                   const Key& key) {
  commit(call, edit, changes, kNotifyList, event, key.bytes);
}

// Pops that many elements off one end, or all if there are no more, and replies with them.
// REQUIRES: the key holds a list.
inline void pop_and_reply(Call& call, CollectionEdit& edit, const Key& key, ListEnd end,
                          std::size_t count) {
  List list(edit, list_limits(call));
  count = std::min(count, list.size());
  call.reply.array(count);
  list.take(end, count,
            [&call](const PackedElement& element) { write_element(call.reply, element); });
  commit(call, edit, count, pop_event(end), key);
}

}  // namespace tarn
