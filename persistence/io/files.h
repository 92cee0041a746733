#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace tarn {

// Calls of the system on files, made until they are done or have failed for good. Errors name the
// path and the system's reason.

// An error of the system: "Cannot <what> <path>: <reason>". `error_number` is errno's.
Error file_error(std::string_view what, const std::string& path, int error_number);

// Opens with O_CLOEXEC, and the mode 0644 where it creates.
Result<int> open_file(const std::string& path, int flags);
Result<> write_all(int fd, std::string_view bytes, const std::string& path);
// The same at `offset`, without regard to where the file stands.
Result<> write_all_at(int fd, std::string_view bytes, std::uint64_t offset,
                      const std::string& path);
Result<> truncate_file(int fd, std::uint64_t size, const std::string& path);
Result<> sync_file(int fd, const std::string& path);
// Writes the first `bytes` of a file to a new one in place of `to`, with the same mode, and syncs
// it. After a failure nothing is left there.
Result<> copy_beginning(const std::string& from, const std::string& to, std::uint64_t bytes);
// Makes a file that nobody has open end with `bytes` at `offset`, and makes that last. What has the
// same file under another name, as a backup by hard links does, keeps it as it was.
Result<> end_file_with(const std::string& path, std::uint64_t offset, std::string_view bytes);
// The same with nothing there.
Result<> cut_file(const std::string& path, std::uint64_t size);
Result<> rename_file(const std::string& from, const std::string& to);
bool file_exists(const std::string& path);
std::uint64_t file_bytes(const std::string& path);      // 0 where there is none
std::int64_t modification_ms(const std::string& path);  // Unix time; likewise
// Makes the names in the directory of `path` as lasting as the files.
Result<> sync_directory_of(const std::string& path);

}  // namespace tarn
