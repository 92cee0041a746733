#include "core/types/digest.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace tarn {

std::uint64_t value_digest(std::string_view value) {
  return XXH3_64bits(value.data(), value.size());
}

}  // namespace tarn
