#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.h"
#include "core/keyspace/databases.h"
#include "core/types/hash.h"
#include "core/types/list.h"
#include "core/types/set.h"
#include "core/types/sorted_set.h"
#include "persistence/io/byte_source.h"

namespace tarn {

// When values that are loaded change from the packed to the large encodings.
struct ValueLimits {
  ListLimits list{};
  SetLimits set{};
  HashLimits hash{};
  SortedSetLimits sorted_set{};
};

struct RdbReadOptions {
  ValueLimits limits{};
  // A value of a type that we do not have is skipped with its key, not an error.
  bool skip_unknown = false;
  // Keys whose deadline has passed are left out. Not for the base of an append-only file, whose
  // commands still refer to them.
  bool drop_expired = true;
  // The checksum at the end must be right. Those of LZ4 frames always must.
  bool verify_checksum = true;
  // A key that is there already is replaced, not an error.
  bool replace = false;
  // Called after every `progress_bytes` of input.
  std::uint64_t progress_bytes = 2 << 20;
  std::function<void(std::uint64_t bytes, std::uint64_t keys)> on_progress{};
  // Hears of what was left out or looks strange.
  std::function<void(const std::string& message)> on_warning{};
  // Hears of auxiliary fields as they come.
  std::function<void(std::string_view name, std::string_view value)> on_aux{};
};

struct RdbSummary {
  int version = 0;
  std::uint64_t keys = 0;     // loaded
  std::uint64_t expired = 0;  // left out, as their deadline had passed
  std::uint64_t skipped = 0;  // of unknown types
  std::uint64_t bytes = 0;    // of the stream, expanded
  bool lz4 = false;           // the stream is in an LZ4 frame
  std::vector<std::pair<std::string, std::string>> aux;
};

// Whether bytes from the beginning of a file, as many as rdb::kMagic has, are those of an RDB
// stream, plain or in an LZ4 frame.
bool begins_rdb(std::string_view bytes);

// Loads an RDB stream, plain or in an LZ4 frame, into the databases, in addition to what they hold.
// An error says file, offset, key and what was expected; what was loaded until then stays.
Result<RdbSummary> read_rdb(ByteSource& source, const RdbReadOptions& options,
                            Databases& databases);

// Whether version and checksum of a payload of DUMP are right; if not, "DUMP payload version or
// checksum are wrong".
Result<> check_payload(std::string_view payload);

// Checks a payload of DUMP completely: version, checksum, and every byte of the value. The client
// flags of an item of memcached's, and whether it is stale, come with it.
// An error is one of Redis's: "DUMP payload version or checksum are wrong", "Bad data format".
Result<> restore_payload(std::string_view payload, const ValueLimits& limits, Keyspace& keyspace,
                         const Key& key, Ttl ttl);

}  // namespace tarn
