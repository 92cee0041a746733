#pragma once

#include <span>

#include "server/engine/command.h"

namespace tarn {

// The rows of each family, for CommandTable::add. What the handlers of a family need beside the
// keyspace is the feature that it must be registered with.

// With const Config, also where the family does not look at it.
std::span<const CommandRow> string_commands();
std::span<const CommandRow> string_set_commands();
std::span<const CommandRow> string_number_commands();
std::span<const CommandRow> string_multi_commands();
std::span<const CommandRow> string_condition_commands();
std::span<const CommandRow> string_lcs_commands();
std::span<const CommandRow> lease_commands();
std::span<const CommandRow> bitmap_commands();
std::span<const CommandRow> dump_commands();
std::span<const CommandRow> bitfield_commands();
std::span<const CommandRow> list_commands();
std::span<const CommandRow> list_edit_commands();
std::span<const CommandRow> list_move_commands();
std::span<const CommandRow> list_blocking_commands();
std::span<const CommandRow> set_commands();
std::span<const CommandRow> set_random_commands();
std::span<const CommandRow> set_algebra_commands();
std::span<const CommandRow> set_scan_commands();
std::span<const CommandRow> zset_commands();
std::span<const CommandRow> zset_range_commands();
std::span<const CommandRow> zset_between_commands();
std::span<const CommandRow> zset_pop_commands();
std::span<const CommandRow> zset_algebra_commands();
std::span<const CommandRow> zset_walk_commands();
std::span<const CommandRow> hash_commands();
std::span<const CommandRow> hash_edit_commands();
std::span<const CommandRow> hash_walk_commands();
std::span<const CommandRow> field_expiry_commands();
std::span<const CommandRow> field_expiry_value_commands();
std::span<const CommandRow> object_commands();
std::span<const CommandRow> key_commands();
std::span<const CommandRow> key_expiry_commands();
std::span<const CommandRow> key_scan_commands();
std::span<const CommandRow> sort_commands();
std::span<const CommandRow> database_commands();

// With ClientServices.
std::span<const CommandRow> connection_commands();
std::span<const CommandRow> client_commands();
std::span<const CommandRow> server_commands();
std::span<const CommandRow> command_commands();
std::span<const CommandRow> lolwut_commands();

// With PubSub.
std::span<const CommandRow> pubsub_commands();

// With Transactions.
std::span<const CommandRow> transaction_commands();

// With ConfigControl.
std::span<const CommandRow> config_commands();
// With const Info.
std::span<const CommandRow> info_commands();
// With MigrateServices.
std::span<const CommandRow> migrate_commands();
// With MemoryMeter.
std::span<const CommandRow> memory_commands();
// With SlowCommands.
std::span<const CommandRow> slowlog_commands();
std::span<const CommandRow> latency_commands();
// With Snapshots.
std::span<const CommandRow> snapshot_commands();
std::span<const CommandRow> aof_commands();
// With const ShutdownControl.
std::span<const CommandRow> shutdown_commands();

// With DebugControl.
std::span<const CommandRow> debug_commands();

}  // namespace tarn
