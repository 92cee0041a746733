#pragma once

#include <cstdint>
#include <string_view>

namespace tarn {

// The digest by which clients compare values without sending them: XXH3, 64 bits, without a seed,
// so that it is the same everywhere and can be computed by the client.
std::uint64_t value_digest(std::string_view value);

}  // namespace tarn
