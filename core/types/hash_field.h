#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "core/base/hash.h"
#include "core/base/varint.h"
#include "core/containers/hash_table.h"

namespace tarn {

// What becomes of a field's deadline when the field is written, beside a Unix time in milliseconds.
inline constexpr std::int64_t kNoDeadline = 0;
inline constexpr std::int64_t kKeepDeadline = -1;

// A field of a large hash, its value and its deadline in one allocation of bytes() bytes:
//
//     deadline flag and field length   1   bit 7; 0 .. 126 in the others
//     field length                     1 to 5, only where the seven bits are 127
//     deadline                         6, only with the flag: Unix time in milliseconds
//     field
//     value length                     1 to 5
//     value
//
// Lengths of their own are base 128, low groups first. Field and value of 8 bytes take 18 bytes,
// 24 with a deadline, which is the same slab class.
class HashField {
 public:
  static constexpr std::int64_t kMaxDeadlineMs = (std::int64_t{1} << 47) - 1;

  static std::size_t bytes_for(std::string_view field, std::string_view value,
                               std::int64_t deadline_ms) {
    return 1 + (field.size() < kLongField ? 0 : varint_bytes(field.size())) +
           (deadline_ms != kNoDeadline ? kDeadlineBytes : 0) + field.size() +
           varint_bytes(value.size()) + value.size();
  }

  // Writes bytes_for() bytes at `memory`, in which neither field nor value may lie.
  // REQUIRES: 0 <= deadline_ms <= kMaxDeadlineMs
  static HashField* construct(void* memory, std::string_view field, std::string_view value,
                              std::int64_t deadline_ms) {
    char* at = static_cast<char*>(memory);
    const std::size_t short_length = field.size() < kLongField ? field.size() : kLongField;
    *at++ = static_cast<char>(short_length | (deadline_ms != kNoDeadline ? kHasDeadline : 0));
    if (short_length == kLongField) at = write_varint(at, field.size());
    if (deadline_ms != kNoDeadline) {
      std::memcpy(at, &deadline_ms, kDeadlineBytes);
      at += kDeadlineBytes;
    }
    at = write_bytes(at, field);
    write_bytes(write_varint(at, value.size()), value);
    return static_cast<HashField*>(memory);
  }

  bool has_deadline() const { return (first() & kHasDeadline) != 0; }
  // kNoDeadline where there is none.
  std::int64_t deadline_ms() const {
    if (!has_deadline()) return kNoDeadline;
    std::int64_t deadline_ms = 0;
    std::memcpy(&deadline_ms, after_length(), kDeadlineBytes);
    return deadline_ms;
  }
  // REQUIRES: has_deadline()
  void set_deadline_ms(std::int64_t deadline_ms) {
    std::memcpy(const_cast<char*>(after_length()), &deadline_ms, kDeadlineBytes);
  }

  std::string_view field() const {
    const char* at = bytes_ + 1;
    std::size_t length = first() & kLongField;
    if (length == kLongField) [[unlikely]]
      length = read_varint(at);
    return {at + (has_deadline() ? kDeadlineBytes : 0), length};
  }
  std::string_view value() const {
    const std::string_view name = field();
    const char* at = name.data() + name.size();
    const std::size_t length = read_varint(at);
    return {at, length};
  }
  std::size_t bytes() const {
    const std::string_view text = value();
    return static_cast<std::size_t>(text.data() + text.size() - bytes_);
  }

 private:
  static constexpr std::size_t kLongField = 127;
  static constexpr std::uint8_t kHasDeadline = 0x80;
  static constexpr std::size_t kDeadlineBytes = 6;

  static char* write_bytes(char* at, std::string_view bytes) {
    if (!bytes.empty()) std::memcpy(at, bytes.data(), bytes.size());
    return at + bytes.size();
  }

  std::uint8_t first() const { return static_cast<std::uint8_t>(bytes_[0]); }
  const char* after_length() const {
    const char* at = bytes_ + 1;
    if ((first() & kLongField) == kLongField) skip_varint(at);
    return at;
  }

  char bytes_[1];  // the first of bytes()
};

// The fields of a large hash, found by a keyed hash of their names.
struct HashFieldTraits {
  using Element = HashField;
  static std::uint64_t hash(const HashField& field) { return hash_bytes(field.field()); }
};
using HashFieldTable = HashTable<HashFieldTraits, 0>;

}  // namespace tarn
