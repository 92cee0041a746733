#include "server/app/log_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "persistence/io/files.h"

namespace tarn {
namespace {

constexpr int kAppend = O_WRONLY | O_APPEND | O_CREAT;

}  // namespace

Result<std::unique_ptr<LogFile>> LogFile::open(const std::string& path) {
  const Result<int> fd = open_file(path, kAppend);
  if (!fd) return fd.error();
  std::error_code fault;
  return std::unique_ptr<LogFile>(new LogFile(std::filesystem::absolute(path, fault), *fd));
}

LogFile::LogFile(std::string path, int fd) : path_(std::move(path)) { adopt(fd); }

LogFile::~LogFile() { ::close(fd_); }

void LogFile::adopt(int fd) {
  struct stat opened {};
  if (::fstat(fd, &opened) == 0) {
    device_ = opened.st_dev;
    inode_ = opened.st_ino;
  }
  fd_ = fd;
}

void LogFile::write(std::string_view line) {
  if (!is_at_path()) reopen();
  static_cast<void>(write_all(fd_, line, path_));
}

bool LogFile::is_at_path() const {
  struct stat there {};
  return ::stat(path_.c_str(), &there) == 0 && there.st_dev == device_ && there.st_ino == inode_;
}

// The old file goes on to be written where there can be no new one.
void LogFile::reopen() {
  const Result<int> fd = open_file(path_, kAppend);
  if (!fd) return;
  ::close(fd_);
  adopt(*fd);
}

}  // namespace tarn
