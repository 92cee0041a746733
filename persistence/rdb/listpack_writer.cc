#include "persistence/rdb/listpack_writer.h"

#include <algorithm>
#include <cstring>

#include "core/base/numbers.h"
#include "persistence/rdb/rdb_format.h"

namespace tarn {
namespace {

constexpr std::size_t kHeaderBytes = 6;
constexpr std::size_t kUncounted = 65'535;

void append_little_endian(std::string& to, std::uint64_t number, std::size_t bytes) {
  char raw[8];
  std::memcpy(raw, &number, sizeof raw);
  to.append(raw, bytes);
}

bool fits(std::int64_t integer, unsigned bits) {
  const std::int64_t limit = std::int64_t{1} << (bits - 1);
  return integer >= -limit && integer < limit;
}

}  // namespace

void ListpackWriter::clear() {
  bytes_.assign(kHeaderBytes, '\0');
  elements_ = 0;
}

void ListpackWriter::add(std::string_view text) {
  std::int64_t integer;
  if (parse_int64(text, integer)) return add(integer);
  add_string(text);
}

void ListpackWriter::add(std::int64_t integer) {
  const std::size_t start = bytes_.size();
  const auto bits = static_cast<std::uint64_t>(integer);
  if (integer >= 0 && integer < 128) {
    bytes_ += static_cast<char>(integer);
  } else if (fits(integer, 13)) {
    bytes_ += static_cast<char>(0xc0 | ((bits >> 8) & 0x1f));
    bytes_ += static_cast<char>(bits);
  } else {
    const unsigned bytes = fits(integer, 16)   ? 2
                           : fits(integer, 24) ? 3
                           : fits(integer, 32) ? 4
                                               : 8;
    bytes_ += static_cast<char>(bytes == 8 ? 0xf4 : 0xef + bytes);
    append_little_endian(bytes_, bits, bytes);
  }
  end_element(start);
}

void ListpackWriter::add_string(std::string_view text) {
  const std::size_t start = bytes_.size();
  if (text.size() < 64) {
    bytes_ += static_cast<char>(0x80 | text.size());
  } else if (text.size() < 4096) {
    bytes_ += static_cast<char>(0xe0 | (text.size() >> 8));
    bytes_ += static_cast<char>(text.size());
  } else {
    bytes_ += static_cast<char>(0xf0);
    append_little_endian(bytes_, text.size(), 4);
  }
  bytes_ += text;
  end_element(start);
}

void ListpackWriter::end_element(std::size_t start) {
  const std::size_t length = bytes_.size() - start;
  const unsigned groups = listpack::back_length_bytes(length);
  for (unsigned group = groups; group-- > 0;) {
    const bool first = group == groups - 1;
    bytes_ += static_cast<char>(((length >> (7 * group)) & 0x7f) | (first ? 0 : 0x80));
  }
  ++elements_;
}

std::string_view ListpackWriter::finish() {
  bytes_ += static_cast<char>(0xff);
  const auto total = static_cast<std::uint32_t>(bytes_.size());
  const auto count = static_cast<std::uint16_t>(std::min(elements_, kUncounted));
  std::memcpy(bytes_.data(), &total, sizeof total);
  std::memcpy(bytes_.data() + sizeof total, &count, sizeof count);
  return bytes_;
}

}  // namespace tarn
