#pragma once

#include <string>

#include "core/base/result.h"
#include "server/config/options.h"

namespace tarn {

// Sends the log to where the options say: standard output or a file, and syslog besides. Lines are
// "PID:M 20 Nov 2026 14:31:00.123 * text"; the sign tells the level: . debug, - verbose, * notice,
// # warning.
Result<> set_up_logging(const Options& options);

// From now on lines below this level are left out.
void set_log_level(LogLevel level);

}  // namespace tarn
