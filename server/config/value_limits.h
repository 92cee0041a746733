#pragma once

#include "persistence/rdb/rdb_reader.h"
#include "server/config/options.h"

namespace tarn {

// Up to where the types' small encodings go, by the options.
ListLimits list_limits(const Options& options);
SetLimits set_limits(const Options& options);
HashLimits hash_limits(const Options& options);
SortedSetLimits zset_limits(const Options& options);
ValueLimits value_limits(const Options& options);

}  // namespace tarn
