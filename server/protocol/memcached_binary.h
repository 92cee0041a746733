#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "server/net/output_buffer.h"

// The binary protocol of memcached: a packet is a header of 24 bytes, then extras, key and value,
// all numbers in network order. The format is that of memcached's protocol_binary document (1.4),
// to which 1.6 has added no more.
//
//     magic 1, opcode 1, key length 2, extras length 1, data type 1, status or bucket 2,
//     length of extras, key and value 4, opaque 4, CAS 8
namespace tarn::memcached {

enum class Opcode : std::uint8_t {
  kGet = 0x00,
  kSet = 0x01,
  kAdd = 0x02,
  kReplace = 0x03,
  kDelete = 0x04,
  kIncrement = 0x05,
  kDecrement = 0x06,
  kQuit = 0x07,
  kFlush = 0x08,
  kGetQ = 0x09,
  kNoop = 0x0a,
  kVersion = 0x0b,
  kGetK = 0x0c,
  kGetKQ = 0x0d,
  kAppend = 0x0e,
  kPrepend = 0x0f,
  kStat = 0x10,
  kSetQ = 0x11,
  kAddQ = 0x12,
  kReplaceQ = 0x13,
  kDeleteQ = 0x14,
  kIncrementQ = 0x15,
  kDecrementQ = 0x16,
  kQuitQ = 0x17,
  kFlushQ = 0x18,
  kAppendQ = 0x19,
  kPrependQ = 0x1a,
  kTouch = 0x1c,
  kGat = 0x1d,
  kGatQ = 0x1e,
  kSaslList = 0x20,
  kSaslAuth = 0x21,
  kSaslStep = 0x22,
  kGatK = 0x23,
  kGatKQ = 0x24,
};

enum class BinaryStatus : std::uint16_t {
  kOk = 0x00,
  kNotFound = 0x01,
  kExists = 0x02,
  kTooLarge = 0x03,
  kInvalid = 0x04,
  kNotStored = 0x05,
  kNotNumber = 0x06,
  kAuthFailed = 0x20,
  kUnknownCommand = 0x81,
  kServerError = 0x82,  // out of memory, by the document
};

inline constexpr std::uint8_t kRequestMagic = 0x80;
inline constexpr std::uint8_t kResponseMagic = 0x81;
inline constexpr std::size_t kBinaryHeaderBytes = 24;
inline constexpr std::size_t kMaxBinaryKeyBytes = 250;

// A number of the packet, at any place; 1, 2, 4 or 8 bytes.
template <class Number>
Number read_big_endian(const char* at) {
  Number value = 0;
  for (std::size_t i = 0; i < sizeof value; ++i) {
    value = static_cast<Number>(value << 8 | static_cast<unsigned char>(at[i]));
  }
  return value;
}
template <class Number>
char* write_big_endian(char* at, Number value) {
  for (std::size_t i = sizeof value; i-- > 0; value = static_cast<Number>(value >> 8)) {
    at[i] = static_cast<char>(value);
  }
  return at + sizeof value;
}
template <>
inline std::uint8_t read_big_endian(const char* at) {
  return static_cast<std::uint8_t>(*at);
}
template <>
inline char* write_big_endian(char* at, std::uint8_t value) {
  *at = static_cast<char>(value);
  return at + 1;
}

struct BinaryHeader {
  std::uint8_t magic = kRequestMagic;
  std::uint8_t opcode = 0;
  std::uint16_t key_bytes = 0;
  std::uint8_t extras_bytes = 0;
  std::uint8_t data_type = 0;
  std::uint16_t status = 0;
  std::uint32_t body_bytes = 0;
  std::uint32_t opaque = 0;
  std::uint64_t cas = 0;

  // REQUIRES: kBinaryHeaderBytes are at `at`.
  static BinaryHeader read(const char* at) {
    return {.magic = read_big_endian<std::uint8_t>(at),
            .opcode = read_big_endian<std::uint8_t>(at + 1),
            .key_bytes = read_big_endian<std::uint16_t>(at + 2),
            .extras_bytes = read_big_endian<std::uint8_t>(at + 4),
            .data_type = read_big_endian<std::uint8_t>(at + 5),
            .status = read_big_endian<std::uint16_t>(at + 6),
            .body_bytes = read_big_endian<std::uint32_t>(at + 8),
            .opaque = read_big_endian<std::uint32_t>(at + 12),
            .cas = read_big_endian<std::uint64_t>(at + 16)};
  }
  // Returns the place behind it.
  char* write(char* at) const {
    at = write_big_endian(at, magic);
    at = write_big_endian(at, opcode);
    at = write_big_endian(at, key_bytes);
    at = write_big_endian(at, extras_bytes);
    at = write_big_endian(at, data_type);
    at = write_big_endian(at, status);
    at = write_big_endian(at, body_bytes);
    at = write_big_endian(at, opaque);
    return write_big_endian(at, cas);
  }
};

// A packet of nothing but a text, in answer to `request`.
void write_error_packet(OutputBuffer& out, const BinaryHeader& request, BinaryStatus status,
                        std::string_view text);

}  // namespace tarn::memcached
