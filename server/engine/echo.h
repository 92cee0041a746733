#pragma once

#include <cstddef>
#include <string_view>

namespace tarn {

// An argument as error texts repeat it: cut at its first NUL, as Redis does, and to `max_bytes`.
inline std::string_view echo(std::string_view argument,
                             std::size_t max_bytes = std::string_view::npos) {
  return argument.substr(0, argument.find('\0')).substr(0, max_bytes);
}

inline constexpr std::size_t kMaxEchoedBytes = 128;

}  // namespace tarn
