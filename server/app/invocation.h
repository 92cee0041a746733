#pragma once

#include <string>
#include <vector>

#include "core/base/result.h"

namespace tarn {

// How this process was started: the words of its command line and its directory.
class Invocation {
 public:
  // REQUIRES: neither has changed yet.
  Invocation(int argc, char** argv);

  // Runs the program of this file so once more, in the same process. Returns where that fails; else
  // all of this is gone, but for the standard streams.
  Error repeat(const std::string& executable) const;

 private:
  std::vector<std::string> words_;
  std::string directory_;
};

}  // namespace tarn
