#pragma once

#include <optional>
#include <string_view>

#include "core/keyspace/keyspace.h"
#include "server/engine/call.h"

namespace tarn {

// Whether `entry` holds another type than a command works on, in which case the error has been
// sent. A missing key (nullptr) suits every command.
inline bool wrong_type(Call& call, const Entry* entry, Type type) {
  if (entry == nullptr || entry->type() == type) [[likely]]
    return false;
  call.reply.error(errors::kWrongType);
  return true;
}

// Makes an argument the value of `key`: without a copy where it was received into a blob of its
// own.
inline void store_argument(Call& call, const Key& key, std::size_t position, Ttl ttl,
                           ItemAttributes attributes = {}) {
  if (BlobRef blob = call.blob(position)) [[unlikely]] {
    call.db().set_string(key, std::move(blob), ttl, attributes);
  } else {
    call.db().set_string(key, call.args[position], ttl, attributes);
  }
}

// Does that as SET does, which says so.
inline void set_argument(Call& call, const Key& key, std::size_t position, Ttl ttl,
                         ItemAttributes attributes = {}) {
  store_argument(call, key, position, ttl, attributes);
  call.notify(kNotifyString, "set", key.bytes);
  if (ttl.deadline_ms()) call.notify(kNotifyGeneric, "expire", key.bytes);
}

// The bytes of a string that may be missing, which counts as empty. Valid until the key is changed.
class BytesOf {
 public:
  // REQUIRES: `entry` is nullptr or a string.
  explicit BytesOf(const Entry* entry) {
    if (entry != nullptr) view_.emplace(*entry);
  }

  std::string_view bytes() const { return view_ ? view_->bytes() : std::string_view(""); }
  operator std::string_view() const { return bytes(); }
  std::size_t size() const { return bytes().size(); }

 private:
  std::optional<StringView> view_;
};

}  // namespace tarn
