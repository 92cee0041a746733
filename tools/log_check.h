#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/result.h"
#include "persistence/aof/aof_reader.h"
#include "persistence/aof/manifest.h"
#include "persistence/aof/segment_list.h"
#include "tools/log_files.h"

namespace tarn {

// The files of an append-only file.
struct Log {
  std::string manifest_path{};  // empty for a file that stands alone
  AofManifest manifest{};
  std::vector<std::string> files{};  // in order
  bool has_base = false;
  SegmentList segments{};  // the files behind the base

  std::size_t first_segment() const { return has_base ? 1 : 0; }
};

// What `path` stands for: a manifest, a directory with one, or a file alone.
Result<Log> find_log(const std::string& path);

// Where the whole part of the log ends.
struct LogFault {
  std::size_t file;
  std::optional<AofSegment> cut;  // without: the file is dropped as a whole
  bool repairable = true;
};

// Verifies a log.
//
//  1. Base and segments are read in the order of the manifest, and each is described.
//  2. The first fault is where the log ends for whoever loads it: damage within a file, or a gap
//     before one. Damage that a later segment repeats (after a failed sync) is none.
class LogCheck {
 public:
  explicit LogCheck(const Log& log) : log_(log) {}

  // Prints what is in each file. Damage is no failure.
  Result<> run();
  const std::optional<LogFault>& fault() const { return fault_; }
  // In the files behind that with the fault.
  std::uint64_t commands_behind() const { return commands_behind_; }

 private:
  Result<> check_base_file();
  Result<> check_segment(std::size_t index);
  void describe(const std::string& path, const AofSegment& segment,
                const std::optional<Annotation>& opening);
  void found(LogFault fault) {
    if (!fault_) fault_ = std::move(fault);
  }

  const Log& log_;
  std::optional<LogFault> fault_;
  std::uint64_t known_ = 0;
  bool begun_ = false;  // known_ is that of a file
  std::uint64_t commands_behind_ = 0;
};

}  // namespace tarn
