#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

// Strings as arrays of bits. Bits are numbered as Redis does: bit 0 is the most significant bit of
// the first byte, bit 8 that of the second.
namespace tarn {

// A range of bits, both ends included. Empty where first > last.
struct BitRange {
  std::uint64_t first;
  std::uint64_t last;
};

// How many bits are set. O(bytes), several bytes a cycle.
std::uint64_t count_bits(std::string_view bytes);
// The same within a range. REQUIRES: range.last < 8 * bytes.size(), unless the range is empty.
std::uint64_t count_bits(std::string_view bytes, BitRange range);

// The first bit of this value within a range. REQUIRES: as for count_bits.
std::optional<std::uint64_t> find_bit(std::string_view bytes, bool value, BitRange range);

// One bit; bits beyond the end are 0.
bool bit_at(std::string_view bytes, std::uint64_t position);
// REQUIRES: the bit is within the bytes at `bytes`.
void set_bit(char* bytes, std::uint64_t position, bool value);

// What BITOP does with the same bit of every source.
enum class BitOperation : std::uint8_t {
  kAnd,
  kOr,
  kXor,
  kNot,    // of the first source
  kDiff,   // in the first, but in no other
  kDiff1,  // in another, but not in the first
  kAndOr,  // in the first and in another
  kOne,    // in exactly one
};

// Writes the result over `size` bytes at `result`. Sources shorter than that count as continued by
// zeros. REQUIRES: at least one source, none longer than `size`, none overlapping the result.
void combine_bits(BitOperation operation, std::span<const std::string_view> sources, char* result,
                  std::size_t size);

}  // namespace tarn
