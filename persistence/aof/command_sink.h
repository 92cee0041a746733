#pragma once

#include <span>
#include <string_view>

#include "core/base/result.h"

namespace tarn {

// Runs the commands of a log that is read. MULTI and EXEC are commands like others.
class CommandSink {
 public:
  virtual ~CommandSink() = default;

  // The arguments are valid during the call. Fails where the command cannot be run, in which case
  // the log is no log of this server.
  virtual Result<> on_command(std::span<const std::string_view> args) = 0;
};

// Runs nothing, for those who only verify; the reader counts.
class IgnoringSink final : public CommandSink {
 public:
  Result<> on_command(std::span<const std::string_view>) override { return {}; }
};

}  // namespace tarn
