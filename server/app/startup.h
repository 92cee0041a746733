#pragma once

#include <optional>
#include <span>
#include <string>

#include "core/base/result.h"
#include "server/app/data_files.h"
#include "server/config/config.h"

namespace tarn {

// What to print, and then exit, where the command line asks for the version or for help.
std::optional<std::string> answer_command_line(std::span<const std::string> arguments);

// Everything between the configuration and the server: working directory, log, daemon. Lowers
// maxclients where the system has not enough descriptors. The error is for standard error.
Result<> start_process(Config& config, DataFiles files);

}  // namespace tarn
