#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "core/base/numbers.h"

namespace tarn {

// One element of a packed collection: a tag byte, then its payload.
//
//   tag           payload                       what it is
//   0x00 .. 0x7f  -                             the integer 0 .. 127
//   0x80 .. 0xbf  0 .. 63 bytes                 a string; the tag's low 6 bits are its length
//   0xc0 .. 0xdf  1 byte, then 64 .. 8191       a string; the tag's low 5 bits and the next byte
//                                               are its length, high bits first
//   0xe0          4 bytes, then 8192 ..         a string and its length, little-endian
//   0xe1 .. 0xe8  1 .. 8 bytes                  an integer, little-endian two's complement
//   0xf0          8 bytes                       a double, little-endian: a score
//
// Every value has exactly one encoding, so equal elements are equal bytes: a string that spells an
// int64 as format_int64 prints it is that integer, integers and lengths take the shortest form, and
// a score that an integer says exactly is that integer (-0.0 is none; NaN is no score). A double
// therefore is never equal to a string, whatever its text.
//
// A 12-byte string costs 13 bytes, a number below 128 one. Nothing points back: what walks from the
// end walks from the front first.
class PackedElement;

namespace packed {

enum Tag : std::uint8_t {
  kMaxTinyInteger = 0x7f,
  kShortString = 0x80,
  kMediumString = 0xc0,
  kLongString = 0xe0,
  kInteger = 0xe0,  // plus the number of bytes
  kInteger64 = 0xe8,
  kDouble = 0xf0,
};

inline constexpr std::size_t kMaxShortStringBytes = 63;
inline constexpr std::size_t kMaxMediumStringBytes = 8191;
inline constexpr std::size_t kMaxStringBytes = 0xffff'ffff;
// The most that comes before a string's bytes, and the most that any other element takes.
inline constexpr std::size_t kMaxHeadBytes = 9;

static_assert(std::endian::native == std::endian::little);

// Unaligned access.
template <std::integral T>
inline T load(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}
template <std::integral T>
inline void save(char* at, T value) {
  std::memcpy(at, &value, sizeof value);
}

// ---- Trusted bytes: `at` is where an element starts ---------------------------------------------

// How many bytes the element takes. O(1)
std::size_t encoded_bytes(const char* at);

// Where the next one starts.
inline const char* skip(const char* at) { return at + encoded_bytes(at); }

// Decodes the element and returns where the next one starts. The element points into the bytes.
const char* read(const char* at, PackedElement& element);

// ---- Untrusted bytes ----------------------------------------------------------------------------

// As read(), but never looks at or beyond `end`. Returns nullptr, and leaves `element` alone, if
// what starts there is no element in its one encoding.
[[nodiscard]] const char* read_checked(const char* at, const char* end, PackedElement& element);

}  // namespace packed

// An element decoded. A view: good as long as the bytes it was read from neither change nor move.
class PackedElement {
 public:
  // Room for the text of a number.
  using Scratch = std::array<char, 24>;
  static_assert(kMaxInt64Chars <= 24 && kMaxDoubleChars <= 24);

  // The empty string.
  PackedElement() = default;

  bool is_string() const { return kind_ == Kind::kString; }
  bool is_integer() const { return kind_ == Kind::kInteger; }
  bool is_double() const { return kind_ == Kind::kDouble; }

  // REQUIRES: is_string()
  std::string_view string() const { return string_; }
  // REQUIRES: is_integer()
  std::int64_t integer() const { return static_cast<std::int64_t>(number_); }
  // REQUIRES: not is_string()
  double score() const {
    return is_double() ? std::bit_cast<double>(number_) : static_cast<double>(integer());
  }

  // Its bytes as clients see them: a string's own, or a number's digits, written to `scratch`
  // (doubles as format_double does). Good as long as both `scratch` and the element are.
  std::string_view text(Scratch& scratch) const {
    return is_string() ? string_ : number_text(scratch);
  }
  // text().size()
  std::size_t text_bytes() const;

 private:
  enum class Kind : std::uint8_t { kString, kInteger, kDouble };
  friend const char* packed::read(const char* at, PackedElement& element);

  PackedElement(Kind kind, std::uint64_t number) : number_(number), kind_(kind) {}
  explicit PackedElement(std::string_view string) : string_(string) {}

  std::string_view number_text(Scratch& scratch) const;

  std::string_view string_;
  std::uint64_t number_ = 0;  // the bits of an int64 or a double
  Kind kind_ = Kind::kString;
};

namespace packed {

// The order of sorted sets' members: by the bytes of their texts, as memcmp does; of two where one
// starts with the other, the shorter comes first.
inline std::strong_ordering compare(const PackedElement& left, std::string_view right) {
  PackedElement::Scratch scratch;
  return left.text(scratch) <=> right;
}
inline std::strong_ordering compare(const PackedElement& left, const PackedElement& right) {
  PackedElement::Scratch scratch;
  return compare(left, right.text(scratch));
}

}  // namespace packed

// A value encoded but for a string's bytes, which it borrows: made once, then looked for in many
// places and written to any.
class PackedProbe {
 public:
  // The string, or the integer that it spells. Borrows `text`.
  // REQUIRES: at most kMaxStringBytes.
  explicit PackedProbe(std::string_view text) {
    if (std::int64_t integer; may_be_integer(text) && parse_int64(text, integer)) {
      set_integer(integer);
    } else {
      set_string(text);
    }
  }
  explicit PackedProbe(std::int64_t integer) { set_integer(integer); }
  explicit PackedProbe(std::same_as<double> auto) = delete;  // it is score(), or a mistake
  // The same value; borrows what the element points into.
  explicit PackedProbe(const PackedElement& element);

  // REQUIRES: not NaN
  static PackedProbe score(double score);

  bool is_integer() const { return kind_ == Kind::kInteger; }
  // REQUIRES: is_integer()
  std::int64_t integer() const { return integer_; }

  std::size_t encoded_bytes() const { return head_bytes_ + string_.size(); }

  // Writes encoded_bytes() to `to` and returns their end.
  char* write(char* to) const {
    std::memcpy(to, head_.data(), head_bytes_);
    if (!string_.empty()) std::memcpy(to + head_bytes_, string_.data(), string_.size());
    return to + encoded_bytes();
  }

  bool matches(const PackedElement& element) const {
    if (element.is_string()) return kind_ == Kind::kString && string_ == element.string();
    if (element.is_integer()) return is_integer() && integer_ == element.integer();
    return kind_ == Kind::kDouble && score_ == element.score();
  }

  // Whether this is the element that starts at `at`, in trusted bytes. Compares encodings: where
  // the heads are equal, so is what they say of the bytes that follow.
  bool matches_at(const char* at) const {
    if (*at != head_[0]) return false;
    if (head_bytes_ == 1) [[likely]] {
      return same_bytes(at + 1, string_.data(), string_.size());
    }
    return std::memcmp(at, head_.data(), head_bytes_) == 0 &&
           same_bytes(at + head_bytes_, string_.data(), string_.size());
  }

  // As packed::skip(at), but where the element has the probe's tag it takes the probe's size
  // instead of decoding one: over keys of equal length the walk then waits for no load.
  const char* skip(const char* at) const {
    if (*at == head_[0] && head_bytes_ == 1) [[likely]]
      return at + encoded_bytes();
    return packed::skip(at);
  }

 private:
  enum class Kind : std::uint8_t { kString, kInteger, kDouble };

  PackedProbe() = default;

  static bool may_be_integer(std::string_view text) {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    return !text.empty() && text.size() <= kMaxInt64Chars && is_digit(text.back()) &&
           (is_digit(text.front()) || text.front() == '-');
  }

  // Equality of few bytes, without a call. Looks at the end first: keys that begin alike differ
  // there.
  static bool same_bytes(const char* left, const char* right, std::size_t bytes) {
    if (bytes >= 8) {
      if (packed::load<std::uint64_t>(left + bytes - 8) !=
          packed::load<std::uint64_t>(right + bytes - 8)) {
        return false;
      }
      if (bytes > 16) return std::memcmp(left, right, bytes - 8) == 0;
      return packed::load<std::uint64_t>(left) == packed::load<std::uint64_t>(right);
    }
    if (bytes >= 4) {
      return packed::load<std::uint32_t>(left + bytes - 4) ==
                 packed::load<std::uint32_t>(right + bytes - 4) &&
             packed::load<std::uint32_t>(left) == packed::load<std::uint32_t>(right);
    }
    for (std::size_t i = 0; i < bytes; ++i) {
      if (left[i] != right[i]) return false;
    }
    return true;
  }

  void set_tag(unsigned tag) { head_[0] = static_cast<char>(tag); }

  void set_string(std::string_view text) {
    string_ = text;
    if (text.size() <= packed::kMaxShortStringBytes) [[likely]] {
      set_tag(packed::kShortString + static_cast<unsigned>(text.size()));
    } else {
      set_long_string_head();
    }
  }
  void set_long_string_head();
  void set_integer(std::int64_t integer);
  void set_double(double score);

  std::string_view string_;  // empty for numbers, whose head is all
  union {
    std::int64_t integer_ = 0;
    double score_;
  };
  Kind kind_ = Kind::kString;
  std::uint8_t head_bytes_ = 1;
  std::array<char, packed::kMaxHeadBytes> head_;
};

// ---- Inline bodies ------------------------------------------------------------------------------

namespace packed {

inline std::uint8_t tag_at(const char* at) { return static_cast<std::uint8_t>(*at); }

// The length of a string of this tag, 0xc0 .. 0xdf.
inline std::size_t medium_length(const char* at) {
  return (tag_at(at) & 0x1fU) << 8 | static_cast<std::uint8_t>(at[1]);
}

// A signed integer of 1 .. 8 bytes, in loads that overlap instead of a loop.
inline std::int64_t load_integer(const char* at, unsigned bytes) {
  std::uint64_t value;
  if (bytes >= 4) {
    const std::uint64_t high = load<std::uint32_t>(at + bytes - 4);
    value = load<std::uint32_t>(at) | high << (8 * (bytes - 4));
  } else {
    const auto byte = [at](unsigned i) {
      return std::uint64_t{static_cast<std::uint8_t>(at[i])} << (8 * i);
    };
    value = byte(0) | byte(bytes / 2) | byte(bytes - 1);
  }
  const unsigned unused = 64 - 8 * bytes;
  return static_cast<std::int64_t>(value << unused) >> unused;
}

inline std::size_t encoded_bytes(const char* at) {
  const unsigned tag = tag_at(at);
  // 1 for tiny integers, 1 + length for short strings, without asking which.
  if (tag < kMediumString) [[likely]]
    return std::max<unsigned>(tag, kShortString) - kMaxTinyInteger;
  if (tag < kLongString) return 2 + medium_length(at);
  if (tag == kLongString) return 5 + std::size_t{load<std::uint32_t>(at + 1)};
  return tag == kDouble ? 9 : 1 + tag - kInteger;
}

inline const char* read(const char* at, PackedElement& element) {
  const unsigned tag = tag_at(at);
  const auto string = [&element](const char* start, std::size_t length) {
    element = PackedElement(std::string_view(start, length));
    return start + length;
  };
  if (tag <= kMaxTinyInteger) {
    element = PackedElement(PackedElement::Kind::kInteger, tag);
    return at + 1;
  }
  if (tag < kMediumString) return string(at + 1, tag & kMaxShortStringBytes);
  if (tag < kLongString) return string(at + 2, medium_length(at));
  if (tag == kLongString) return string(at + 5, load<std::uint32_t>(at + 1));
  if (tag == kDouble) {
    element = PackedElement(PackedElement::Kind::kDouble, load<std::uint64_t>(at + 1));
    return at + 9;
  }
  const unsigned bytes = tag - kInteger;
  element = PackedElement(PackedElement::Kind::kInteger,
                          static_cast<std::uint64_t>(load_integer(at + 1, bytes)));
  return at + 1 + bytes;
}

}  // namespace packed
}  // namespace tarn
