#include "persistence/io/file_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "persistence/io/files.h"

namespace tarn {

Result<std::unique_ptr<FileSource>> FileSource::open(const std::string& path,
                                                     std::uint64_t offset) {
  const Result<int> fd = open_file(path, O_RDONLY);
  if (!fd) return fd.error();
  struct stat status {};
  if (::fstat(*fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(*fd);
    return Error{"Cannot read " + path + ": it is not a file"};
  }
  if (offset != 0) ::lseek(*fd, static_cast<off_t>(offset), SEEK_SET);
  ::posix_fadvise(*fd, 0, 0, POSIX_FADV_SEQUENTIAL);
  return std::unique_ptr<FileSource>(
      new FileSource(*fd, path, offset, static_cast<std::uint64_t>(status.st_size)));
}

FileSource::FileSource(int fd, std::string path, std::uint64_t offset, std::uint64_t total)
    : fd_(fd), path_(std::move(path)), total_(total), consumed_(offset) {}

FileSource::~FileSource() { ::close(fd_); }

Result<std::size_t> FileSource::read(std::span<char> buffer) {
  std::size_t filled = 0;
  while (filled < buffer.size()) {
    const ssize_t count = ::read(fd_, buffer.data() + filled, buffer.size() - filled);
    if (count == 0) break;
    if (count > 0) {
      filled += static_cast<std::size_t>(count);
    } else if (errno != EINTR) {
      return file_error("read", path_, errno);
    }
  }
  consumed_ += filled;
  return filled;
}

Result<std::size_t> MemorySource::read(std::span<char> buffer) {
  const std::size_t count = std::min(buffer.size(), bytes_.size() - consumed_);
  if (count > 0) std::memcpy(buffer.data(), bytes_.data() + consumed_, count);
  consumed_ += count;
  return count;
}

Result<std::string> read_first_bytes(const std::string& path, std::size_t count) {
  auto source = FileSource::open(path);
  if (!source) return source.error();
  std::string bytes(count, '\0');
  const auto read = (*source)->read(bytes);
  if (!read) return read.error();
  bytes.resize(*read);
  return bytes;
}

}  // namespace tarn
