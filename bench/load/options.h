#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tarn::load {

enum class Protocol { kResp, kMemcached };

/// What one run does; see usage() for the command line that fills it.
struct Options {
  std::string host = "127.0.0.1";
  uint16_t port = 6379;
  Protocol protocol = Protocol::kResp;

  // The flood: closed loop, each connection sends a batch and waits for all of its replies.
  std::vector<std::string> command;  ///< RESP arguments, or one memcached text request
  uint32_t clients = 50;
  uint32_t pipeline = 1;
  uint64_t requests = 0;          ///< stop after so many (0: no limit)
  double seconds = 0;             ///< stop after so long (0: no limit)
  uint64_t first = 0;             ///< where __seq__ and __perm__ begin
  uint64_t keyspace = 1'000'000;  ///< __rand__ and __perm__ choose from [0, keyspace)
  uint64_t seed = 1;

  // The prober: open loop, one PING every 1/probe_hz seconds (0: none).
  uint32_t probe_hz = 0;

  // A cache trace instead of a flood: "zipf", "scan" or "shift" (empty: none).
  std::string trace;
  uint32_t value_bytes = 100;
};

/// Reads the command line; prints the usage and exits on a mistake.
Options parse_options(int argc, char** argv);

/// Prints `message` (and errno's text when `with_errno`) and ends the process: a benchmark that
/// cannot do what it was asked has no result.
[[noreturn]] void die(const std::string& message, bool with_errno = false);

}  // namespace tarn::load
