#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "persistence/io/file_sink.h"

namespace tarn {

// A file that is there as a whole, and on disk, or not at all. It grows under a temporary name in
// the same directory; commit() syncs it, gives it its name, in place of what had it, and syncs the
// directory. Without commit() nothing is left of it.
class AtomicFile {
 public:
  // `temporary` is a path on the same file system.
  static Result<std::unique_ptr<AtomicFile>> create(std::string path, std::string temporary,
                                                    std::uint64_t sync_every_bytes = 0);
  // The temporary name is the path with ".tmp" behind it.
  static Result<std::unique_ptr<AtomicFile>> create(const std::string& path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  ByteSink& sink() { return sink_; }
  // Nothing may be written afterwards. After a failure the old file is still there, but for one: if
  // only the directory could not be synced, the new one is, and may be gone after a power failure.
  Result<> commit();
  // The same where nothing has the name. Returns false, and leaves it alone, where something has.
  Result<bool> commit_unless_there();

 private:
  AtomicFile(int fd, std::string path, std::string temporary, std::uint64_t sync_every_bytes);
  Result<> sync();

  const int fd_;
  const std::string path_;
  const std::string temporary_;
  FileSink sink_;
  bool renamed_ = false;
};

// The whole of a small file at once.
Result<> write_file_atomically(const std::string& path, std::string_view content);

}  // namespace tarn
