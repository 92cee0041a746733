#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "persistence/io/byte_sink.h"
#include "persistence/rdb/rdb_writer.h"

namespace tarn {

// Writes the primitives of an RDB stream: bytes, lengths, strings, numbers. The first failure of
// the sink is kept, and what follows it is dropped: ask result() at the end, or now and then.
class RdbEncoder {
 public:
  RdbEncoder(ByteSink& sink, RdbStringCompression compression, bool checksum);

  void byte(std::uint8_t value) { raw({reinterpret_cast<const char*>(&value), 1}); }
  void raw(std::string_view bytes) {
    if (bytes.size() > kBufferBytes - used_) [[unlikely]]
      return raw_slowly(bytes);
    std::memcpy(buffer_.get() + used_, bytes.data(), bytes.size());
    used_ += bytes.size();
  }
  template <class Number>
  void little_endian(Number number) {
    raw({reinterpret_cast<const char*>(&number), sizeof number});
  }
  void length(std::uint64_t length);
  // Texts that spell small integers are written as such.
  void string(std::string_view text);
  void integer(std::int64_t value);
  // Never as an integer: a listpack, for example.
  void blob(std::string_view bytes);

  // Of everything written so far; 0 where none is computed.
  std::uint64_t checksum();
  // Passes on what is buffered.
  void flush();

  bool failed() const { return !result_.ok(); }
  const Result<>& result() const { return result_; }

 private:
  static constexpr std::size_t kBufferBytes = 64 * 1024;

  void raw_slowly(std::string_view bytes);
  void pass_on(std::string_view bytes);
  bool compressed(std::string_view bytes);

  ByteSink& sink_;
  const RdbStringCompression compression_;
  const bool has_checksum_;
  std::uint64_t crc_ = 0;
  Result<> result_;
  std::unique_ptr<char[]> buffer_;
  std::size_t used_ = 0;
  std::string scratch_;  // of the compressor
};

}  // namespace tarn
