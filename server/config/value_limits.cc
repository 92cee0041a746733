#include "server/config/value_limits.h"

namespace tarn {

ListLimits list_limits(const Options& options) {
  return ListLimits::of_options(options.list_max_listpack_size, options.list_compress_depth);
}

SetLimits set_limits(const Options& options) {
  return {.max_intset_entries = static_cast<std::size_t>(options.set_max_intset_entries),
          .max_packed_entries = static_cast<std::size_t>(options.set_max_listpack_entries),
          .max_packed_value_bytes = options.set_max_listpack_value};
}

HashLimits hash_limits(const Options& options) {
  return {.max_packed_entries = static_cast<std::size_t>(options.hash_max_listpack_entries),
          .max_packed_value_bytes = options.hash_max_listpack_value};
}

SortedSetLimits zset_limits(const Options& options) {
  return {.max_members = static_cast<std::size_t>(options.zset_max_listpack_entries),
          .max_member_bytes = options.zset_max_listpack_value};
}

ValueLimits value_limits(const Options& options) {
  return {.list = list_limits(options),
          .set = set_limits(options),
          .hash = hash_limits(options),
          .sorted_set = zset_limits(options)};
}

}  // namespace tarn
