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
std::span<const CommandRow> bitmap_commands();
std::span<const CommandRow> bitfield_commands();
std::span<const CommandRow> object_commands();
std::span<const CommandRow> key_commands();
std::span<const CommandRow> key_expiry_commands();
std::span<const CommandRow> key_scan_commands();
std::span<const CommandRow> database_commands();

// With ClientServices.
std::span<const CommandRow> connection_commands();
std::span<const CommandRow> client_commands();
std::span<const CommandRow> server_commands();
std::span<const CommandRow> command_commands();
std::span<const CommandRow> lolwut_commands();

// With ConfigControl.
std::span<const CommandRow> config_commands();
// With const Info.
std::span<const CommandRow> info_commands();
// With MemoryMeter.
std::span<const CommandRow> memory_commands();
// With SlowCommands.
std::span<const CommandRow> slowlog_commands();
std::span<const CommandRow> latency_commands();
// With const ShutdownControl.
std::span<const CommandRow> shutdown_commands();

// With DebugControl.
std::span<const CommandRow> debug_commands();

}  // namespace tarn
