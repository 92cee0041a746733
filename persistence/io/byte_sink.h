#pragma once

#include <string_view>

#include "core/base/result.h"

namespace tarn {

// Where bytes go: a file, memory, a socket, or a filter before one of these.
class ByteSink {
 public:
  virtual ~ByteSink() = default;

  // Takes all of the bytes, or fails with words that name the place. After a failure nothing more
  // may be written.
  virtual Result<> write(std::string_view bytes) = 0;
  // Passes on what is held back, and what ends the stream. Nothing may be written afterwards. Does
  // not close, or sync, what lies beneath.
  virtual Result<> finish() { return {}; }
};

}  // namespace tarn
