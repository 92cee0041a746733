#include "persistence/rdb/rdb_encoder.h"

#include <lzf.h>

#include <limits>

#include "core/base/crc64.h"
#include "core/base/numbers.h"
#include "persistence/rdb/rdb_format.h"

namespace tarn {
namespace {

// Shorter strings are not worth compressing, and longer ones than liblzf counts cannot be.
constexpr std::size_t kMinCompressBytes = 21;
constexpr std::size_t kMaxCompressBytes = std::numeric_limits<unsigned>::max() / 2;
constexpr std::size_t kMaxIntegerChars = 11;

std::uint64_t big_endian(std::uint64_t number) { return __builtin_bswap64(number); }
std::uint32_t big_endian(std::uint32_t number) { return __builtin_bswap32(number); }

template <class Int>
bool fits(std::int64_t value) {
  return value >= std::numeric_limits<Int>::min() && value <= std::numeric_limits<Int>::max();
}

constexpr std::uint8_t encoded(std::uint8_t encoding) {
  return static_cast<std::uint8_t>(rdb::kEncoded << 6 | encoding);
}

}  // namespace

RdbEncoder::RdbEncoder(ByteSink& sink, RdbStringCompression compression, bool checksum)
    : sink_(sink),
      compression_(compression),
      has_checksum_(checksum),
      buffer_(std::make_unique_for_overwrite<char[]>(kBufferBytes)) {}

void RdbEncoder::pass_on(std::string_view bytes) {
  if (failed()) return;
  if (has_checksum_) crc_ = crc64(crc_, bytes);
  result_ = sink_.write(bytes);
}

void RdbEncoder::flush() {
  if (used_ > 0) pass_on({buffer_.get(), used_});
  used_ = 0;
}

void RdbEncoder::raw_slowly(std::string_view bytes) {
  flush();
  if (bytes.size() > kBufferBytes) return pass_on(bytes);
  raw(bytes);
}

std::uint64_t RdbEncoder::checksum() {
  flush();
  return crc_;
}

void RdbEncoder::length(std::uint64_t length) {
  if (length < 64) {
    byte(static_cast<std::uint8_t>(rdb::kLength6 << 6 | length));
  } else if (length < 16'384) {
    byte(static_cast<std::uint8_t>(rdb::kLength14 << 6 | length >> 8));
    byte(static_cast<std::uint8_t>(length));
  } else if (length <= std::numeric_limits<std::uint32_t>::max()) {
    byte(rdb::kLength32);
    little_endian(big_endian(static_cast<std::uint32_t>(length)));
  } else {
    byte(rdb::kLength64);
    little_endian(big_endian(length));
  }
}

void RdbEncoder::string(std::string_view text) {
  std::int64_t number;
  if (text.size() <= kMaxIntegerChars && parse_int64(text, number) && fits<std::int32_t>(number)) {
    return integer(number);
  }
  blob(text);
}

void RdbEncoder::integer(std::int64_t value) {
  if (fits<std::int8_t>(value)) {
    byte(encoded(rdb::kInt8));
    little_endian(static_cast<std::int8_t>(value));
  } else if (fits<std::int16_t>(value)) {
    byte(encoded(rdb::kInt16));
    little_endian(static_cast<std::int16_t>(value));
  } else if (fits<std::int32_t>(value)) {
    byte(encoded(rdb::kInt32));
    little_endian(static_cast<std::int32_t>(value));
  } else {
    char digits[kMaxInt64Chars];
    blob({digits, format_int64(digits, value)});
  }
}

void RdbEncoder::blob(std::string_view bytes) {
  if (compression_ == RdbStringCompression::kLzf && compressed(bytes)) return;
  length(bytes.size());
  raw(bytes);
}

// Writes the string in its compressed form, if that is shorter.
bool RdbEncoder::compressed(std::string_view bytes) {
  if (bytes.size() < kMinCompressBytes || bytes.size() > kMaxCompressBytes) return false;
  const std::size_t room = bytes.size() - 4;
  if (scratch_.size() < room) scratch_.resize(room);
  const unsigned written = lzf_compress(bytes.data(), static_cast<unsigned>(bytes.size()),
                                        scratch_.data(), static_cast<unsigned>(room));
  if (written == 0) return false;
  byte(encoded(rdb::kLzf));
  length(written);
  length(bytes.size());
  raw({scratch_.data(), written});
  return true;
}

}  // namespace tarn
