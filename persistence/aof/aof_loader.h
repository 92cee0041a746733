#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "core/base/result.h"
#include "persistence/aof/aof_reader.h"
#include "persistence/aof/command_sink.h"
#include "persistence/aof/manifest.h"
#include "persistence/aof/segment_list.h"

namespace tarn {

// Loads what the manifest names: the base, then the segments behind it, each batch once. A torn end
// is cut off, where that is allowed. What else is damaged or missing is an error, which names the
// file, the offset and the way out.
class AofLoader {
 public:
  // What is needed from those who know what the bytes mean.
  struct Rdb {
    std::uint64_t bytes;  // of the file
    std::uint64_t keys;
  };
  struct Reader {
    // Loads an RDB file, telling of its progress itself.
    std::function<Result<Rdb>(const std::string& path)> load_rdb;
    CommandSink* commands = nullptr;
    // Of all files together.
    std::function<void(std::uint64_t bytes, std::uint64_t keys_and_commands)> on_progress;
  };

  // All of them outlive the loader. The manifest loses what follows a torn end, and is saved by
  // `save` before that is cut off.
  AofLoader(std::string directory, AofManifest& manifest, bool load_truncated, const Reader& reader)
      : directory_(std::move(directory)),
        manifest_(manifest),
        load_truncated_(load_truncated),
        reader_(reader) {}

  std::function<Result<>()> save;

  // Returns the number of the last batch.
  Result<std::uint64_t> load();

 private:
  Result<> look_for_files() const;
  Result<> load_base();
  Result<AofSegment> run(const std::string& path, AofReadOptions how);
  Result<> load_segments();
  Result<> end_log(const SegmentList& segments, std::size_t index, const AofSegment& last);
  Result<> allow_cut(const std::string& path, const AofSegment& segment) const;
  Result<> drop_segments_after(std::size_t index);
  std::string path_of(const AofManifest::File& file) const { return directory_ + "/" + file.name; }

  const std::string directory_;
  AofManifest& manifest_;
  const bool load_truncated_;
  const Reader& reader_;
  std::uint64_t sequence_ = 0;
  // Of the files before the one that is read.
  std::uint64_t bytes_before_ = 0;
  std::uint64_t commands_before_ = 0;
};

}  // namespace tarn
