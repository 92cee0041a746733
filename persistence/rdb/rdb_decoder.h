#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "persistence/io/byte_source.h"

namespace tarn {

// A key as messages name it: quoted, a long one cut.
std::string shown_key(std::string_view key);

// Reads the primitives of an RDB stream: bytes, lengths, strings, numbers. The bytes are of any
// origin: nothing is believed of them, and no claimed length is allocated before its bytes are
// there. The first failure is kept; from then on everything reads as zeros and empty strings, so
// that callers may look at failed() where it suits them, but at least once in each loop.
class RdbDecoder {
 public:
  explicit RdbDecoder(ByteSource& source);
  // Bytes in memory, which outlive it.
  RdbDecoder(std::string_view bytes, std::string name);

  std::uint8_t byte() {
    if (at_ == end_ && !fill(1)) return 0;
    return static_cast<std::uint8_t>(*at_++);
  }
  template <class Number>
  Number little_endian() {
    Number number{};
    if (static_cast<std::size_t>(end_ - at_) < sizeof number && !fill(sizeof number)) return number;
    std::memcpy(&number, at_, sizeof number);
    at_ += sizeof number;
    return number;
  }
  std::uint64_t length();
  // A string in any of its encodings; numbers as text. Valid until the next call.
  std::string_view string();
  // So many bytes as they are. Valid until the next call.
  std::string_view raw(std::uint64_t bytes);
  void skip(std::uint64_t bytes);
  void skip_string() { string(); }

  bool failed() const { return error_.has_value(); }
  // "<name>: at offset <n>: <what>", with the key before what is wrong in its value.
  // REQUIRES: failed()
  const Error& error() const { return *error_; }
  // What stands here is not what was expected; says so in words.
  void fail(std::string_view what);
  // The same of a place that was passed.
  void fail_at(std::uint64_t place, std::string_view what);
  // While it lives, what is read is the value of a key, which messages name. The key outlives the
  // decoder, as a source that fails later says which key was read last.
  class InValue {
   public:
    InValue(RdbDecoder& in, const std::string& key) : in_(in) {
      in_.key_ = &key;
      in_.in_value_ = true;
    }
    ~InValue() { in_.in_value_ = false; }
    InValue(const InValue&) = delete;
    InValue& operator=(const InValue&) = delete;

   private:
    RdbDecoder& in_;
  };

  // Of the stream, expanded.
  std::uint64_t offset() const { return passed_ + static_cast<std::uint64_t>(at_ - start_); }
  // The CRC-64 of all that was read.
  std::uint64_t checksum();
  // Whether nothing follows.
  bool at_end() { return at_ == end_ && !more(); }

 private:
  bool fill(std::size_t bytes);
  bool more();
  std::string last_key() const;
  std::string_view gather(std::uint64_t bytes);
  std::string_view encoded_string(unsigned encoding);
  std::string_view compressed_string();
  std::string_view number_text(std::int64_t number);
  std::uint64_t length_after(std::uint8_t first, bool& encoded);

  ByteSource* source_ = nullptr;
  std::string name_;
  std::unique_ptr<char[]> buffer_;
  const char* start_ = nullptr;  // of the bytes that are here
  const char* at_ = nullptr;
  const char* end_ = nullptr;
  const char* summed_ = nullptr;  // the checksum is of everything before
  std::uint64_t passed_ = 0;      // bytes before start_
  std::uint64_t crc_ = 0;
  std::optional<Error> error_;
  const std::string* key_ = nullptr;  // the last one
  bool in_value_ = false;             // its value is being read
  std::string scratch_;
  std::string expanded_;
};

}  // namespace tarn
