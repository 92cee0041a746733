#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "server/engine/client_registry.h"
#include "server/engine/dispatcher.h"
#include "server/metrics/info.h"

namespace tarn {

// What a crash report looks at. All of it outlives the handlers.
struct CrashContext {
  const Dispatcher& dispatcher;
  const ClientRegistry& clients;
  const Info& info;
};

// Writes a report to the log when this process crashes: by a bad access to memory, a bad
// instruction, or abort(), as after a failed assertion or an exception that nobody catches (memory
// that is not to be had). It has the stack, the build, the command that was running, INFO and the
// clients. Then the process ends by the signal that it got.
//
//  1. The handler runs on a stack of its own, since the usual one may be what is broken.
//  2. Each part of the report is written by itself. A part may fault in turn, for what it looks at
//     may be broken: then the handler is entered again, and jumps to the next part. The parts that
//     need least come first.
//  3. A part may also wait for ever, for a lock that the crashed code holds (malloc's): an alarm
//     ends the process after some seconds.
//
// `log_path` is absolute; empty for standard output. One crash context at a time.
void report_crashes(const CrashContext& context, std::string log_path);
// From now on crashes are the system's.
void stop_reporting_crashes();

}  // namespace tarn
