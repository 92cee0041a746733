#pragma once

#include <chrono>
#include <cmath>
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

// The next argument as the time, in seconds with fractions, that a command may wait for keys; 0 is
// for ever. Rounded up to milliseconds, so that only a true zero, or a bit less, means for ever.
inline std::chrono::milliseconds next_timeout(ArgReader& args) {
  const long double seconds = args.real("ERR timeout is not a float or out of range");
  const long double timeout_ms = std::ceil(seconds * 1000);
  const std::int64_t longest_ms = std::numeric_limits<std::int64_t>::max() - args.call().now_ms();
  if (timeout_ms > static_cast<long double>(longest_ms)) args.fail("ERR timeout is out of range");
  if (timeout_ms < 0) args.fail("ERR timeout is negative");
  return std::chrono::milliseconds(args.ok() ? static_cast<std::int64_t>(timeout_ms) : 0);
}

}  // namespace tarn
