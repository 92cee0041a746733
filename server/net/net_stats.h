#pragma once

#include <cstdint>

namespace tarn {

// Traffic since the start, or since CONFIG RESETSTAT.
struct NetStats {
  std::uint64_t connections_accepted = 0;
  std::uint64_t connections_rejected = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t reads = 0;
  std::uint64_t writes = 0;
};

}  // namespace tarn
