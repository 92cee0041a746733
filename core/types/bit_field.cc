#include "core/types/bit_field.h"

#include <algorithm>
#include <limits>

namespace tarn {
namespace {

// The bits of a field that lie in the byte at `offset` / 8.
struct Portion {
  unsigned count;
  unsigned shift;  // from the byte's least significant bit
  unsigned mask() const { return (1u << count) - 1; }
};

Portion portion_at(std::uint64_t offset, unsigned bits_left) {
  const unsigned skipped = offset % 8;
  const unsigned count = std::min(8 - skipped, bits_left);
  return {count, 8 - skipped - count};
}

}  // namespace

std::int64_t BitFieldType::max() const {
  return std::numeric_limits<std::int64_t>::max() >> (is_signed ? 64 - bits : 63 - bits);
}

std::int64_t BitFieldType::min() const { return is_signed ? -max() - 1 : 0; }

std::optional<std::int64_t> BitFieldType::fit(std::int64_t value, BitOverflow overflow) const {
  if (value >= min() && value <= max()) return value;
  // Redis takes the distance to max() modulo 2^64, so signed values near INT64_MIN overflow at the
  // top as well.
  std::int64_t distance = 0;
  const bool top = value > max() || !is_signed || __builtin_sub_overflow(max(), value, &distance);
  return settle(static_cast<std::uint64_t>(value), top ? Beyond::kTop : Beyond::kBottom, overflow);
}

std::optional<std::int64_t> BitFieldType::add(std::int64_t value, std::int64_t increment,
                                              BitOverflow overflow) const {
  std::int64_t sum = 0;
  const bool beyond_int64 = __builtin_add_overflow(value, increment, &sum);
  if (!beyond_int64 && sum >= min() && sum <= max()) return sum;
  return settle(static_cast<std::uint64_t>(sum), increment > 0 ? Beyond::kTop : Beyond::kBottom,
                overflow);
}

std::optional<std::int64_t> BitFieldType::settle(std::uint64_t low_bits, Beyond beyond,
                                                 BitOverflow overflow) const {
  switch (overflow) {
    case BitOverflow::kWrap: return wrap(low_bits);
    case BitOverflow::kSaturate: return beyond == Beyond::kTop ? max() : min();
    case BitOverflow::kFail: break;
  }
  return std::nullopt;
}

std::int64_t BitFieldType::wrap(std::uint64_t low_bits) const {
  const std::uint64_t at_top = low_bits << (64 - bits);
  return is_signed ? static_cast<std::int64_t>(at_top) >> (64 - bits)
                   : static_cast<std::int64_t>(at_top >> (64 - bits));
}

std::int64_t read_field(std::string_view bytes, std::uint64_t offset, BitFieldType type) {
  std::uint64_t value = 0;
  for (unsigned left = type.bits; left > 0;) {
    const Portion portion = portion_at(offset, left);
    const std::uint64_t index = offset / 8;
    const unsigned byte = index < bytes.size() ? static_cast<unsigned char>(bytes[index]) : 0;
    value = value << portion.count | (byte >> portion.shift & portion.mask());
    offset += portion.count;
    left -= portion.count;
  }
  return type.wrap(value);
}

void write_field(char* bytes, std::uint64_t offset, BitFieldType type, std::int64_t value) {
  for (unsigned left = type.bits; left > 0;) {
    const Portion portion = portion_at(offset, left);
    left -= portion.count;
    const auto bits = static_cast<unsigned>(static_cast<std::uint64_t>(value) >> left);
    const unsigned mask = portion.mask() << portion.shift;
    const auto byte = static_cast<unsigned char>(bytes[offset / 8]);
    bytes[offset / 8] = static_cast<char>((byte & ~mask) | (bits << portion.shift & mask));
    offset += portion.count;
  }
}

}  // namespace tarn
