#pragma once

#include <cstdint>
#include <span>

namespace tarn {

// A snapshot is due when `seconds` have passed since the last one and `changes` were made.
struct SavePoint {
  std::int64_t seconds = 0;
  std::int64_t changes = 0;

  bool operator==(const SavePoint&) const = default;
};

// What decides when the next snapshot is due. Times are Unix seconds.
struct SaveHistory {
  std::int64_t last_save_s = 0;
  std::int64_t last_try_s = 0;  // in the background
  bool last_try_ok = true;
  std::uint64_t changes = 0;  // since the last save
};

// After a failure, the next try waits so long.
inline constexpr std::int64_t kSaveRetrySeconds = 5;

inline bool may_try_saving(const SaveHistory& history, std::int64_t now_s) {
  return history.last_try_ok || now_s - history.last_try_s > kSaveRetrySeconds;
}

// The first of the points that asks for a snapshot now; nullptr for none.
inline const SavePoint* due_save_point(std::span<const SavePoint> points,
                                       const SaveHistory& history, std::int64_t now_s) {
  if (!may_try_saving(history, now_s)) return nullptr;
  for (const SavePoint& point : points) {
    const bool enough = history.changes >= static_cast<std::uint64_t>(point.changes);
    if (enough && now_s - history.last_save_s > point.seconds) return &point;
  }
  return nullptr;
}

}  // namespace tarn
