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
  // That of a forked child: what it does takes the place of the program's name.
  void show_child(const std::string& doing, const Options& options, const std::string& config_file);

 private:
  void write(const std::string& name, const Options& options, const std::string& config_file);

  std::string program_;
  std::span<char> room_;
};

}  // namespace tarn
