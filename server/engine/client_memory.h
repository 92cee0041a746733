#pragma once

#include <cstddef>

#include "server/config/options.h"
#include "server/engine/session.h"

namespace tarn {

// What a client takes: its session and connection, what it has sent that has not run, what it has
// been sent and has not read, its transaction, and what it subscribes to and tracks. Shared values
// that wait to be sent to it count in full. O(1). REQUIRES: the session has a connection.
std::size_t memory_of(const Session& session);

// Parts of it: arguments of a request that has not come to its end, and the transaction.
std::size_t argument_memory_of(const Session& session);
std::size_t transaction_memory_of(const Session& session);

// What all clients may take together, by `maxmemory-clients`; 0 for no limit.
std::size_t client_memory_limit(const Options& options);

}  // namespace tarn
