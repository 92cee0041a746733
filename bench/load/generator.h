#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/load/options.h"

namespace tarn::load {

/// What a run measured. Latencies are in nanoseconds and unsorted.
struct RunResult {
  uint64_t requests = 0;  ///< replies that came to the flood
  uint64_t errors = 0;
  uint64_t misses = 0;
  std::string first_error;
  double seconds = 0;
  double load_cpu_seconds = 0;           ///< user and system time of this process
  std::vector<uint64_t> probe_ns;        ///< send of a PING to the arrival of its reply
  uint64_t probes_in_doubt = 0;          ///< of them during which this process was away
  std::vector<uint64_t> probe_noted_ns;  ///< scheduled time of a PING to the reading of its reply
  std::vector<uint64_t> probe_lateness_ns;  ///< scheduled time of a PING to its send
};

/// Runs flood and prober in one thread until the requests are answered, the time is over or
/// SIGTERM or SIGINT comes.
///
/// Flood: closed loop. Each connection sends a batch, waits for all its replies, and sends the
/// next.
///
/// Prober: open loop. PING number i is due at start + i / probe_hz and is sent then whether or not
/// earlier ones were answered. So a stall of the server is seen by every PING due during it, and
/// nothing is omitted because the prober waited for the server (coordinated omission). A latency
/// ends when the system takes the reply in, not when the prober gets to read it: what the
/// scheduler takes from this process is not the server's. The time for which this process did not
/// run while a PING was under way, a millisecond or more, does not count, and the PING is counted.
/// One thread does both so that the prober never waits for the scheduler to take the core from the
/// flood: between any two flood events (some 10 µs each) it is served first. How late its sends
/// were is measured, and what a PING took from when it was due until its reply was read.
RunResult run_load(const Options& options);

}  // namespace tarn::load
