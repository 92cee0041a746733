#pragma once

#include <algorithm>
#include <string_view>

namespace tarn {

inline constexpr std::string_view kBadClientName =
    "ERR Client names cannot contain spaces, newlines or special characters.";

// Whether the text may be shown unquoted in a line of CLIENT LIST: printable ASCII, no spaces.
inline bool fits_client_line(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '!' && c <= '~'; });
}

}  // namespace tarn
