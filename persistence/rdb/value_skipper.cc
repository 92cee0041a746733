// What is read over: values that nobody wants, and those of types that we do not have.

#include <fmt/core.h>

#include "core/base/assert.h"
#include "persistence/rdb/rdb_format.h"
#include "persistence/rdb/value_reader.h"

namespace tarn {
namespace {

constexpr std::uint64_t kStreamIdBytes = 16;
constexpr std::uint64_t kTimeBytes = 8;

// The parts of a module's value, each of which says what it is.
enum ModulePart : std::uint64_t {
  kPartEnd = 0,
  kPartSigned = 1,
  kPartUnsigned = 2,
  kPartFloat = 3,
  kPartDouble = 4,
  kPartString = 5,
};

}  // namespace

void ValueReader::skip(std::uint8_t type) {
  std::uint64_t strings = 1;
  switch (type) {
    case rdb::kList:
    case rdb::kSet:
    case rdb::kListQuicklist: strings = in_.length(); break;
    case rdb::kListQuicklist2:
      for (std::uint64_t left = in_.length(); left > 0 && !in_.failed(); --left) {
        in_.length();
        in_.skip_string();
      }
      return;
    case rdb::kZset:
    case rdb::kZset2:
      for (std::uint64_t left = in_.length(); left > 0 && !in_.failed(); --left) {
        in_.skip_string();
        read_score(type);
      }
      return;
    case rdb::kHash:
      for (std::uint64_t left = in_.length(); left > 0 && !in_.failed(); --left) {
        in_.skip_string();
        in_.skip_string();
      }
      return;
    case rdb::kHashMetadata:
    case rdb::kHashMetadataPreGa:
      if (type == rdb::kHashMetadata) in_.skip(kTimeBytes);
      for (std::uint64_t left = in_.length(); left > 0 && !in_.failed(); --left) {
        in_.length();
        in_.skip_string();
        in_.skip_string();
      }
      return;
    case rdb::kHashListpackEx: in_.skip(kTimeBytes); break;
    case rdb::kStreamListpacks:
    case rdb::kStreamListpacks2:
    case rdb::kStreamListpacks3: return skip_stream(type);
    case rdb::kModule2: return skip_module();
    default: TARN_ASSERT(knows(type));
  }
  for (; strings > 0 && !in_.failed(); --strings) in_.skip_string();
}

// Nodes, counters, then the groups of consumers.
void ValueReader::skip_stream(std::uint8_t type) {
  for (std::uint64_t left = in_.length(); left > 0 && !in_.failed(); --left) {
    in_.skip_string();
    in_.skip_string();
  }
  const int lengths = type == rdb::kStreamListpacks ? 3 : 8;
  for (int i = 0; i < lengths; ++i) in_.length();
  for (std::uint64_t left = in_.length(); left > 0 && !in_.failed(); --left) {
    skip_stream_group(type);
  }
}

void ValueReader::skip_stream_group(std::uint8_t type) {
  in_.skip_string();
  const int lengths = type == rdb::kStreamListpacks ? 2 : 3;
  for (int i = 0; i < lengths; ++i) in_.length();
  // Entries that were delivered and are not acknowledged.
  for (std::uint64_t left = in_.length(); left > 0 && !in_.failed(); --left) {
    in_.skip(kStreamIdBytes + kTimeBytes);
    in_.length();
  }
  for (std::uint64_t consumers = in_.length(); consumers > 0 && !in_.failed(); --consumers) {
    in_.skip_string();
    in_.skip(type == rdb::kStreamListpacks3 ? 2 * kTimeBytes : kTimeBytes);
    for (std::uint64_t left = in_.length(); left > 0 && !in_.failed(); --left) {
      in_.skip(kStreamIdBytes);
    }
  }
}

void ValueReader::skip_module() {
  in_.length();
  while (!in_.failed()) {
    const std::uint64_t part = in_.length();
    switch (part) {
      case kPartEnd: return;
      case kPartSigned:
      case kPartUnsigned: in_.length(); break;
      case kPartFloat: in_.skip(4); break;
      case kPartDouble: in_.skip(8); break;
      case kPartString: in_.skip_string(); break;
      default: return in_.fail(fmt::format("a module's value has no part of kind {}", part));
    }
  }
}

}  // namespace tarn
