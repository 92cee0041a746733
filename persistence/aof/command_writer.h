#pragma once

#include "core/base/result.h"
#include "core/keyspace/databases.h"
#include "persistence/aof/base_position.h"
#include "persistence/io/byte_sink.h"

namespace tarn {

// Writes the commands that make all databases anew, as the base of an append-only file that holds
// no RDB stream: SELECT, SET, RPUSH, SADD, HMSET and ZADD of at most 64 elements each, PEXPIREAT,
// and HPEXPIREAT for fields with a deadline.
//
// They stand in batches as in a segment (annotation.h), all under the one number that the base has
// in the log: its data are of one moment. The first line has no batch, and says in `safe` which
// history was left before, if any was; without, its own number. The last line has no batch either,
// so a base that ends without it is not whole. With `timestamps`, redis-server's own line with the
// time stands in front of the commands.
//
// Does not finish the sink. Reads the databases only, so it can run in a forked child.
Result<> write_commands(const Databases& databases, const BasePosition& position, bool timestamps,
                        ByteSink& sink);

}  // namespace tarn
