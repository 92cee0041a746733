#pragma once

#include <string_view>

#include "server/engine/call.h"
#include "server/memcached/call_support.h"

namespace tarn::memcached {

namespace lines {

inline constexpr std::string_view kNoSuchCommand = "ERROR";
inline constexpr std::string_view kBadFormat = "CLIENT_ERROR bad command line format";
inline constexpr std::string_view kBadExptime = "CLIENT_ERROR invalid exptime argument";
inline constexpr std::string_view kNotNumber =
    "CLIENT_ERROR cannot increment or decrement non-numeric value";
inline constexpr std::string_view kTooLarge = "SERVER_ERROR object too large for cache";
inline constexpr std::string_view kNoItem = "SERVER_ERROR the key holds another type than a string";

}  // namespace lines

// What is said behind SERVER_ERROR where there is no room.
inline constexpr std::string_view kNoRoomToStore = "out of memory storing object";

// One line as the reply.
inline void reply_line(Call& call, std::string_view line) {
  call.reply.out().append(line);
  call.reply.out().append("\r\n");
}

// Longer keys can only be sent as base64, in meta commands.
inline constexpr std::size_t kMaxPlainKeyBytes = 250;

inline bool key_fits(const Call& call, std::size_t position) {
  return call.args[position].size() <= kMaxPlainKeyBytes;
}

// memcached knows no command of so many words; the error has been sent.
inline bool too_many_words(Call& call, std::size_t most) {
  if (call.args.size() <= most) return false;
  call.reply.error_line(lines::kNoSuchCommand);
  return true;
}

// Replies to a change that failed in a way that is the same for all commands; false for others.
inline bool reply_failure(Call& call, ItemOutcome outcome) {
  switch (outcome) {
    case ItemOutcome::kNotNumber: call.reply.error_line(lines::kNotNumber); return true;
    case ItemOutcome::kNoItem: call.reply.error_line(lines::kNoItem); return true;
    case ItemOutcome::kDone:
    case ItemOutcome::kNotFound:
    case ItemOutcome::kNotStored:
    case ItemOutcome::kExists: break;
  }
  return false;
}

}  // namespace tarn::memcached
