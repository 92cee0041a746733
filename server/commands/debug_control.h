#pragma once

#include <cstdint>
#include <functional>

#include "core/base/result.h"
#include "server/metrics/run_info.h"

namespace tarn {

class Snapshots;

// What DEBUG works on beside the keyspace.
struct DebugControl {
  RunInfo& run;
  // Stops the periodic jobs, or lets them go on.
  std::function<void(bool pause)> pause_cron;
  Snapshots* snapshots = nullptr;
  // Loads the snapshot's file in addition to what the databases hold. A key of both is replaced, or
  // else an error.
  std::function<Result<>(bool replace)> reload{};
  // Loads the append-only file in place of what the databases hold.
  std::function<Result<>()> reload_log{};
  std::function<bool()> is_loading{};
  // Makes the configuration file name every option.
  std::function<Result<>()> rewrite_config{};
  // Starts the program anew in this process. Returns where that cannot be.
  struct Restart {
    bool graceful;  // finishes files as SHUTDOWN does, and rewrites the configuration file
    std::int64_t delay_ms;
  };
  std::function<Result<>(const Restart& how)> restart{};
};

}  // namespace tarn
