#include "persistence/io/files.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>

namespace tarn {
namespace {

constexpr std::size_t kPieceBytes = 1 << 20;

bool has_other_names(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && status.st_nlink > 1;
}

Result<> copy_bytes(int from_fd, const std::string& from, int to_fd, const std::string& to,
                    std::uint64_t bytes) {
  const auto piece = std::make_unique_for_overwrite<char[]>(kPieceBytes);
  while (bytes > 0) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(bytes, kPieceBytes));
    const ssize_t count = ::read(from_fd, piece.get(), wanted);
    if (count < 0 && errno != EINTR) return file_error("read", from, errno);
    if (count == 0) return Error{"Cannot copy " + from + ": it has become shorter"};
    if (count < 0) continue;
    const auto read = static_cast<std::size_t>(count);
    if (const auto written = write_all(to_fd, {piece.get(), read}, to); !written) return written;
    bytes -= read;
  }
  return {};
}

// Who may not give files away keeps what is copied.
void copy_owner_and_mode(int from_fd, int to_fd) {
  struct stat status {};
  if (::fstat(from_fd, &status) != 0) return;
  static_cast<void>(!::fchown(to_fd, status.st_uid, status.st_gid));
  static_cast<void>(::fchmod(to_fd, status.st_mode & 07777));
}

Result<> replace_by_beginning(const std::string& path, std::uint64_t bytes) {
  const std::string temporary = path + ".cut.tmp";
  if (const auto copied = copy_beginning(path, temporary, bytes); !copied) return copied;
  if (const auto renamed = rename_file(temporary, path); !renamed) {
    ::unlink(temporary.c_str());
    return renamed;
  }
  return sync_directory_of(path);
}

}  // namespace

Error file_error(std::string_view what, const std::string& path, int error_number) {
  return Error{fmt::format("Cannot {} {}: {}", what, path, std::strerror(error_number))};
}

Result<int> open_file(const std::string& path, int flags) {
  for (;;) {
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC, 0644);
    if (fd >= 0) return fd;
    if (errno != EINTR) return file_error("open", path, errno);
  }
}

Result<> write_all(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) return file_error("write", path, errno);
    if (written == 0) return file_error("write", path, ENOSPC);
    if (written > 0) bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<> write_all_at(int fd, std::string_view bytes, std::uint64_t offset,
                      const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno != EINTR) return file_error("write", path, errno);
    if (written == 0) return file_error("write", path, ENOSPC);
    if (written < 0) continue;
    bytes.remove_prefix(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return {};
}

Result<> truncate_file(int fd, std::uint64_t size, const std::string& path) {
  if (::ftruncate(fd, static_cast<off_t>(size)) == 0) return {};
  return file_error("truncate", path, errno);
}

Result<> sync_file(int fd, const std::string& path) {
  while (::fsync(fd) != 0) {
    if (errno != EINTR) return file_error("sync", path, errno);
  }
  return {};
}

Result<> copy_beginning(const std::string& from, const std::string& to, std::uint64_t bytes) {
  const Result<int> from_fd = open_file(from, O_RDONLY);
  if (!from_fd) return from_fd.error();
  ::unlink(to.c_str());
  const Result<int> to_fd = open_file(to, O_WRONLY | O_CREAT | O_EXCL);
  if (!to_fd) {
    ::close(*from_fd);
    return to_fd.error();
  }
  Result<> result = copy_bytes(*from_fd, from, *to_fd, to, bytes);
  if (result) copy_owner_and_mode(*from_fd, *to_fd);
  if (result) result = sync_file(*to_fd, to);
  ::close(*from_fd);
  ::close(*to_fd);
  if (!result) ::unlink(to.c_str());
  return result;
}

Result<> end_file_with(const std::string& path, std::uint64_t offset, std::string_view bytes) {
  if (has_other_names(path)) {
    if (const auto replaced = replace_by_beginning(path, offset); !replaced) return replaced;
  }
  const Result<int> fd = open_file(path, O_WRONLY);
  if (!fd) return fd.error();
  Result<> result = truncate_file(*fd, offset, path);
  if (result) result = write_all_at(*fd, bytes, offset, path);
  if (result) result = sync_file(*fd, path);
  ::close(*fd);
  return result;
}

Result<> cut_file(const std::string& path, std::uint64_t size) {
  return end_file_with(path, size, {});
}

bool file_exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

std::uint64_t file_bytes(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

std::int64_t modification_ms(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return 0;
  return std::int64_t{status.st_mtim.tv_sec} * 1000 + status.st_mtim.tv_nsec / 1'000'000;
}

Result<> rename_file(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) == 0) return {};
  return file_error("rename " + from + " to", to, errno);
}

Result<> sync_directory_of(const std::string& path) {
  std::string directory = std::filesystem::path(path).parent_path();
  if (directory.empty()) directory = ".";
  const Result<int> fd = open_file(directory, O_RDONLY | O_DIRECTORY);
  if (!fd) return fd.error();
  const Result<> synced = sync_file(*fd, directory);
  ::close(*fd);
  return synced;
}

}  // namespace tarn
