#pragma once

#include <cstdint>
#include <string_view>

#include "core/keyspace/entry.h"
#include "persistence/rdb/rdb_decoder.h"
#include "persistence/rdb/rdb_encoder.h"

namespace tarn {

// What an item of memcached's protocol is beside its value and deadline. Where there is something
// to say, auxiliary fields say it: before the key in a file, behind the value in a payload of DUMP.
struct ItemFields {
  std::uint32_t client_flags = 0;
  bool stale = false;

  static void write(RdbEncoder& out, const Entry& entry);

  // Takes the field over if it is one of these; returns whether it is. A value that it cannot have
  // fails the decoder.
  bool take(RdbDecoder& in, std::string_view name, std::string_view value);
};

void write_aux(RdbEncoder& out, std::string_view name, std::string_view value);

}  // namespace tarn
