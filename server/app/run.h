#pragma once

#include "core/base/result.h"
#include "server/app/data_files.h"
#include "server/config/config.h"

namespace tarn {

// A server from its configuration to its end, for the programs that are one.

// The exit code. What goes wrong before there is a log is said on standard error. `argv` is main's,
// for the title of the process.
int run_server(Config& config, DataFiles files, int argc, char** argv);

// Says so on standard error; the exit code.
int exit_with(const Error& error);

}  // namespace tarn
