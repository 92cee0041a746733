#pragma once

#include <cstddef>

namespace tarn {

// Lengths in base 128, the low groups first; all groups but the last have their high bit set
// (LEB128). Bytes that are read must have been written so: there is no check.

constexpr std::size_t varint_bytes(std::size_t number) {
  std::size_t bytes = 1;
  while (number >= 0x80) {
    number >>= 7;
    ++bytes;
  }
  return bytes;
}

// Returns where the bytes end.
inline char* write_varint(char* at, std::size_t number) {
  while (number >= 0x80) {
    *at++ = static_cast<char>(number | 0x80);
    number >>= 7;
  }
  *at++ = static_cast<char>(number);
  return at;
}

// Moves `at` behind what is read.
inline std::size_t read_varint(const char*& at) {
  std::size_t number = static_cast<unsigned char>(*at++);
  if (number < 0x80) [[likely]]
    return number;
  number &= 0x7f;
  for (unsigned shift = 7;; shift += 7) {
    const std::size_t group = static_cast<unsigned char>(*at++);
    number |= (group & 0x7f) << shift;
    if (group < 0x80) return number;
  }
}

inline void skip_varint(const char*& at) {
  while (static_cast<unsigned char>(*at++) >= 0x80) {
  }
}

}  // namespace tarn
