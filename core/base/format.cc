#include "core/base/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace tarn {

void vappend_format(std::string& out, fmt::string_view text, fmt::format_args args) {
  fmt::vformat_to(std::back_inserter(out), text, args);
}

std::string_view vformat_within(std::span<char> room, fmt::string_view text,
                                fmt::format_args args) {
  const auto written = fmt::vformat_to_n(room.data(), room.size(), text, args);
  return {room.data(), std::min(written.size, room.size())};
}

}  // namespace tarn
