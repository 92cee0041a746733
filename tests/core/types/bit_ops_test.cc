#include "core/types/bit_ops.h"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

#include "core/base/random.h"

namespace tarn {
namespace {

// The same, a bit at a time.
std::uint64_t naive_count(std::string_view bytes, BitRange range) {
  std::uint64_t count = 0;
  for (std::uint64_t i = range.first; i <= range.last; ++i) count += bit_at(bytes, i) ? 1 : 0;
  return count;
}

std::optional<std::uint64_t> naive_find(std::string_view bytes, bool value, BitRange range) {
  for (std::uint64_t i = range.first; i <= range.last; ++i) {
    if (bit_at(bytes, i) == value) return i;
  }
  return std::nullopt;
}

bool naive_bit(BitOperation operation, const std::vector<bool>& bits) {
  std::size_t set = 0;
  for (const bool bit : bits) set += bit ? 1 : 0;
  const bool first = bits[0];
  const bool another = set > (first ? 1 : 0);
  switch (operation) {
    case BitOperation::kAnd: return set == bits.size();
    case BitOperation::kOr: return set > 0;
    case BitOperation::kXor: return set % 2 == 1;
    case BitOperation::kNot: return !first;
    case BitOperation::kDiff: return first && !another;
    case BitOperation::kDiff1: return !first && another;
    case BitOperation::kAndOr: return first && another;
    case BitOperation::kOne: return set == 1;
  }
  return false;
}

std::string naive_combine(BitOperation operation, const std::vector<std::string>& sources,
                          std::size_t size) {
  std::string result(size, '\0');
  for (std::size_t i = 0; i < size * 8; ++i) {
    std::vector<bool> bits;
    bits.reserve(sources.size());
    for (const std::string& source : sources) bits.push_back(bit_at(source, i));
    set_bit(result.data(), i, naive_bit(operation, bits));
  }
  return result;
}

// Bytes in which runs of equal ones are as common as noise.
std::string random_bytes(Rng& rng, std::size_t size) {
  std::string bytes;
  while (bytes.size() < size) {
    const std::size_t run = 1 + rng.below(40);
    const auto kind = rng.below(3);
    for (std::size_t i = 0; i < run && bytes.size() < size; ++i) {
      bytes += kind == 0 ? '\0' : kind == 1 ? '\xff' : static_cast<char>(rng());
    }
  }
  return bytes;
}

BitRange random_range(Rng& rng, std::size_t bytes) {
  const std::uint64_t first = rng.below(bytes * 8);
  return {first, first + rng.below(bytes * 8 - first)};
}

}  // namespace

TEST_CASE("bits: numbered from the top of the first byte") {
  std::string bytes(2, '\0');
  set_bit(bytes.data(), 0, true);
  set_bit(bytes.data(), 15, true);
  CHECK(bytes == "\x80\x01");
  CHECK(bit_at(bytes, 0));
  CHECK_FALSE(bit_at(bytes, 1));
  CHECK(bit_at(bytes, 15));
  CHECK_FALSE(bit_at(bytes, 16));
  set_bit(bytes.data(), 0, false);
  CHECK(bytes == std::string_view("\x00\x01", 2));
}

TEST_CASE("bits: nothing in nothing") {
  CHECK(count_bits("") == 0);
  CHECK(count_bits("\xff", {1, 0}) == 0);
  CHECK_FALSE(find_bit("\xff", true, {1, 0}));
}

TEST_CASE("bits: counted and found as a bit at a time") {
  const std::uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  Rng rng(seed);
  for (int round = 0; round < 600; ++round) {
    const std::string bytes = random_bytes(rng, 1 + rng.below(120));
    const BitRange range = random_range(rng, bytes.size());
    CAPTURE(round);
    CHECK(count_bits(bytes) == naive_count(bytes, {0, bytes.size() * 8 - 1}));
    CHECK(count_bits(bytes, range) == naive_count(bytes, range));
    CHECK(find_bit(bytes, true, range) == naive_find(bytes, true, range));
    CHECK(find_bit(bytes, false, range) == naive_find(bytes, false, range));
  }
}

TEST_CASE("bits: combined as a bit at a time") {
  const std::uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  Rng rng(seed);
  for (int round = 0; round < 240; ++round) {
    std::vector<std::string> sources(1 + rng.below(5));
    std::size_t size = 0;
    for (std::string& source : sources) {
      source = random_bytes(rng, rng.below(70));
      size = std::max(size, source.size());
    }
    const auto operation = static_cast<BitOperation>(round % 8);
    std::string result(size, 'x');
    combine_bits(operation, {std::vector<std::string_view>(sources.begin(), sources.end())},
                 result.data(), size);
    CAPTURE(round);
    CHECK(result == naive_combine(operation, sources, size));
  }
}

TEST_CASE("bits: sources that span blocks, one of them ending within") {
  Rng rng(1);
  const std::vector<std::string> sources = {random_bytes(rng, 9000), random_bytes(rng, 5000),
                                            random_bytes(rng, 8192)};
  const std::vector<std::string_view> views(sources.begin(), sources.end());
  for (int i = 0; i < 8; ++i) {
    const auto operation = static_cast<BitOperation>(i);
    std::string result(9000, 'x');
    combine_bits(operation, views, result.data(), result.size());
    CAPTURE(i);
    CHECK(result == naive_combine(operation, sources, result.size()));
  }
}

}  // namespace tarn
