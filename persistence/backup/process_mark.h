#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace tarn {

// A file that names a process which may outlive whoever started it: by its number and, as numbers
// are used again, by the time at which it began.
class ProcessMark {
 public:
  explicit ProcessMark(std::string path) : path_(std::move(path)) {}

  // A mark that cannot be written is none.
  void set(pid_t process) const;
  void clear() const;
  // The process, if it still runs.
  std::optional<pid_t> find() const;

 private:
  const std::string path_;
};

}  // namespace tarn
