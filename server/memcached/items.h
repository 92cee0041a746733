#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/keyspace/keyspace.h"
#include "server/engine/call.h"

namespace tarn {

// What memcached's protocols, text, meta and binary, do to items, which are the strings of the
// keyspace. Each function tells subscribers and the log what it did: the log has RESP commands.
//
// Keys of other types are no items: those who read miss them, and those who write are refused.

// What an exptime means.
class Expiry {
 public:
  // 0 is never, up to 30 days are seconds from now, more are a Unix time, less has passed.
  static Expiry from_exptime(Call& call, std::int64_t exptime);
  // The one that the item has.
  static Expiry of(const Entry& item);

  bool has_passed() const { return passed_; }
  Ttl ttl() const { return deadline_ms_ ? Ttl::until(*deadline_ms_) : Ttl::none(); }
  std::optional<std::int64_t> deadline_ms() const { return deadline_ms_; }

 private:
  bool passed_ = false;
  std::optional<std::int64_t> deadline_ms_;
};

// The item, for those who read it: counts as a use and as a hit or a miss.
Entry* find_item(Call& call, const Key& key);

// Notes that somebody has read the item; leaves no trace where reads must not.
void mark_fetched(Call& call, Entry& item);

// What came of a change of an item.
enum class ItemOutcome : std::uint8_t {
  kDone,
  kNotFound,
  kNotStored,  // a condition on the item's existence does not hold, or it would become too large
  kExists,     // its CAS is another one
  kNotNumber,
  kNoItem,  // the key holds another type
};

enum class StoreMode : std::uint8_t { kSet, kAdd, kReplace, kAppend, kPrepend };

struct StoreRequest {
  StoreMode mode = StoreMode::kSet;
  std::uint32_t client_flags = 0;
  Expiry expiry{};
  std::optional<std::uint64_t> compare_cas{};
  // With a CAS that is older than the item's, stores nevertheless, but marks the item stale, and
  // leaves its expiry as it was.
  bool invalidate = false;
  std::optional<std::uint64_t> new_cas{};
  bool with_cas = false;  // its CAS will be asked for at once
  // kAppend and kPrepend make an item with this expiry where there is none.
  std::optional<Expiry> vivify{};
  std::size_t max_bytes = 0;
};

// Stores the argument at `position`.
ItemOutcome store_item(Call& call, const Key& key, std::size_t position,
                       const StoreRequest& request);

struct ArithmeticRequest {
  bool decrement = false;
  std::uint64_t delta = 1;
  std::optional<std::uint64_t> compare_cas{};
  std::optional<std::uint64_t> new_cas{};
  std::optional<Expiry> touch{};
  // Makes an item of `initial` with this expiry where there is none.
  std::optional<Expiry> vivify{};
  std::uint64_t initial = 0;
};

struct ArithmeticResult {
  std::uint64_t number = 0;
  bool made = false;  // there was none
};

// Adds to the number that an item spells, and wraps at 64 bits; or subtracts, and stops at 0.
// `result` is the new number. One with fewer digits is padded with spaces to the old length, as in
// memcached.
ItemOutcome add_to_item(Call& call, const Key& key, const ArithmeticRequest& request,
                        ArithmeticResult& result);

ItemOutcome touch_item(Call& call, const Key& key, const Expiry& expiry);
ItemOutcome delete_item(Call& call, const Key& key,
                        std::optional<std::uint64_t> compare_cas = std::nullopt);

// At least one of the first two.
struct Invalidation {
  bool mark_stale = false;  // its value serves until somebody has made it anew
  bool drop_value = false;  // nothing of the value remains, nor of the client flags
  std::optional<std::uint64_t> compare_cas{};
  std::optional<std::uint64_t> new_cas{};
  std::optional<Expiry> expiry{};
};
// Keeps the item, but makes it another version.
ItemOutcome invalidate_item(Call& call, const Key& key, const Invalidation& invalidation);

// Makes an empty item for a client that has won the right to fill it. REQUIRES: there is no such
// key. Returns nullptr where the item would have expired already.
Entry* vivify_item(Call& call, const Key& key, const Expiry& expiry,
                   std::optional<std::uint64_t> new_cas);

}  // namespace tarn
