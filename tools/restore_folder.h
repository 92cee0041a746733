#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "persistence/aof/base_position.h"
#include "persistence/aof/segment_list.h"

namespace tarn {

// A file of an append-only file, and how much of it is wanted.
struct RestorePiece {
  std::string path;  // empty for a segment that is to consist of its first line
  std::string name;
  std::uint64_t number = 0;
  std::uint64_t bytes = 0;
};

struct RestoreBase {
  RestorePiece piece;
  BasePosition position;
};

struct RestoreFolder {
  std::vector<RestoreBase> bases;      // whose position is known
  std::string unplaced;                // a base for which it is not
  std::vector<RestorePiece> segments;  // by number
  SegmentList openings;                // theirs
};

// Finds the files of an append-only file in a folder: by their names (NAME.<n>.base.rdb,
// NAME.<n>.incr.aof), and by a manifest if there is one. A base says itself which batch it contains
// last; that of an older server, or one of commands, is as old as the beginning of the manifest's
// first segment.
Result<RestoreFolder> read_restore_folder(const std::string& folder, const std::string& name);

}  // namespace tarn
