#include "persistence/rdb/string_batch.h"

#include <algorithm>

#include "core/base/assert.h"

namespace tarn {

std::string_view StringBatch::keep(std::string_view bytes) {
  char* const begin = bytes_.get() + used_;
  std::copy(bytes.begin(), bytes.end(), begin);
  used_ += bytes.size();
  return {begin, bytes.size()};
}

void StringBatch::add(const Keyspace& keyspace, Item item) {
  TARN_ASSERT(has_room_for(item.key.bytes.size(), item.value.size()));
  item.key.bytes = keep(item.key.bytes);
  item.value = keep(item.value);
  keyspace.prefetch_directory(item.key);
  items_[count_++] = item;
}

}  // namespace tarn
