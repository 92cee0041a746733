#pragma once

#include "persistence/aof/append_only_file.h"
#include "persistence/backup/backup_copy.h"
#include "server/config/options.h"
#include "server/engine/durable_waiters.h"

namespace tarn {

// What the commands of the append-only file work on.
struct AofServices {
  const Options& options;
  AppendOnlyFile& aof;
  DurableWaiters& waiters;
  BackupCopy& copy;
};

}  // namespace tarn
