#include "core/containers/int_set.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <limits>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace tarn {
namespace {

using Rng = std::mt19937_64;
using Model = std::set<std::int64_t>;

constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

PackedString empty_set() { return PackedString(std::string(kEmptyIntSet)); }

std::vector<std::int64_t> values_of(std::string_view bytes) {
  std::vector<std::int64_t> values;
  for (const std::int64_t value : IntSet(bytes)) values.push_back(value);
  return values;
}

// All that can be read of a set, against what it should hold.
void verify(std::string_view bytes, const Model& model) {
  REQUIRE(int_set_valid(bytes));
  const IntSet set(bytes);
  REQUIRE(set.size() == model.size());
  REQUIRE(set.empty() == model.empty());
  REQUIRE(values_of(bytes) == std::vector(model.begin(), model.end()));
  if (model.empty()) return;
  REQUIRE(set.min() == *model.begin());
  REQUIRE(set.max() == *model.rbegin());
  REQUIRE(set.values().size() == model.size() * set.width());
}

TEST_CASE("an empty set is one byte") {
  PackedString store = empty_set();
  verify(store.bytes(), {});
  CHECK(IntSet(store.bytes()).width() == 2);
  CHECK_FALSE(IntSet(store.bytes()).contains(0));
  CHECK(IntSet(store.bytes()).lower_bound(kMin) == 0);
  CHECK_FALSE(int_set::erase(store, 0));
}

TEST_CASE("the width is what the widest value needs") {
  struct Example {
    std::int64_t value;
    unsigned width;
  };
  for (const Example& example : {Example{0, 2},
                                 {32767, 2},
                                 {-32768, 2},
                                 {32768, 4},
                                 {-32769, 4},
                                 {2147483647, 4},
                                 {-2147483648, 4},
                                 {2147483648, 8},
                                 {-2147483649, 8},
                                 {kMax, 8},
                                 {kMin, 8}}) {
    CAPTURE(example.value);
    PackedString store = empty_set();
    REQUIRE(int_set::insert(store, example.value));
    CHECK(IntSet(store.bytes()).width() == example.width);
    CHECK(store.bytes().size() == 1 + example.width);
    verify(store.bytes(), {example.value});
  }
}

TEST_CASE("a wide value widens all, on either side; an erase narrows nothing") {
  PackedString store = empty_set();
  Model model;
  for (std::int64_t value = -20; value < 20; ++value) {
    int_set::insert(store, value);
    model.insert(value);
  }
  for (const std::int64_t value : {std::int64_t{40'000}, std::int64_t{-40'000}, kMin, kMax}) {
    CAPTURE(value);
    CHECK_FALSE(IntSet(store.bytes()).contains(value));
    CHECK_FALSE(int_set::erase(store, value));
    CHECK(int_set::insert(store, value));
    CHECK_FALSE(int_set::insert(store, value));
    model.insert(value);
    verify(store.bytes(), model);
  }
  while (!model.empty()) {
    const std::int64_t value = *std::next(model.begin(), static_cast<long>(model.size() / 2));
    CHECK(int_set::erase(store, value));
    CHECK_FALSE(int_set::erase(store, value));
    model.erase(value);
    verify(store.bytes(), model);
    CHECK(IntSet(store.bytes()).width() == 8);
  }
}

TEST_CASE("the array is in ascending order, little-endian") {
  using namespace std::string_literals;
  PackedString store = empty_set();
  for (const std::int64_t value : {258, -1, 3}) int_set::insert(store, value);
  CHECK(store.bytes() == "\2\xff\xff\3\0\2\1"s);
  CHECK(IntSet(store.bytes()).values() == "\xff\xff\3\0\2\1"s);
  int_set::insert(store, 65536);
  CHECK(store.bytes() == "\4\xff\xff\xff\xff\3\0\0\0\2\1\0\0\0\0\1\0"s);
}

TEST_CASE("lower_bound is the rank, whether or not the value is there") {
  PackedString store = empty_set();
  for (const std::int64_t value : {10, 20, 30}) int_set::insert(store, value);
  const IntSet set(store.bytes());
  CHECK(set.lower_bound(kMin) == 0);
  CHECK(set.lower_bound(10) == 0);
  CHECK(set.lower_bound(11) == 1);
  CHECK(set.lower_bound(30) == 2);
  CHECK(set.lower_bound(31) == 3);
  CHECK(set.lower_bound(kMax) == 3);
}

TEST_CASE("any sequence of operations matches the model") {
  const std::uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  Rng rng(seed);
  for (int round = 0; round < 60; ++round) {
    PackedString store = empty_set();
    Model model;
    unsigned bits = 5;  // of the values; more as the round goes on, so that widths change under way
    for (int step = 0; step < 400; ++step) {
      if (rng() % 60 == 0) bits = std::min(bits + 1 + static_cast<unsigned>(rng() % 20), 64U);
      const auto value = static_cast<std::int64_t>(rng()) >> (64 - bits);
      REQUIRE(IntSet(store.bytes()).contains(value) == model.contains(value));
      if (rng() % 3 != 0) {
        REQUIRE(int_set::insert(store, value) == model.insert(value).second);
      } else {
        REQUIRE(int_set::erase(store, value) == (model.erase(value) == 1));
      }
      if (step % 50 == 0) verify(store.bytes(), model);
    }
    verify(store.bytes(), model);
  }
}

TEST_CASE("bytes that are no set are refused") {
  using namespace std::string_literals;
  CHECK(int_set_valid("\2"s));
  CHECK(int_set_valid("\4"s));
  CHECK(int_set_valid("\2\1\0\2\0"s));
  CHECK(int_set_valid("\4\1\0\0\0"s));  // wider than need be: a wider one was erased
  CHECK_FALSE(int_set_valid(""s));
  CHECK_FALSE(int_set_valid("\0"s));
  CHECK_FALSE(int_set_valid("\3\1\0\0"s));
  CHECK_FALSE(int_set_valid("\xff\1"s));
  CHECK_FALSE(int_set_valid("\2\1"s));
  CHECK_FALSE(int_set_valid("\2\1\0\2"s));
  CHECK_FALSE(int_set_valid("\2\1\0\1\0"s));          // twice
  CHECK_FALSE(int_set_valid("\2\2\0\1\0"s));          // descending
  CHECK_FALSE(int_set_valid("\2\1\0\xff\xff"s));      // 1, -1
  CHECK_FALSE(int_set_valid("\x08\1\0\0\0\0\0\0"s));  // cut off
}

}  // namespace
}  // namespace tarn
