#include "persistence/io/directory_lock.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <string_view>

#include "core/base/numbers.h"
#include "persistence/io/files.h"

namespace tarn {
namespace {

int try_lock(int fd) {
  while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

// " (process 123)", if the one that has the lock has said so.
std::string owner_of(int fd) {
  char text[kMaxInt64Chars];
  const ssize_t bytes = ::pread(fd, text, sizeof text, 0);
  std::uint64_t process = 0;
  if (bytes <= 0 || !parse_uint64({text, static_cast<std::size_t>(bytes)}, process)) return "";
  return fmt::format(" (process {})", process);
}

// Only messages need the number, so it does not matter if it cannot be written.
void write_owner(int fd) {
  const std::string process = std::to_string(::getpid());
  if (::ftruncate(fd, 0) == 0) (void)!::pwrite(fd, process.data(), process.size(), 0);
}

}  // namespace

Result<std::unique_ptr<DirectoryLock>> DirectoryLock::acquire(const std::string& directory) {
  const std::string path = fmt::format("{}/{}", directory, kFileName);
  const Result<int> fd = open_file(path, O_RDWR | O_CREAT);
  if (!fd) {
    return Error{fmt::format(
        "{}. That file keeps other servers off the directory while one writes there: make the "
        "directory writable, or name another with the option dir",
        fd.error().message)};
  }
  std::unique_ptr<DirectoryLock> lock(new DirectoryLock(*fd));
  const int fault = try_lock(*fd);
  if (fault == EWOULDBLOCK) {
    return Error{
        fmt::format("Another server{} uses the directory {}: stop it, or give this one a "
                    "directory of its own with the option dir",
                    owner_of(*fd), directory)};
  }
  if (fault != 0) return file_error("lock", path, fault);
  write_owner(*fd);
  return lock;
}

DirectoryLock::~DirectoryLock() { ::close(fd_); }

}  // namespace tarn
