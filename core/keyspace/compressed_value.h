#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/keyspace/entry.h"

namespace tarn {

// The bytes of a value as one LZ4 block, in a form that says how they were stored before:
//
//     encoding        1        Entry::raw_encoding() of the plain value
//     plain length    1 to 5   base 128, low groups first
//     LZ4 block       the rest
class CompressedValue {
 public:
  // Puts that form of `plain` into `to`, where it takes no more than three quarters of the bytes;
  // else returns false.
  static bool compress(std::string_view plain, std::uint8_t encoding, std::string& to);

  // REQUIRES: `stored` is what compress() made; it stays where it is.
  explicit CompressedValue(std::string_view stored);

  std::uint8_t plain_encoding() const { return plain_encoding_; }
  std::size_t plain_bytes() const { return plain_bytes_; }
  // Writes the plain bytes, plain_bytes() of them.
  void expand(char* to) const;

 private:
  std::uint8_t plain_encoding_;
  std::size_t plain_bytes_ = 0;
  std::string_view block_;
};

// An entry for reading whose collection is plain: itself, or a copy made here where it is
// compressed. The copy has key, value, access and deadline of the other.
class PlainEntry {
 public:
  explicit PlainEntry(const Entry& entry);

  const Entry& operator*() const { return *entry_; }
  const Entry* operator->() const { return entry_; }

 private:
  std::unique_ptr<char[]> copy_;
  const Entry* entry_;
};

}  // namespace tarn
