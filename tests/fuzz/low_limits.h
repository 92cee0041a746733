#pragma once

#include "persistence/rdb/rdb_reader.h"

namespace tarn {

// So low that few bytes make a large value.
inline ValueLimits low_limits() {
  ValueLimits limits;
  limits.list = {.max_bytes = 256, .max_elements = 3, .compress_depth = 1};
  limits.set = {.max_intset_entries = 2, .max_packed_entries = 2, .max_packed_value_bytes = 8};
  limits.hash = {.max_packed_entries = 2, .max_packed_value_bytes = 8};
  limits.sorted_set = {.max_members = 2, .max_member_bytes = 8};
  return limits;
}

}  // namespace tarn
