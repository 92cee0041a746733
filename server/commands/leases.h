#pragma once

#include <cstdint>
#include <optional>

#include "core/keyspace/keyspace.h"
#include "server/engine/call.h"

namespace tarn {

// Leases: of all clients that ask for a value that is missing or no longer good, one makes it anew.
// RESP's GETLEASE, SETLEASE and INVALIDATE and memcached's mg, ms and md do it on the same items,
// by these functions. The idea is that of Nishtala et al., "Scaling Memcache at Facebook", NSDI
// 2013, section 3.2.1.
//
//  1. The first client that finds nothing, a stale value, or one that soon expires, wins: it is
//     told to make the value, and the item is marked as won. Where nothing was, that is an empty
//     item.
//  2. Those who come later get what there is, or learn that somebody else is making it.
//  3. The winner stores with the CAS that it was given. That fails where the item has become
//     another version: written, invalidated or gone. So what was read before an invalidation does
//     not end up as a value that passes for fresh.
//
// The marks are the entry's (Entry::stale, Entry::won), and a new version has none. A lease ends
// with its item: a winner that never comes back has it until the deadline, or the next
// invalidation. It does not outlive the server, but that a value is stale, or still to be made,
// does (see Entry::awaits_value).

// Whether the caller is the one to make the item anew; if so, it is marked. `due` says that a value
// that is not stale should be made anew nevertheless.
bool win_lease(Entry& item, bool due);

inline std::optional<std::int64_t> deadline_of(const Entry& item) {
  return item.has_deadline() ? std::optional(item.deadline_ms()) : std::nullopt;
}
// Seconds until the deadline, a part of one counted as one; -1 without a deadline.
std::int64_t remaining_seconds(Call& call, std::optional<std::int64_t> deadline_ms);
// Whether there is a deadline, with less than so many seconds left.
bool expires_within(Call& call, std::optional<std::int64_t> deadline_ms, std::int64_t seconds);

// Makes an empty item that the caller has won. REQUIRES: there is no such key, and the deadline, if
// there is one, has not passed.
Entry* make_placeholder(Call& call, const Key& key, Ttl ttl);

// Makes the item another version of the same value that is stale. REQUIRES: the key holds a string.
void make_stale(Call& call, const Key& key);

}  // namespace tarn
