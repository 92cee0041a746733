#pragma once

#include <string>

#include "core/base/result.h"

namespace tarn {

// Goes on as a daemon: in a session of its own without a terminal, with the standard streams to and
// from /dev/null. The process that was started exits with status 0.
// REQUIRES: there is one thread.
Result<> daemonize();

// A file that holds the process id while this object lives.
class PidFile {
 public:
  PidFile() = default;
  ~PidFile();
  PidFile(const PidFile&) = delete;
  PidFile& operator=(const PidFile&) = delete;

  Result<> write(const std::string& path);

 private:
  std::string path_;  // absolute; empty if nothing was written
};

}  // namespace tarn
