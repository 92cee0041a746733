#pragma once

#include <cstdint>

#include "server/config/options.h"

namespace tarn {

// What the working directory is to a server.
enum class DataFiles : std::uint8_t {
  kInDirectory,  // read at the start, and locked and written when it is time to or a client asks
  kNone,         // left alone, even where this process may not enter it
};

// Whether files are written, or backed up, without a client that asks for it.
inline bool keeps_files(const Options& options) {
  return options.appendonly || !options.save_points.empty() || !options.backup_command.empty();
}

// Nothing is saved by itself, and no client can ask for it, since none speaks RESP.
inline bool needs_no_files(const Options& options) {
  const bool speaks_resp = options.port != 0 || !options.unixsocket.empty();
  return !speaks_resp && !keeps_files(options);
}

}  // namespace tarn
