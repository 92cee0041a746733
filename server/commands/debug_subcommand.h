#pragma once

#include <cstddef>
#include <cstdlib>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include "server/engine/call.h"

namespace tarn {

// One subcommand of DEBUG. DEBUG is a single command to COMMAND INFO and to ACL rules, so its
// subcommands have rows of their own; adding one is adding a row beside its handler.
struct DebugSubcommand {
  static constexpr std::size_t kAny = std::numeric_limits<std::size_t>::max();

  std::string_view name;  // lower case
  Handler handler;
  // How many arguments may follow the name.
  std::size_t min_args;
  std::size_t max_args;
  std::string_view syntax;
  std::string_view summary;
};

// The argument of a switch: on for a number other than 0, off for 0 and for what is none.
inline bool debug_switch(const Call& call, std::size_t position = 2) {
  return std::atoi(std::string(call.args[position]).c_str()) != 0;
}

// The entry of the key that the argument names, or nullptr, which has been replied.
inline const Entry* existing_entry(Call& call) {
  const Entry* entry = call.db().peek(Key(call.args[2]));
  if (entry == nullptr) call.reply.error(errors::kNoSuchKey);
  return entry;
}

// About keys and what they hold.
std::span<const DebugSubcommand> debug_key_subcommands();
// About hash tables and packed values.
std::span<const DebugSubcommand> debug_table_subcommands();
// About what is on disk.
std::span<const DebugSubcommand> debug_persistence_subcommands();
// About the process: its memory, its time, and how it ends.
std::span<const DebugSubcommand> debug_process_subcommands();
// Replies of every kind, for tests of clients.
std::span<const DebugSubcommand> debug_reply_subcommands();

}  // namespace tarn
