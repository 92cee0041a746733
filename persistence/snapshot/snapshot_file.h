#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/result.h"
#include "core/keyspace/databases.h"

namespace tarn {

// How the bytes of a snapshot are laid down: as plain RDB, with strings compressed one by one (both
// of which redis-server loads as they are), or as a whole within an LZ4 frame.
enum class SnapshotFormat : std::uint8_t { kPlain, kLzf, kLz4 };

struct SnapshotSettings {
  SnapshotFormat format = SnapshotFormat::kLz4;
  bool checksum = true;
  // Has the system write to disk while the file grows, not all of it at the end.
  bool incremental_fsync = true;
  // Tells of each key how recently, or often, it was used.
  bool access_hints = false;
  // For a forked child that does nothing else with the databases.
  bool at_last = false;
  // Name and value of further auxiliary fields.
  std::vector<std::pair<std::string, std::string>> aux{};
  // For tests: a pause for each key or, if negative, for each so many keys.
  std::int64_t key_delay_us = 0;
};

// Writes all databases to `path`: completely, and on disk, or not at all. The file grows under a
// name of its own beside it, and takes its place at the end.
Result<> save_snapshot(const Databases& databases, const SnapshotSettings& settings,
                       const std::string& path,
                       const std::function<void(std::uint64_t keys)>& on_progress);

// The bytes of such a file. For databases that hold little.
Result<std::string> snapshot_bytes(const Databases& databases, const SnapshotSettings& settings);

// Where it grows.
std::string snapshot_scratch_file(const std::string& path);

}  // namespace tarn
