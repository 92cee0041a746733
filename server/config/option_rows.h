#pragma once

#include <vector>

#include "server/config/option_table.h"

namespace tarn {

// The rows of the option table, one function a topic and a file.
std::vector<Option> server_rows();       // network, general, security, limits, monitoring
std::vector<Option> data_rows();         // expiry, memory, encodings
std::vector<Option> persistence_rows();  // snapshots, append-only file
std::vector<Option> peer_rows();         // scripts and modules, replication, cluster, TLS

}  // namespace tarn
