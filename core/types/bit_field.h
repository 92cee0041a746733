#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

// Integers of any width at any bit of a string, as BITFIELD has them: most significant bit first,
// two's complement. Bits are numbered as in bit_ops.h.
namespace tarn {

// What becomes of a value that its field cannot hold.
enum class BitOverflow : std::uint8_t {
  kWrap,      // only its low bits stay
  kSaturate,  // the nearest value that fits
  kFail,      // the field stays as it is
};

// The type of a field: i1 to i64, u1 to u63, so that an int64 can hold every value.
struct BitFieldType {
  bool is_signed;
  unsigned bits;

  std::int64_t min() const;
  std::int64_t max() const;

  // What to store for `value`, or for `value` + `increment`; nothing where that overflows and the
  // answer to it is kFail. As in Redis, negative values overflow an unsigned field at the top.
  // REQUIRES: add()'s value is within min() and max().
  std::optional<std::int64_t> fit(std::int64_t value, BitOverflow overflow) const;
  std::optional<std::int64_t> add(std::int64_t value, std::int64_t increment,
                                  BitOverflow overflow) const;

 private:
  enum class Beyond : std::uint8_t { kTop, kBottom };
  std::optional<std::int64_t> settle(std::uint64_t low_bits, Beyond beyond,
                                     BitOverflow overflow) const;
  std::int64_t wrap(std::uint64_t low_bits) const;
  friend std::int64_t read_field(std::string_view, std::uint64_t, BitFieldType);
};

// Bits beyond the end of the string are 0.
std::int64_t read_field(std::string_view bytes, std::uint64_t offset, BitFieldType type);

// REQUIRES: all bits of the field are within the bytes at `bytes`.
void write_field(char* bytes, std::uint64_t offset, BitFieldType type, std::int64_t value);

}  // namespace tarn
