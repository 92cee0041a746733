#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace tarn {

// Reads an amount of memory, in bytes: digits and an optional unit in any case. k, m, g are powers
// of 1000; kb, mb, gb powers of 1024; b is a byte. No sign, no fraction, no spaces. Amounts beyond
// 64 bits are refused; redis-server takes them, and makes others of them.
Result<std::uint64_t> parse_memory(std::string_view text);

// An amount as INFO's *_human fields show it: "1.23M", in powers of 1024 from K to P;
// below 1024 and from 1024 P on as plain bytes ("512B").
std::string format_memory_human(std::uint64_t bytes);

}  // namespace tarn
