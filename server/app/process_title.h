#pragma once

#include <span>
#include <string>

#include "server/config/options.h"

namespace tarn {

// What ps shows of this process. Its text overwrites that of the command line and of the
// environment, which moves elsewhere; there is no other place that ps looks at.
class ProcessTitle {
 public:
  // REQUIRES: `argv` is main's own.
  ProcessTitle(int argc, char** argv);

  // Expands `proc-title-template`; cut where it does not fit.
  void show(const Options& options, const std::string& config_file);

 private:
  std::string program_;
  std::span<char> room_;
};

}  // namespace tarn
