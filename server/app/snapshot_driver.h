#pragma once

#include "persistence/snapshot/snapshots.h"
#include "server/app/dataset_loading.h"
#include "server/commands/shutdown_control.h"
#include "server/config/config.h"
#include "server/engine/dispatcher.h"

namespace tarn {

// The form of files that the option asks for.
SnapshotFormat snapshot_format(RdbCompression compression);

// What snapshots have to do with the rest of the server: the options that rule them, writes that
// are refused while they fail, loading, and the one at the end.
class SnapshotDriver {
 public:
  SnapshotDriver(Config& config, Dispatcher& dispatcher, Snapshots& snapshots,
                 DatasetLoading& loading);

  // Before clients are served: loads the file, if there is one.
  Result<> load_at_start();
  // Within a command, in addition to what the databases hold: loads the file, which must be there.
  // `replace`: what is there already under the same key, which is an error otherwise.
  Result<> reload(bool replace);
  // At the end: ends a child that writes, and saves where that is asked for or configured. An error
  // means that the server should go on.
  Result<> save_at_shutdown(const ShutdownRequest& request);

 private:
  void follow_options(const Options& options);
  void update_gate(const Options& options);
  Result<> load(bool at_start, bool replace = false);

  const Options& options_;
  Dispatcher& dispatcher_;
  Snapshots& snapshots_;
  DatasetLoading& loading_;
};

}  // namespace tarn
