#pragma once

#include <cstdint>
#include <string_view>

namespace tarn::rdb {

// The constants of an RDB file, as the public descriptions of Redis's dump format have them; docs/
// rdb.md describes the format. A file is
//
//     "REDIS" and four digits of the version
//     auxiliary fields, then for each database: its number, table sizes, keys
//     kEof, and from version 5 on the CRC-64 of everything before (0: not computed)
//
// and a key is: optional deadline, idle time or frequency; the type; the key; the value.

inline constexpr std::string_view kMagic = "REDIS";
inline constexpr int kVersion = 10;        // what is written: the newest that Redis 7.0 reads
inline constexpr int kNewestVersion = 12;  // what is read: up to Redis 7.4
// Valkey 8.0 writes version 11.

enum Opcode : std::uint8_t {
  kSlotInfo = 244,       // three lengths
  kFunction = 245,       // a string: a library of functions
  kFunctionPreGa = 246,  // of release candidates of 7.0
  kModuleAux = 247,
  kIdle = 248,           // a length: seconds
  kFrequency = 249,      // a byte
  kAux = 250,            // two strings
  kResizeDb = 251,       // two lengths: keys, keys with a deadline
  kExpireMs = 252,       // eight bytes, little-endian
  kExpireSeconds = 253,  // four bytes, little-endian
  kSelectDb = 254,       // a length
  kEof = 255,
};

enum ValueType : std::uint8_t {
  kString = 0,
  kList = 1,   // length, strings
  kSet = 2,    // length, strings
  kZset = 3,   // length, (string, score as text)
  kHash = 4,   // length, (string, string)
  kZset2 = 5,  // length, (string, score as a little-endian double)
  kModule = 6,
  kModule2 = 7,
  kHashZipmap = 9,
  kListZiplist = 10,
  kSetIntset = 11,
  kZsetZiplist = 12,
  kHashZiplist = 13,
  kListQuicklist = 14,  // length, ziplists
  kStreamListpacks = 15,
  kHashListpack = 16,
  kZsetListpack = 17,
  kListQuicklist2 = 18,  // length, (container: 1 plain or 2 packed; string)
  kStreamListpacks2 = 19,
  kSetListpack = 20,
  kStreamListpacks3 = 21,
  kHashMetadataPreGa = 22,
  kHashListpackExPreGa = 23,
  // A hash some of whose fields have deadlines (Redis 7.4): the earliest deadline in ms (8 bytes),
  // a length, then (deadline - earliest + 1, or 0 for none, as a length; field; value).
  kHashMetadata = 24,
  // The same in a listpack: the earliest deadline (8 bytes), a listpack of field, value, deadline
  // (0 for none), ordered by deadline.
  kHashListpackEx = 25,
};

// The first byte of a length: its upper two bits tell how it goes on.
inline constexpr std::uint8_t kLength6 = 0;      // the length is in the lower six bits
inline constexpr std::uint8_t kLength14 = 1;     // ... and in the next byte
inline constexpr std::uint8_t kLength32 = 0x80;  // four bytes follow, big-endian
inline constexpr std::uint8_t kLength64 = 0x81;  // eight bytes follow, big-endian
inline constexpr std::uint8_t kEncoded = 3;      // no length: a string in one of these encodings
inline constexpr std::uint8_t kInt8 = 0;
inline constexpr std::uint8_t kInt16 = 1;  // little-endian
inline constexpr std::uint8_t kInt32 = 2;  // little-endian
inline constexpr std::uint8_t kLzf = 3;    // compressed length, length, bytes

// A payload of DUMP is type, value, the version (two bytes, little-endian) and the CRC-64 of all of
// these (eight bytes, little-endian). Readers need not look at what stands between value and
// version, and Redis does not: that is where an item of memcached's has its auxiliary fields.
inline constexpr std::size_t kPayloadTrailerBytes = 10;

// What our files say of themselves in auxiliary fields.
// What the data took when they were saved.
inline constexpr std::string_view kAuxUsedMemory = "used-mem";
inline constexpr std::string_view kAuxVersion = "tarn-ver";
// In the base of an append-only file: the sequence number of the last batch that it contains.
inline constexpr std::string_view kAuxAofSequence = "tarn-aof-sequence";
// And the moment that it shows, in Unix milliseconds.
inline constexpr std::string_view kAuxAofTime = "tarn-aof-ms";
// There, after a return to an earlier moment: the last batch of the history that was left.
inline constexpr std::string_view kAuxAofLeft = "tarn-aof-left";
// Before a string, or behind it in a payload: the flags that a client of memcached's protocol gave
// it; and that it was invalidated ("1").
inline constexpr std::string_view kAuxClientFlags = "mc-flags";
inline constexpr std::string_view kAuxStale = "mc-stale";

}  // namespace tarn::rdb

namespace tarn::listpack {

// How many bytes the length behind an element of a listpack takes. The limits but for the first are
// one less than seven bits a byte would allow; readers of the format insist on that.
constexpr unsigned back_length_bytes(std::uint64_t length) {
  if (length <= 127) return 1;
  if (length < 16'383) return 2;
  if (length < 2'097'151) return 3;
  return length < 268'435'455 ? 4 : 5;
}

}  // namespace tarn::listpack
