#include "core/types/bit_field.h"

#include <doctest/doctest.h>

#include <limits>
#include <random>
#include <string>

#include "core/base/random.h"
#include "core/types/bit_ops.h"

namespace tarn {
namespace {

constexpr std::int64_t kMin64 = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax64 = std::numeric_limits<std::int64_t>::max();

__extension__ using Wide = __int128;

struct Reference {
  Wide min;
  Wide max;
  Wide modulus;

  explicit Reference(BitFieldType type)
      : min(type.is_signed ? -(Wide{1} << (type.bits - 1)) : 0),
        max((Wide{1} << (type.is_signed ? type.bits - 1 : type.bits)) - 1),
        modulus(Wide{1} << type.bits) {}

  std::optional<std::int64_t> fit(Wide value, BitOverflow overflow) const {
    if (value >= min && value <= max) return static_cast<std::int64_t>(value);
    if (overflow == BitOverflow::kFail) return std::nullopt;
    if (overflow == BitOverflow::kSaturate) {
      return static_cast<std::int64_t>(value > max ? max : min);
    }
    Wide wrapped = value % modulus;
    if (wrapped < min) wrapped += modulus;
    if (wrapped > max) wrapped -= modulus;
    return static_cast<std::int64_t>(wrapped);
  }
};

BitFieldType random_type(Rng& rng) {
  const bool is_signed = rng.below(2) == 0;
  return {is_signed, 1 + static_cast<unsigned>(rng.below(is_signed ? 64 : 63))};
}

// Of every magnitude, and often at an edge.
std::int64_t random_value(Rng& rng) {
  constexpr std::int64_t kEdges[] = {0, 1, -1, kMin64, kMax64, kMin64 + 1, kMax64 - 1};
  if (rng.below(4) == 0) return kEdges[rng.below(std::size(kEdges))];
  return static_cast<std::int64_t>(rng()) >> rng.below(64);
}

}  // namespace

TEST_CASE("bit fields: limits") {
  CHECK(BitFieldType{true, 64}.min() == kMin64);
  CHECK(BitFieldType{true, 64}.max() == kMax64);
  CHECK(BitFieldType{false, 63}.max() == kMax64);
  CHECK(BitFieldType{true, 1}.min() == -1);
  CHECK(BitFieldType{true, 1}.max() == 0);
  CHECK(BitFieldType{false, 1}.max() == 1);
  CHECK(BitFieldType{true, 8}.min() == -128);
  CHECK(BitFieldType{false, 8}.max() == 255);
}

TEST_CASE("bit fields: sums as with wide integers") {
  const std::uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  Rng rng(seed);
  for (int round = 0; round < 20'000; ++round) {
    const BitFieldType type = random_type(rng);
    const Reference reference(type);
    const auto overflow = static_cast<BitOverflow>(rng.below(3));
    const std::int64_t value = *type.fit(random_value(rng), BitOverflow::kWrap);
    const std::int64_t increment = random_value(rng);
    CAPTURE(type.is_signed);
    CAPTURE(type.bits);
    CAPTURE(value);
    CAPTURE(increment);
    REQUIRE(type.add(value, increment, overflow) ==
            reference.fit(Wide{value} + increment, overflow));
  }
}

TEST_CASE("bit fields: assigned values as with wide integers") {
  const std::uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  Rng rng(seed);
  for (int round = 0; round < 20'000; ++round) {
    const BitFieldType type = random_type(rng);
    const Reference reference(type);
    const auto overflow = static_cast<BitOverflow>(rng.below(3));
    const std::int64_t value = random_value(rng);
    Wide meant = type.is_signed ? Wide{value} : Wide{static_cast<std::uint64_t>(value)};
    if (meant < reference.min && reference.max - value > kMax64) meant += Wide{1} << 64;
    CAPTURE(type.is_signed);
    CAPTURE(type.bits);
    CAPTURE(value);
    REQUIRE(type.fit(value, overflow) == reference.fit(meant, overflow));
  }
}

TEST_CASE("bit fields: what is written is read, and nothing else changes") {
  const std::uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  Rng rng(seed);
  for (int round = 0; round < 3000; ++round) {
    std::string bytes(24, '\0');
    for (char& byte : bytes) byte = static_cast<char>(rng());
    const std::string before = bytes;
    const BitFieldType type = random_type(rng);
    const std::uint64_t offset = rng.below(bytes.size() * 8 - type.bits + 1);
    const std::int64_t value = *type.fit(random_value(rng), BitOverflow::kWrap);
    CAPTURE(offset);
    CAPTURE(type.bits);
    write_field(bytes.data(), offset, type, value);
    REQUIRE(read_field(bytes, offset, type) == value);
    for (std::uint64_t i = 0; i < bytes.size() * 8; ++i) {
      if (i < offset || i >= offset + type.bits) REQUIRE(bit_at(bytes, i) == bit_at(before, i));
    }
  }
}

TEST_CASE("bit fields: most significant bit first; zeros beyond the end") {
  const std::string bytes = "\x12\x34\x80";
  CHECK(read_field(bytes, 4, {false, 8}) == 0x23);
  CHECK(read_field(bytes, 16, {true, 1}) == -1);
  CHECK(read_field(bytes, 16, {true, 16}) == -0x8000);
  CHECK(read_field(bytes, 8, {false, 63}) == std::int64_t{0x3480} << 47);
  CHECK(read_field(bytes, 1'000'000, {false, 63}) == 0);
  CHECK(read_field("", 0, {true, 64}) == 0);
}

}  // namespace tarn
