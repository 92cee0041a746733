#pragma once

#include <cstdint>
#include <string_view>

#include "core/keyspace/keyspace.h"
#include "server/net/output_buffer.h"

// Items as bytes of the text protocol.
namespace tarn::memcached {

// "VALUE <key> <flags> <bytes>[ <cas>]", and the data behind it. `cas` may be null.
void write_value(OutputBuffer& out, std::string_view key, const Entry& item,
                 const std::uint64_t* cas);

// The item's data and the line end behind it; large values by reference.
void write_data(OutputBuffer& out, const Entry& item);

void write_number(OutputBuffer& out, std::uint64_t number);
void write_signed(OutputBuffer& out, std::int64_t number);

}  // namespace tarn::memcached
