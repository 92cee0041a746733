#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace tarn {

// Which files make up an append-only file, in the format of Redis 7: a base, which holds all data
// of some moment, increments, which hold the writes since then in order, and history: files that
// are not needed any more and not yet deleted. A line a file:
//
//     file appendonly.aof.2.base.rdb seq 2 type b
//     file appendonly.aof.4.incr.aof seq 4 type i
//
// After a return to an earlier moment (tarn-restore) the base's line ends with "leaving 1000":
// later batches, up to that number, were another history's. See AppendOnlyFile::open().
struct AofManifest {
  struct File {
    std::string name;  // in the manifest's directory
    std::uint64_t number = 0;
  };

  std::optional<File> base;
  std::vector<File> increments;  // by ascending number
  std::vector<File> history;
  std::uint64_t left_batches = 0;  // the highest number of a history that was left; 0 for none

  bool empty() const { return !base && increments.empty(); }
  std::uint64_t last_base_number() const;
  std::uint64_t last_increment_number() const;

  // An error names the line.
  static Result<AofManifest> parse(std::string_view text, const std::string& path);
  std::string print() const;
};

// From a file.
Result<AofManifest> read_manifest(const std::string& path);

}  // namespace tarn
