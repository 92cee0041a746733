#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/result.h"

namespace tarn {

// Where a base stands in the log, as it says itself: an RDB file in auxiliary fields, commands in
// their first line (command_writer.h).
struct BasePosition {
  std::uint64_t sequence = 0;  // of the last batch that it holds
  std::int64_t time_ms = 0;
  std::uint64_t left = 0;  // the last batch of the history that was left before it; 0 for none
};

// Nothing where it does not say so, as one of another server.
Result<std::optional<BasePosition>> position_of_base(const std::string& path);

}  // namespace tarn
