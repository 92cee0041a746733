#pragma once

#include <span>
#include <string_view>

#include "server/engine/command_table.h"
#include "server/memcached/memcached_services.h"

namespace tarn {

// Adds all that clients of memcached's protocols may call to a table of their own.
void add_memcached_commands(CommandTable& table, const MemcachedServices& services);

// By topic; called by add_memcached_commands. A row's arity is the least number of words with which
// memcached knows the command.
std::span<const CommandRow> memcached_storage_commands();
std::span<const CommandRow> memcached_retrieval_commands();
std::span<const CommandRow> memcached_number_commands();
std::span<const CommandRow> memcached_admin_commands();
std::span<const CommandRow> memcached_stats_commands();
std::span<const CommandRow> memcached_meta_get_commands();
std::span<const CommandRow> memcached_meta_change_commands();
std::span<const CommandRow> memcached_binary_item_commands();
std::span<const CommandRow> memcached_binary_admin_commands();

// Commands that no client can name, since their names have a space; see MemcachedClient.
inline constexpr std::string_view kAuthenticateCommand = "set credentials";
inline constexpr std::string_view kOversizedCommand = "set oversized";
inline constexpr std::string_view kBadBlockCommand = "ms bad block";
inline constexpr std::string_view kMetaGetUpdate = "mg update";

}  // namespace tarn
