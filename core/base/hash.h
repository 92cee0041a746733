#pragma once

#include <cstdint>
#include <string_view>

namespace tarn {

// The keyed hash of every table: XXH3 (64 bit) under a seed that is drawn once a process, so that
// nobody outside can craft keys that collide. Tables and indexes use its low 48 bits only.
inline constexpr unsigned kHashBits = 48;
inline constexpr std::uint64_t kHashMask = (std::uint64_t{1} << kHashBits) - 1;

// Returns kHashBits significant bits. Stable within a process, different between processes.
std::uint64_t hash_bytes(std::string_view bytes);

// Fixes the seed, so that a test or a fuzz run can be repeated. Call before any table exists.
void set_hash_seed(std::uint64_t seed);

}  // namespace tarn
