#pragma once

#include <functional>

#include "server/metrics/run_info.h"

namespace tarn {

// What DEBUG works on beside the keyspace.
struct DebugControl {
  RunInfo& run;
  // Stops the periodic jobs, or lets them go on.
  std::function<void(bool pause)> pause_cron;
};

}  // namespace tarn
