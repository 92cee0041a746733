#pragma once

#include <cstdint>
#include <string_view>

namespace tarn {

// CRC-64 with the Jones polynomial 0xad93d23594c935a9, reflected, as RDB files have it: the CRC of
// the bytes, continued from that of the bytes before them (0 for none). CRC of "123456789":
// 0xe9c6d914c4b8d9ca.
std::uint64_t crc64(std::uint64_t crc, std::string_view bytes);

}  // namespace tarn
