#include "core/containers/packed_list.h"

namespace tarn {

bool packed_list_valid(std::string_view bytes) {
  if (bytes.size() < PackedList::kHeaderBytes) return false;
  const char* end = bytes.data() + bytes.size();
  PackedElement element;
  std::size_t count = 0;
  for (const char* at = bytes.data() + PackedList::kHeaderBytes; at != end; ++count) {
    at = packed::read_checked(at, end, element);
    if (at == nullptr) return false;
  }
  const PackedList list(bytes);
  return !list.count_known() || list.size() == count;
}

std::size_t PackedList::count_by_walking() const {
  std::size_t count = 0;
  for (Cursor cursor = begin(); cursor != end(); cursor = next(cursor)) ++count;
  return count;
}

PackedList::Cursor PackedList::at(std::int64_t index) const {
  const auto count = static_cast<std::int64_t>(size());
  if (index < 0) index += count;
  if (index < 0 || index >= count) return end();
  return skip(begin(), static_cast<std::size_t>(index));
}

std::vector<PackedList::Cursor> PackedList::cursors(unsigned stride) const {
  std::vector<Cursor> result;
  if (count_known()) result.reserve(header() / stride);
  for (Cursor cursor = begin(); cursor != end(); cursor = skip(cursor, stride)) {
    result.push_back(cursor);
  }
  return result;
}

}  // namespace tarn
