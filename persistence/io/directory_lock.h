#pragma once

#include <memory>
#include <string>

#include "core/base/result.h"

namespace tarn {

// Keeps a second server off a data directory, by an flock on a file in it. The file stays behind
// and means nothing by itself: the lock goes with the process, however that ends.
class DirectoryLock {
 public:
  static constexpr const char* kFileName = ".tarn.lock";

  // Does not wait. The error is for a user: who has the lock and what to do, or why the file cannot
  // be made.
  static Result<std::unique_ptr<DirectoryLock>> acquire(const std::string& directory);
  ~DirectoryLock();
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  explicit DirectoryLock(int fd) : fd_(fd) {}

  const int fd_;
};

}  // namespace tarn
