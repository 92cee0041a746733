#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace tarn {

// A file that lines are appended to, whatever others do to it meanwhile: where the path names no
// file or another one than before, because logrotate or an operator has moved or deleted it, the
// next line begins a new file there.
class LogFile {
 public:
  // The file is made where there is none, its directory is not.
  static Result<std::unique_ptr<LogFile>> open(const std::string& path);
  ~LogFile();
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  // In one piece; takes a look at the path first, which is one system call. Nobody hears of a line
  // that cannot be written.
  void write(std::string_view line);

 private:
  LogFile(std::string path, int fd);
  void adopt(int fd);
  bool is_at_path() const;
  void reopen();

  const std::string path_;  // absolute: the working directory may change
  int fd_ = -1;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace tarn
