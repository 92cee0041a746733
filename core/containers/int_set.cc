#include "core/containers/int_set.h"

namespace tarn {
namespace {

template <class T>
std::size_t lower_bound_in(std::string_view values, std::int64_t value) {
  std::size_t first = 0;
  std::size_t left = values.size() / sizeof(T);
  while (left > 0) {
    const std::size_t half = left / 2;
    if (packed::load<T>(values.data() + (first + half) * sizeof(T)) < value) {
      first += half + 1;
      left -= half + 1;
    } else {
      left = half;
    }
  }
  return first;
}

}  // namespace

std::size_t IntSet::lower_bound(std::int64_t value) const {
  if (width() == 2) return lower_bound_in<std::int16_t>(values(), value);
  if (width() == 4) return lower_bound_in<std::int32_t>(values(), value);
  return lower_bound_in<std::int64_t>(values(), value);
}

bool int_set_valid(std::string_view bytes) {
  if (bytes.empty()) return false;
  const IntSet set(bytes);
  const bool known_width = bytes[0] == 2 || bytes[0] == 4 || bytes[0] == 8;
  if (!known_width || set.values().size() % set.width() != 0) return false;
  for (std::size_t i = 1; i < set.size(); ++i) {
    if (set.at(i - 1) >= set.at(i)) return false;
  }
  return true;
}

}  // namespace tarn
