#pragma once

#include <cstdint>

#include "bench/load/options.h"

namespace tarn::load {

struct TraceResult {
  uint64_t requests = 0;
  uint64_t hits = 0;
  double seconds = 0;
};

/// Uses the server as a look-aside cache: GET, and after a miss SET with `value_bytes` of value.
/// The first quarter of the requests warms the cache and is not counted.
///
///  - zipf:  keys by a Zipf law with exponent 0.9 over the key space, popularity without order
///  - scan:  the same, and every fifth stretch of 20,000 requests is over keys never asked again
///  - shift: the same law over a window of the key space, which moves on throughout
TraceResult run_cache_trace(const Options& options);

}  // namespace tarn::load
