#include "persistence/io/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "persistence/io/files.h"

namespace tarn {

Result<std::unique_ptr<AtomicFile>> AtomicFile::create(std::string path, std::string temporary,
                                                       std::uint64_t sync_every_bytes) {
  const Result<int> fd = open_file(temporary, O_WRONLY | O_CREAT | O_TRUNC);
  if (!fd) return fd.error();
  return std::unique_ptr<AtomicFile>(
      new AtomicFile(*fd, std::move(path), std::move(temporary), sync_every_bytes));
}

Result<std::unique_ptr<AtomicFile>> AtomicFile::create(const std::string& path) {
  return create(path, path + ".tmp");
}

AtomicFile::AtomicFile(int fd, std::string path, std::string temporary,
                       std::uint64_t sync_every_bytes)
    : fd_(fd),
      path_(std::move(path)),
      temporary_(std::move(temporary)),
      sink_(fd, temporary_, sync_every_bytes) {}

AtomicFile::~AtomicFile() {
  ::close(fd_);
  if (!renamed_) ::unlink(temporary_.c_str());
}

Result<> AtomicFile::sync() {
  if (const auto flushed = sink_.finish(); !flushed) return flushed;
  return sync_file(fd_, temporary_);
}

Result<> AtomicFile::commit() {
  if (const auto synced = sync(); !synced) return synced;
  if (const auto renamed = rename_file(temporary_, path_); !renamed) return renamed;
  renamed_ = true;
  return sync_directory_of(path_);
}

Result<bool> AtomicFile::commit_unless_there() {
  if (const auto synced = sync(); !synced) return synced.error();
  if (::link(temporary_.c_str(), path_.c_str()) != 0) {
    if (errno == EEXIST) return false;
    return file_error("link " + temporary_ + " to", path_, errno);
  }
  if (const auto synced = sync_directory_of(path_); !synced) return synced.error();
  return true;
}

Result<> write_file_atomically(const std::string& path, std::string_view content) {
  auto file = AtomicFile::create(path);
  if (!file) return file.error();
  if (const auto written = (*file)->sink().write(content); !written) return written;
  return (*file)->commit();
}

}  // namespace tarn
