#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/result.h"
#include "persistence/aof/aof_reader.h"

namespace tarn {

// What the tools ask of the files of an append-only file.

// The highest number of a batch that lines behind `offset` have, damaged as what is between may be;
// 0 for none.
Result<std::uint64_t> last_batch_after(const std::string& path, std::uint64_t offset);

// A base, read to its end, every checksum verified.
struct BaseReport {
  bool rdb = false;
  bool lz4 = false;
  std::uint64_t keys = 0;
  std::optional<AofSegment> commands;  // that follow, or are all of it
};
// Damaged RDB is an error; damage in the commands is in their report.
Result<BaseReport> check_base(const std::string& path);

}  // namespace tarn
