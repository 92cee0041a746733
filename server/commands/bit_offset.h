#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/numbers.h"
#include "server/config/config.h"
#include "server/engine/args.h"

namespace tarn {

inline constexpr std::string_view kBadBitOffset =
    "ERR bit offset is not an integer or out of range";

// Takes a bit's position, which must be within the longest possible string. With `width` the
// position may also be given as '#' and a number of fields so wide.
inline std::uint64_t read_bit_offset(Call& call, ArgReader& args, unsigned width = 0) {
  std::string_view text = args.next();
  const bool in_fields = width > 0 && text.starts_with('#');
  if (in_fields) text.remove_prefix(1);
  std::int64_t offset = 0;
  if (!parse_int64(text, offset) ||
      (in_fields && __builtin_mul_overflow(offset, std::int64_t{width}, &offset)) || offset < 0 ||
      static_cast<std::uint64_t>(offset) / 8 >=
          call.feature<const Config>().options().proto_max_bulk_len) {
    args.fail(kBadBitOffset);
  }
  return static_cast<std::uint64_t>(offset);
}

}  // namespace tarn
