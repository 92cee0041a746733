#pragma once

#include <cstddef>
#include <cstdint>

namespace tarn {

struct Session;

// What ClientEviction knows of a client's memory. Kept in the session, so that it is found without
// a search.
struct MemoryAccount {
  static constexpr std::uint8_t kNoBucket = 0xff;

  std::size_t bytes = 0;
  Session* previous = nullptr;  // in its bucket
  Session* next = nullptr;
  std::uint32_t period = 0;  // in which it was counted; 0: never
  std::uint8_t bucket = kNoBucket;
  bool touched = false;
};

}  // namespace tarn
