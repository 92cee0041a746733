#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/clock.h"

namespace tarn {

// What the server knows of this run of itself.
struct RunInfo {
  explicit RunInfo(const Clock& clock);

  void change_replication_id();

  std::string run_id;          // 40 random hexadecimal digits
  std::string replication_id;  // likewise
  std::string executable;      // absolute path; empty where the system does not tell
  std::int64_t started_ms;     // monotonic
  std::int64_t started_at_s;   // Unix time
  std::string_view supervised = "no";
};

}  // namespace tarn
