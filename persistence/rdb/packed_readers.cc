#include "persistence/rdb/packed_readers.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "core/base/numbers.h"
#include "persistence/rdb/rdb_format.h"

namespace tarn {
namespace {

// Takes bytes from the front; once there are too few, it has failed.
class Bytes {
 public:
  explicit Bytes(std::string_view bytes) : bytes_(bytes) {}

  std::size_t left() const { return bytes_.size(); }
  bool failed() const { return failed_; }

  std::string_view take(std::uint64_t count) {
    if (count > bytes_.size()) {
      failed_ = true;
      bytes_ = {};
      return {};
    }
    const std::string_view taken = bytes_.substr(0, static_cast<std::size_t>(count));
    bytes_.remove_prefix(taken.size());
    return taken;
  }
  std::uint8_t byte() {
    const std::string_view taken = take(1);
    return taken.empty() ? 0 : static_cast<std::uint8_t>(taken[0]);
  }
  std::uint8_t peek() const { return bytes_.empty() ? 0 : static_cast<std::uint8_t>(bytes_[0]); }
  // A little-endian number of so many bytes.
  std::uint64_t number(unsigned count) {
    const std::string_view taken = take(count);
    std::uint64_t value = 0;
    if (taken.empty()) return value;
    std::memcpy(&value, taken.data(), taken.size());
    return value;
  }
  std::int64_t signed_number(unsigned count) { return sign_extended(number(count), 8 * count); }
  std::uint64_t big_endian(unsigned count) {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < count; ++i) value = value << 8 | byte();
    return value;
  }

  static std::int64_t sign_extended(std::uint64_t bits, unsigned width) {
    const unsigned shift = 64 - width;
    return static_cast<std::int64_t>(bits << shift) >> shift;
  }

 private:
  std::string_view bytes_;
  bool failed_ = false;
};

// An element's text: a string's own, or a number's digits.
struct Text {
  std::string_view view;
  char digits[kMaxInt64Chars];

  void set(std::int64_t number) { view = {digits, format_int64(digits, number)}; }
};

constexpr std::uint8_t kEnd = 0xff;
// Where a count stands that its field does not take. It stays when elements go, so it says nothing.
constexpr std::size_t kUncounted = 65'535;
constexpr std::uint8_t kZipmapUncounted = 254;

bool read_listpack_element(Bytes& in, Text& text) {
  const std::uint8_t tag = in.byte();
  if (tag < 0x80) {
    text.set(tag);
  } else if (tag < 0xc0) {
    text.view = in.take(tag & 0x3f);
  } else if (tag < 0xe0) {
    text.set(Bytes::sign_extended(std::uint64_t{tag & 0x1fu} << 8 | in.byte(), 13));
  } else if (tag < 0xf0) {
    const std::uint64_t high = tag & 0x0fu;
    text.view = in.take(high << 8 | in.byte());
  } else if (tag == 0xf0) {
    text.view = in.take(in.number(4));
  } else if (tag <= 0xf4) {
    text.set(in.signed_number(tag == 0xf4 ? 8 : tag - 0xefu));
  } else {
    return false;
  }
  return !in.failed();
}

// The length that stands behind an element: base 128, high groups first.
bool read_back_length(Bytes& in, std::size_t expected) {
  const unsigned groups = listpack::back_length_bytes(expected);
  for (unsigned group = groups; group-- > 0;) {
    const std::size_t bits = (expected >> (7 * group)) & 0x7f;
    if (in.byte() != (bits | (group == groups - 1 ? 0 : 0x80))) return false;
  }
  return !in.failed();
}

bool read_ziplist_element(Bytes& in, Text& text) {
  const std::uint8_t tag = in.byte();
  switch (tag >> 6) {
    case 0: text.view = in.take(tag & 0x3f); return !in.failed();
    case 1: {
      const std::uint64_t high = tag & 0x3fu;
      text.view = in.take(high << 8 | in.byte());
      return !in.failed();
    }
    case 2:
      if (tag != 0x80) return false;
      text.view = in.take(in.big_endian(4));
      return !in.failed();
    default: break;
  }
  switch (tag) {
    case 0xc0: text.set(in.signed_number(2)); break;
    case 0xd0: text.set(in.signed_number(4)); break;
    case 0xe0: text.set(in.signed_number(8)); break;
    case 0xf0: text.set(in.signed_number(3)); break;
    case 0xfe: text.set(in.signed_number(1)); break;
    default:
      if (tag < 0xf1 || tag > 0xfd) return false;
      text.set((tag & 0x0f) - 1);
  }
  return !in.failed();
}

// A zipmap's length: one byte, or 254 and four.
std::uint64_t read_zipmap_length(Bytes& in) {
  const std::uint8_t first = in.byte();
  return first == 254 ? in.number(4) : first;
}

}  // namespace

// total 4 | count 2 | element, its length | ... | 0xff
bool read_listpack(std::string_view bytes, const VisitPacked& visit) {
  Bytes in(bytes);
  const std::uint64_t total = in.number(4);
  const std::uint64_t count = in.number(2);
  if (in.failed() || total != bytes.size()) return false;
  std::uint64_t seen = 0;
  Text text;
  while (in.left() > 0 && in.peek() != kEnd) {
    const std::size_t before = in.left();
    if (!read_listpack_element(in, text)) return false;
    if (!read_back_length(in, before - in.left())) return false;
    ++seen;
    if (!visit(text.view)) return false;
  }
  return in.left() == 1 && (count == kUncounted || count == seen);
}

// total 4 | offset of the last element 4 | count 2 | length of the one before, element | ... | 0xff
bool read_ziplist(std::string_view bytes, const VisitPacked& visit) {
  Bytes in(bytes);
  const std::uint64_t total = in.number(4);
  const std::uint64_t tail = in.number(4);
  const std::uint64_t count = in.number(2);
  if (in.failed() || total != bytes.size()) return false;
  std::uint64_t seen = 0;
  std::size_t previous_bytes = 0;
  std::size_t last_start = bytes.size() - in.left();
  Text text;
  while (in.left() > 0 && in.peek() != kEnd) {
    last_start = bytes.size() - in.left();
    const std::uint8_t first = in.byte();
    const std::uint64_t claimed = first == 254 ? in.number(4) : first;
    if (first == 255 || claimed != previous_bytes) return false;
    if (!read_ziplist_element(in, text)) return false;
    previous_bytes = bytes.size() - in.left() - last_start;
    ++seen;
    if (!visit(text.view)) return false;
  }
  return in.left() == 1 && tail == last_start && (count == kUncounted || count == seen);
}

// count 1 | field length, field, value length, free 1, value, free bytes | ... | 0xff
bool read_zipmap(std::string_view bytes, const VisitPacked& visit) {
  Bytes in(bytes);
  const std::uint8_t count = in.byte();
  std::uint64_t seen = 0;
  while (in.left() > 0 && in.peek() != kEnd) {
    const std::string_view field = in.take(read_zipmap_length(in));
    if (in.failed() || in.left() == 0 || in.peek() == kEnd) return false;
    const std::uint64_t value_bytes = read_zipmap_length(in);
    const std::uint8_t free_bytes = in.byte();
    const std::string_view value = in.take(value_bytes);
    in.take(free_bytes);
    if (in.failed()) return false;
    ++seen;
    if (!visit(field) || !visit(value)) return false;
  }
  return !in.failed() && in.left() == 1 && (count >= kZipmapUncounted || count == seen);
}

// width 4 | count 4 | values
bool read_intset(std::string_view bytes, const VisitPacked& visit) {
  Bytes in(bytes);
  const std::uint64_t width = in.number(4);
  const std::uint64_t count = in.number(4);
  if (in.failed() || (width != 2 && width != 4 && width != 8)) return false;
  if (in.left() != width * count) return false;
  Text text;
  std::int64_t previous = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::int64_t value = in.signed_number(static_cast<unsigned>(width));
    if (i > 0 && value <= previous) return false;
    previous = value;
    text.set(value);
    if (!visit(text.view)) return false;
  }
  return true;
}

}  // namespace tarn
