#include "persistence/rdb/rdb_decoder.h"

#include <fmt/core.h>
#include <lzf.h>

#include <algorithm>
#include <limits>

#include "core/base/crc64.h"
#include "core/base/numbers.h"
#include "core/base/quoting.h"
#include "persistence/rdb/rdb_format.h"

namespace tarn {
namespace {

constexpr std::size_t kBufferBytes = 512 * 1024;
// A string's bytes are gathered in steps of this, so that a false length costs little.
constexpr std::size_t kStepBytes = 1 << 20;
// The most that LZF expands: three bytes say 264.
constexpr std::uint64_t kMaxExpansion = 100;

}  // namespace

std::string shown_key(std::string_view key) { return "key " + quote_beginning(key); }

RdbDecoder::RdbDecoder(ByteSource& source)
    : source_(&source),
      name_(source.name()),
      buffer_(std::make_unique_for_overwrite<char[]>(kBufferBytes)) {
  start_ = at_ = end_ = summed_ = buffer_.get();
}

RdbDecoder::RdbDecoder(std::string_view bytes, std::string name) : name_(std::move(name)) {
  start_ = at_ = summed_ = bytes.data();
  end_ = start_ + bytes.size();
}

void RdbDecoder::fail(std::string_view what) { fail_at(offset(), what); }

void RdbDecoder::fail_at(std::uint64_t place, std::string_view what) {
  if (failed()) return;
  error_ = Error{fmt::format("{}: at offset {}: {}{}", name_, place,
                             in_value_ ? shown_key(*key_) + ": " : "", what)};
  at_ = end_;
}

// Where a source fails, to which no offset in the stream belongs.
std::string RdbDecoder::last_key() const {
  if (key_ == nullptr) return "";
  return fmt::format(", {} {}", in_value_ ? "in" : "after", shown_key(*key_));
}

std::uint64_t RdbDecoder::checksum() {
  crc_ = crc64(crc_, {summed_, static_cast<std::size_t>(at_ - summed_)});
  summed_ = at_;
  return crc_;
}

// Reads on into the buffer, after what is left in it. Returns whether there was anything.
bool RdbDecoder::more() {
  if (source_ == nullptr || failed()) return false;
  checksum();
  const auto left = static_cast<std::size_t>(end_ - at_);
  passed_ += static_cast<std::uint64_t>(at_ - start_);
  std::memmove(buffer_.get(), at_, left);
  start_ = at_ = summed_ = buffer_.get();
  end_ = start_ + left;
  const auto count = source_->read({buffer_.get() + left, kBufferBytes - left});
  if (!count) {
    error_ = Error{count.error().message + last_key()};
    at_ = end_;
    return false;
  }
  end_ += *count;
  return *count > 0;
}

// Sees to it that so many bytes, few of them, are in the buffer.
bool RdbDecoder::fill(std::size_t bytes) {
  while (static_cast<std::size_t>(end_ - at_) < bytes) {
    if (more()) continue;
    fail("the file ends too early");
    return false;
  }
  return true;
}

std::string_view RdbDecoder::raw(std::uint64_t bytes) {
  if (static_cast<std::uint64_t>(end_ - at_) < bytes) {
    if (source_ != nullptr && bytes <= kBufferBytes / 2) {
      if (!fill(static_cast<std::size_t>(bytes))) return {};
    } else {
      return gather(bytes);
    }
  }
  const std::string_view view(at_, static_cast<std::size_t>(bytes));
  at_ += bytes;
  return view;
}

std::string_view RdbDecoder::gather(std::uint64_t bytes) {
  scratch_.clear();
  while (scratch_.size() < bytes) {
    if (at_ == end_ && !fill(1)) return {};
    const auto count = std::min<std::uint64_t>(
        {bytes - scratch_.size(), kStepBytes, static_cast<std::uint64_t>(end_ - at_)});
    scratch_.append(at_, static_cast<std::size_t>(count));
    at_ += count;
  }
  return scratch_;
}

void RdbDecoder::skip(std::uint64_t bytes) {
  while (bytes > 0) {
    if (at_ == end_ && !fill(1)) return;
    const auto count = std::min(bytes, static_cast<std::uint64_t>(end_ - at_));
    at_ += count;
    bytes -= count;
  }
}

std::uint64_t RdbDecoder::length_after(std::uint8_t first, bool& encoded) {
  encoded = false;
  switch (first >> 6) {
    case rdb::kLength6: return first & 0x3f;
    case rdb::kLength14: return std::uint64_t{first & 0x3fu} << 8 | byte();
    case rdb::kEncoded: encoded = true; return first & 0x3f;
    default: break;
  }
  if (first == rdb::kLength32) return __builtin_bswap32(little_endian<std::uint32_t>());
  if (first == rdb::kLength64) return __builtin_bswap64(little_endian<std::uint64_t>());
  fail(fmt::format("expected a length, found the byte {:#04x}", first));
  return 0;
}

std::uint64_t RdbDecoder::length() {
  bool encoded = false;
  const std::uint64_t length = length_after(byte(), encoded);
  if (!encoded) return length;
  fail("expected a length, found an encoded string");
  return 0;
}

std::string_view RdbDecoder::string() {
  bool encoded = false;
  const std::uint64_t length = length_after(byte(), encoded);
  if (encoded) return encoded_string(static_cast<unsigned>(length));
  return raw(length);
}

std::string_view RdbDecoder::encoded_string(unsigned encoding) {
  switch (encoding) {
    case rdb::kInt8: return number_text(little_endian<std::int8_t>());
    case rdb::kInt16: return number_text(little_endian<std::int16_t>());
    case rdb::kInt32: return number_text(little_endian<std::int32_t>());
    case rdb::kLzf: return compressed_string();
    default: fail(fmt::format("no string is encoded as {}", encoding)); return {};
  }
}

std::string_view RdbDecoder::number_text(std::int64_t number) {
  scratch_.resize(kMaxInt64Chars);
  scratch_.resize(format_int64(scratch_.data(), number));
  return scratch_;
}

std::string_view RdbDecoder::compressed_string() {
  const std::uint64_t compressed = length();
  const std::uint64_t expanded = length();
  if (compressed > std::numeric_limits<unsigned>::max() ||
      expanded > std::numeric_limits<unsigned>::max() || expanded > compressed * kMaxExpansion) {
    fail(fmt::format("a string of {} bytes cannot be {} when expanded", compressed, expanded));
    return {};
  }
  const std::string_view bytes = raw(compressed);
  if (failed()) return {};
  expanded_.resize(static_cast<std::size_t>(expanded));
  const unsigned count = expanded == 0
                             ? 0
                             : lzf_decompress(bytes.data(), static_cast<unsigned>(bytes.size()),
                                              expanded_.data(), static_cast<unsigned>(expanded));
  if (count != expanded || expanded == 0) {
    fail("a compressed string is damaged");
    return {};
  }
  return expanded_;
}

}  // namespace tarn
