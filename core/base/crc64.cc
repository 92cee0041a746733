#include "core/base/crc64.h"

#include <array>
#include <cstddef>
#include <cstring>

namespace tarn {
namespace {

constexpr std::uint64_t kReflectedPolynomial = 0x95ac9329ac4bc9b5;
constexpr std::size_t kSlices = 16;

// Table k says what a byte does to the CRC that is followed by k zero bytes, so that 16 bytes are
// taken in one step. (Kounavis and Berry, "A systematic approach to building high performance
// software-based CRC generators", 2005.)
using Tables = std::array<std::array<std::uint64_t, 256>, kSlices>;

Tables make_tables() {
  Tables tables{};
  for (std::uint64_t byte = 0; byte < 256; ++byte) {
    std::uint64_t crc = byte;
    for (int bit = 0; bit < 8; ++bit)
      crc = (crc >> 1) ^ ((crc & 1) != 0 ? kReflectedPolynomial : 0);
    tables[0][byte] = crc;
  }
  for (std::size_t slice = 1; slice < kSlices; ++slice) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint64_t before = tables[slice - 1][byte];
      tables[slice][byte] = (before >> 8) ^ tables[0][before & 0xff];
    }
  }
  return tables;
}

const Tables kTables = make_tables();

std::uint64_t load(const char* at) {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// What the eight bytes of a word do; its first byte is followed by the most others.
std::uint64_t reduce(std::uint64_t word, std::size_t first_slice) {
  std::uint64_t crc = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    crc ^= kTables[first_slice - i][(word >> (8 * i)) & 0xff];
  }
  return crc;
}

}  // namespace

std::uint64_t crc64(std::uint64_t crc, std::string_view bytes) {
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= kSlices; at += kSlices, left -= kSlices) {
    crc = reduce(load(at) ^ crc, 15) ^ reduce(load(at + 8), 7);
  }
  for (; left > 0; ++at, --left) {
    crc = (crc >> 8) ^ kTables[0][(crc ^ static_cast<unsigned char>(*at)) & 0xff];
  }
  return crc;
}

}  // namespace tarn
