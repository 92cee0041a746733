#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace tarn {

// Bytes of RDB files, put together by hand.

inline std::string bytes(std::initializer_list<int> values) {
  std::string result;
  for (const int value : values) result += static_cast<char>(value);
  return result;
}

inline std::string little_endian(std::uint64_t value, unsigned width) {
  std::string result;
  for (unsigned i = 0; i < width; ++i) result += static_cast<char>(value >> (8 * i));
  return result;
}

// A string of a file: its length in one, two or five bytes.
inline std::string text(std::string_view value) {
  const auto size = static_cast<int>(value.size());
  const std::string length = size < 64 ? bytes({size})
                             : size < 16384
                                 ? bytes({0x40 | size >> 8, size & 0xff})
                                 : bytes({0x80, size >> 24, size >> 16, size >> 8, size});
  return length + std::string(value);
}

// A ziplist (total 4, offset of the last 4, count 2, entries, 0xff) of these encoded entries;
// `last` is where the last of them begins, among them.
inline std::string ziplist_bytes(const std::string& entries, unsigned count, std::size_t last) {
  return little_endian(entries.size() + 11, 4) + little_endian(10 + last, 4) +
         little_endian(count, 2) + entries + "\xff";
}

// The strings of a file that hold packed values.
inline std::string ziplist_string(const std::string& entries, unsigned count, std::size_t last) {
  return text(ziplist_bytes(entries, count, last));
}
inline std::string listpack_string(const std::string& elements, unsigned count) {
  return text(little_endian(elements.size() + 7, 4) + little_endian(count, 2) + elements + "\xff");
}

}  // namespace tarn
