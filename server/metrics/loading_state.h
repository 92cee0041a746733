#pragma once

#include <cmath>
#include <cstdint>
#include <string>

namespace tarn {

// How far the loading of a dataset is, and how the last one went.
struct LoadingState {
  bool active = false;
  std::string file;
  std::int64_t started_s = 0;     // Unix time
  std::int64_t started_ms = 0;    // monotonic
  std::uint64_t total_bytes = 0;  // 0: unknown
  std::uint64_t loaded_bytes = 0;
  std::uint64_t keys = 0;
  std::uint64_t used_memory = 0;  // of the server that wrote the snapshot; 0: unknown
  // Of the last snapshot that was loaded.
  std::uint64_t keys_loaded = 0;
  std::uint64_t keys_expired = 0;

  double percent() const {
    if (total_bytes == 0) return 0;
    return 100.0 * static_cast<double>(loaded_bytes) / static_cast<double>(total_bytes);
  }
  // Seconds until all is loaded, by how long it took so far; -1 where unknown.
  std::int64_t left_s(std::int64_t now_ms) const {
    if (loaded_bytes == 0 || total_bytes == 0) return -1;
    const double share = static_cast<double>(loaded_bytes) / static_cast<double>(total_bytes);
    const double elapsed_ms = static_cast<double>(now_ms - started_ms);
    return std::llround(elapsed_ms * (1.0 / share - 1.0) / 1000.0);
  }
};

}  // namespace tarn
