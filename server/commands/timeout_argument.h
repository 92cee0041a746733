#pragma once

#include <chrono>
#include <cstdint>
#include <limits>

#include "server/engine/args.h"

namespace tarn {

// The next argument as a time to wait in milliseconds, from 0 to what can be added to the present.
inline std::chrono::milliseconds read_timeout_ms(Call& call, ArgReader& args) {
  const std::int64_t timeout_ms = args.integer("ERR timeout is not an integer or out of range");
  if (timeout_ms < 0) args.fail("ERR timeout is negative");
  if (timeout_ms > std::numeric_limits<std::int64_t>::max() - call.now_ms()) {
    args.fail("ERR timeout is out of range");
  }
  return std::chrono::milliseconds(args.ok() ? timeout_ms : 0);
}

}  // namespace tarn
