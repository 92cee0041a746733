#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.h"
#include "core/keyspace/databases.h"
#include "persistence/io/byte_sink.h"

namespace tarn {

enum class RdbStringCompression : std::uint8_t { kNone, kLzf };

struct RdbWriteOptions {
  RdbStringCompression strings = RdbStringCompression::kNone;
  bool checksum = true;
  // Writes idle times or frequencies, by what the databases' AccessPolicy keeps.
  bool access_hints = false;
  // Name and value of further auxiliary fields.
  std::vector<std::pair<std::string, std::string>> aux{};
  // For a forked child that does nothing else with the databases (Keyspace::for_each_at_last).
  bool at_last = false;
  // Called now and then with the number of keys written so far.
  std::function<void(std::uint64_t keys)> on_progress{};
};

// Writes all databases as one RDB stream (rdb_format.h); does not finish the sink. Reads the
// databases only, so it can run in a forked child.
Result<> write_rdb(const Databases& databases, const RdbWriteOptions& options, ByteSink& sink);

// The payload of DUMP: type, value, version and checksum.
std::string dump_payload(const Entry& entry);

}  // namespace tarn
