#include "server/app/invocation.h"

#include <fmt/core.h>
#include <linux/close_range.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <limits>

namespace tarn {

Invocation::Invocation(int argc, char** argv) : words_(argv, argv + argc) {
  std::error_code fault;
  directory_ = std::filesystem::current_path(fault).string();
}

Error Invocation::repeat(const std::string& executable) const {
  std::vector<char*> words;
  for (const std::string& word : words_) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  if (::chdir(directory_.c_str()) == 0 &&
      ::close_range(STDERR_FILENO + 1, std::numeric_limits<unsigned>::max(), CLOSE_RANGE_CLOEXEC) ==
          0) {
    ::execv(executable.c_str(), words.data());
  }
  return {fmt::format("Cannot run {} in {}: {}", executable, directory_, std::strerror(errno))};
}

}  // namespace tarn
