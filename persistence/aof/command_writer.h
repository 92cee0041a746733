#pragma once

#include "core/base/result.h"
#include "core/keyspace/databases.h"
#include "persistence/io/byte_sink.h"

namespace tarn {

// Writes the commands that make all databases anew, as the base of an append-only file that holds
// no RDB stream: SELECT, SET, RPUSH, SADD, HMSET and ZADD of at most 64 elements each, PEXPIREAT,
// and HPEXPIREAT for fields with a deadline. Does not finish the sink. Reads the databases only, so
// it can run in a forked child.
Result<> write_commands(const Databases& databases, ByteSink& sink);

}  // namespace tarn
