#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "core/keyspace/keyspace.h"
#include "server/net/output_buffer.h"

// Items as bytes of memcached's protocols.
namespace tarn::memcached {

// Copies bytes to where a reply is written; returns the place behind them.
inline char* put(char* at, std::string_view bytes) {
  if (!bytes.empty()) std::memcpy(at, bytes.data(), bytes.size());
  return at + bytes.size();
}

// What StringView says of the item; large values by reference.
void write_bytes(OutputBuffer& out, const Entry& item, std::string_view value);

// "VALUE <key> <flags> <bytes>[ <cas>]", and the data behind it. `cas` may be null.
void write_value(OutputBuffer& out, std::string_view key, const Entry& item,
                 const std::uint64_t* cas);

// The item's data and the line end behind it; large values by reference.
void write_data(OutputBuffer& out, const Entry& item);

void write_number(OutputBuffer& out, std::uint64_t number);
void write_signed(OutputBuffer& out, std::int64_t number);

}  // namespace tarn::memcached
