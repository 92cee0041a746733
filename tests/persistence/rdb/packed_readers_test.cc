#include "persistence/rdb/packed_readers.h"
#include "tests/persistence/rdb/rdb_bytes.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tarn {
namespace {

using Texts = std::vector<std::string>;

// The texts, or nothing where the bytes are refused.
std::optional<Texts> read(bool (*reader)(std::string_view, const VisitPacked&),
                          const std::string& packed) {
  Texts texts;
  const bool whole = reader(packed, [&](std::string_view text) {
    texts.emplace_back(text);
    return true;
  });
  return whole ? std::optional(texts) : std::nullopt;
}

// ---- Ziplists -----------------------------------------------------------------------------------

// Of one entry, which has nothing before it.
std::optional<Texts> ziplist_of(const std::string& entry) {
  return read(read_ziplist, ziplist_bytes(bytes({0}) + entry, 1, 0));
}

TEST_CASE("ziplist: integers of all widths") {
  CHECK(ziplist_of(bytes({0xfe, 0x7f})) == Texts{"127"});
  CHECK(ziplist_of(bytes({0xfe, 0x0d})) == Texts{"13"});
  CHECK(ziplist_of(bytes({0xfe, 0xff})) == Texts{"-1"});
  CHECK(ziplist_of(bytes({0xfe, 0x80})) == Texts{"-128"});
  CHECK(ziplist_of(bytes({0xc0, 0x80, 0x00})) == Texts{"128"});
  CHECK(ziplist_of(bytes({0xc0, 0xff, 0x7f})) == Texts{"32767"});
  CHECK(ziplist_of(bytes({0xc0, 0x00, 0x80})) == Texts{"-32768"});
  CHECK(ziplist_of(bytes({0xf0, 0x00, 0x80, 0x00})) == Texts{"32768"});
  CHECK(ziplist_of(bytes({0xf0, 0xff, 0xff, 0x7f})) == Texts{"8388607"});
  CHECK(ziplist_of(bytes({0xf0, 0x00, 0x00, 0x80})) == Texts{"-8388608"});
  CHECK(ziplist_of(bytes({0xf0, 0xfe, 0xff, 0xff})) == Texts{"-2"});
  CHECK(ziplist_of(bytes({0xd0, 0x00, 0x00, 0x80, 0x00})) == Texts{"8388608"});
  CHECK(ziplist_of(bytes({0xd0, 0xff, 0xff, 0xff, 0x7f})) == Texts{"2147483647"});
  CHECK(ziplist_of(bytes({0xd0, 0x00, 0x00, 0x00, 0x80})) == Texts{"-2147483648"});
  CHECK(ziplist_of(bytes({0xe0, 0x00, 0x00, 0x00, 0x80, 0, 0, 0, 0})) == Texts{"2147483648"});
  CHECK(ziplist_of(bytes({0xe0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f})) ==
        Texts{"9223372036854775807"});
  CHECK(ziplist_of(bytes({0xe0, 0, 0, 0, 0, 0, 0, 0, 0x80})) == Texts{"-9223372036854775808"});
}

TEST_CASE("ziplist: 0 to 12 are in the head itself") {
  for (int value = 0; value <= 12; ++value) {
    CAPTURE(value);
    CHECK(ziplist_of(bytes({0xf1 + value})) == Texts{std::to_string(value)});
  }
  for (const int unused : {0xc1, 0xcf, 0xd1, 0xdf, 0xe1, 0xef}) {
    CAPTURE(unused);
    CHECK_FALSE(ziplist_of(bytes({unused, 0, 0, 0, 0, 0, 0, 0, 0})));
  }
}

TEST_CASE("ziplist: strings with lengths of 6, 14 and 32 bits, the longer ones big-endian") {
  CHECK(ziplist_of(bytes({0x00})) == Texts{""});
  const std::string short_one(63, 's');
  CHECK(ziplist_of(bytes({0x3f}) + short_one) == Texts{short_one});
  const std::string middle(300, 'm');
  CHECK(ziplist_of(bytes({0x41, 0x2c}) + middle) == Texts{middle});
  const std::string longest_14(16'383, 'n');
  CHECK(ziplist_of(bytes({0x7f, 0xff}) + longest_14) == Texts{longest_14});
  const std::string long_one(70'000, 'l');
  CHECK(ziplist_of(bytes({0x80, 0x00, 0x01, 0x11, 0x70}) + long_one) == Texts{long_one});
  const std::string digits = "0123";
  CHECK(ziplist_of(bytes({0x04}) + digits) == Texts{digits});
}

TEST_CASE("ziplist: from 254 on, the length of the entry before takes five bytes") {
  // One byte for the length before, two for its own.
  const std::string at_253 = bytes({0, 0x40, 250}) + std::string(250, 'a');
  CHECK(read(read_ziplist, ziplist_bytes(at_253 + bytes({253, 0xf2}), 2, 253)) ==
        Texts{std::string(250, 'a'), "1"});
  const std::string at_254 = bytes({0, 0x40, 251}) + std::string(251, 'a');
  CHECK(read(read_ziplist, ziplist_bytes(at_254 + bytes({254, 254, 0, 0, 0, 0xf2}), 2, 254)) ==
        Texts{std::string(251, 'a'), "1"});
  const std::string at_70006 = bytes({0, 0x80, 0, 1, 0x11, 0x70}) + std::string(70'000, 'a');
  CHECK(read(read_ziplist, ziplist_bytes(at_70006 + bytes({254, 0x76, 0x11, 1, 0, 0xf2}), 2,
                                         70'006)) == Texts{std::string(70'000, 'a'), "1"});
}

TEST_CASE("ziplist: the length before may take five bytes though one would do") {
  // An entry that became shorter leaves those behind it as they were.
  const std::string entries = bytes({0, 0x01, 'a', 254, 3, 0, 0, 0, 0x01, 'b', 7, 0xf3});
  CHECK(read(read_ziplist, ziplist_bytes(entries, 3, 10)) == Texts{"a", "b", "2"});
}

TEST_CASE("ziplist: a count of 65,535 says nothing") {
  const std::string entries = bytes({0, 0xf2, 2, 0xf3});
  CHECK(read(read_ziplist, ziplist_bytes(entries, 65'535, 2)) == Texts{"1", "2"});
  std::string many = bytes({0, 0xf2});
  for (int i = 1; i < 70'000; ++i) many += bytes({2, 0xf2});
  const auto texts = read(read_ziplist, ziplist_bytes(many, 65'535, many.size() - 2));
  REQUIRE(texts);
  CHECK(texts->size() == 70'000);
}

TEST_CASE("ziplist: what does not fit is refused") {
  const std::string entries = bytes({0, 0x01, 'a', 3, 0xf2});
  REQUIRE(read(read_ziplist, ziplist_bytes(entries, 2, 3)) == Texts{"a", "1"});
  CHECK_FALSE(read(read_ziplist, ziplist_bytes(entries, 1, 3)));
  CHECK_FALSE(read(read_ziplist, ziplist_bytes(entries, 3, 3)));
  CHECK_FALSE(read(read_ziplist, ziplist_bytes(entries, 2, 0)));
  CHECK_FALSE(read(read_ziplist, ziplist_bytes(bytes({0, 0x01, 'a', 2, 0xf2}), 2, 3)));
  CHECK_FALSE(read(read_ziplist, ziplist_bytes(bytes({0, 0x02, 'a'}), 1, 0)));
  CHECK_FALSE(read(read_ziplist, ziplist_bytes(bytes({0, 0x80, 0xff, 0xff, 0xff, 0xff}), 1, 0)));
  CHECK_FALSE(read(read_ziplist, ziplist_bytes(bytes({0, 0xe0, 1, 2}), 1, 0)));
  CHECK_FALSE(read(read_ziplist, ziplist_bytes(entries, 2, 3) + "x"));
  const std::string whole = ziplist_bytes(entries, 2, 3);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(read(read_ziplist, whole.substr(0, size)));
  }
}

// ---- Listpacks: total 4, count 2, elements with their lengths behind them, 0xff
// ------------------

std::string listpack(const std::string& elements, unsigned count) {
  return little_endian(elements.size() + 7, 4) + little_endian(count, 2) + elements + "\xff";
}

std::optional<Texts> listpack_of(const std::string& element) {
  return read(read_listpack, listpack(element, 1));
}

TEST_CASE("listpack: integers of all widths") {
  CHECK(listpack_of(bytes({0x00, 1})) == Texts{"0"});
  CHECK(listpack_of(bytes({0x7f, 1})) == Texts{"127"});
  CHECK(listpack_of(bytes({0xc0, 0x80, 2})) == Texts{"128"});
  CHECK(listpack_of(bytes({0xcf, 0xff, 2})) == Texts{"4095"});
  CHECK(listpack_of(bytes({0xd0, 0x00, 2})) == Texts{"-4096"});
  CHECK(listpack_of(bytes({0xdf, 0xff, 2})) == Texts{"-1"});
  CHECK(listpack_of(bytes({0xf1, 0x00, 0x80, 3})) == Texts{"-32768"});
  CHECK(listpack_of(bytes({0xf2, 0xff, 0xff, 0x7f, 4})) == Texts{"8388607"});
  CHECK(listpack_of(bytes({0xf3, 0x00, 0x00, 0x00, 0x80, 5})) == Texts{"-2147483648"});
  CHECK(listpack_of(bytes({0xf4, 0, 0, 0, 0, 0, 0, 0, 0x80, 9})) == Texts{"-9223372036854775808"});
  for (int unused = 0xf5; unused <= 0xfe; ++unused) {
    CAPTURE(unused);
    CHECK_FALSE(listpack_of(bytes({unused, 1})));
  }
}

TEST_CASE("listpack: strings with lengths of 6, 12 and 32 bits") {
  CHECK(listpack_of(bytes({0x80, 1})) == Texts{""});
  const std::string short_one(63, 's');
  CHECK(listpack_of(bytes({0xbf}) + short_one + bytes({64})) == Texts{short_one});
  const std::string middle(300, 'm');
  // 302 = 2 * 128 + 46
  CHECK(listpack_of(bytes({0xe1, 0x2c}) + middle + bytes({2, 0x80 | 46})) == Texts{middle});
  const std::string long_one(70'000, 'l');
  // 70,005 = (4 * 128 + 34) * 128 + 117; the longest length before the next takes three bytes.
  CHECK(listpack_of(bytes({0xf0, 0x70, 0x11, 0x01, 0x00}) + long_one +
                    bytes({4, 0x80 | 34, 0x80 | 117})) == Texts{long_one});
}

TEST_CASE("listpack: a count of 65,535 says nothing") {
  CHECK(read(read_listpack, listpack(bytes({1, 1, 2, 1}), 65'535)) == Texts{"1", "2"});
}

TEST_CASE("listpack: what does not fit is refused") {
  const std::string elements = bytes({0x81, 'a', 2, 1, 1});
  const std::string whole = listpack(elements, 2);
  REQUIRE(read(read_listpack, whole) == Texts{"a", "1"});
  CHECK_FALSE(read(read_listpack, listpack(elements, 1)));
  CHECK_FALSE(read(read_listpack, listpack(elements, 3)));
  CHECK_FALSE(read(read_listpack, listpack(bytes({0x81, 'a', 3, 1, 1}), 2)));
  CHECK_FALSE(read(read_listpack, listpack(bytes({0xf0, 0xff, 0xff, 0xff, 0xff, 1}), 1)));
  CHECK_FALSE(read(read_listpack, whole + "x"));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(read(read_listpack, whole.substr(0, size)));
  }
}

// ---- Zipmaps: count 1, (length, field, length, free 1, value, free bytes), 0xff
// ------------------

TEST_CASE("zipmap: fields and values in turn; free bytes behind a value are left out") {
  CHECK(read(read_zipmap, bytes({0, 0xff})) == Texts{});
  CHECK(read(read_zipmap, bytes({1, 1, 'f', 0, 0, 0xff})) == Texts{"f", ""});
  CHECK(read(read_zipmap, bytes({2, 1, 'f', 2, 3, 'v', 'w', '.', '.', '.', 0, 1, 0, 'x', 0xff})) ==
        Texts{"f", "vw", "", "x"});
}

TEST_CASE("zipmap: up to 253 a length takes one byte, then 254 and four") {
  const std::string at_253(253, 'a');
  const std::string at_254(254, 'b');
  const std::string at_1000(1000, 'c');
  CHECK(read(read_zipmap, bytes({1, 253}) + at_253 + bytes({253, 0}) + at_253 + "\xff") ==
        Texts{at_253, at_253});
  CHECK(read(read_zipmap, bytes({1, 254, 254, 0, 0, 0}) + at_254 + bytes({254, 0xe8, 3, 0, 0, 2}) +
                              at_1000 + "..\xff") == Texts{at_254, at_1000});
}

TEST_CASE("zipmap: a count of 254 says nothing") {
  CHECK(read(read_zipmap, bytes({254, 1, 'f', 1, 0, 'v', 0xff})) == Texts{"f", "v"});
  std::string many = bytes({254});
  for (int i = 0; i < 300; ++i) many += bytes({2, i / 256, i % 256, 1, 0, 'v'});
  const auto texts = read(read_zipmap, many + "\xff");
  REQUIRE(texts);
  CHECK(texts->size() == 600);
}

TEST_CASE("zipmap: what does not fit is refused") {
  const std::string whole = bytes({1, 1, 'f', 1, 1, 'v', '.', 0xff});
  REQUIRE(read(read_zipmap, whole) == Texts{"f", "v"});
  CHECK_FALSE(read(read_zipmap, bytes({0}) + whole.substr(1)));
  CHECK_FALSE(read(read_zipmap, bytes({2}) + whole.substr(1)));
  CHECK_FALSE(read(read_zipmap, bytes({1, 1, 'f', 0xff})));
  CHECK_FALSE(read(read_zipmap, bytes({1, 9, 'f', 1, 0, 'v', 0xff})));
  CHECK_FALSE(read(read_zipmap, bytes({1, 1, 'f', 1, 9, 'v', 0xff})));
  CHECK_FALSE(read(read_zipmap, bytes({1, 254, 0xff, 0xff, 0xff, 0xff, 'f', 1, 0, 'v', 0xff})));
  CHECK_FALSE(read(read_zipmap, whole + "x"));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(read(read_zipmap, whole.substr(0, size)));
  }
}

// ---- Intsets: width 4, count 4, values
// -----------------------------------------------------------

TEST_CASE("intset: three widths") {
  CHECK(read(read_intset, bytes({2, 0, 0, 0, 3, 0, 0, 0, 0x00, 0x80, 0xff, 0xff, 0xff, 0x7f})) ==
        Texts{"-32768", "-1", "32767"});
  CHECK(read(read_intset, bytes({4, 0, 0, 0, 3, 0, 0, 0}) + bytes({0, 0, 0, 0x80, 0, 0x80, 0, 0}) +
                              bytes({0xff, 0xff, 0xff, 0x7f})) ==
        Texts{"-2147483648", "32768", "2147483647"});
  CHECK(read(read_intset, bytes({8, 0, 0, 0, 3, 0, 0, 0}) + bytes({0, 0, 0, 0, 0, 0, 0, 0x80}) +
                              bytes({0, 0, 0, 0x80, 0, 0, 0, 0}) +
                              bytes({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f})) ==
        Texts{"-9223372036854775808", "2147483648", "9223372036854775807"});
}

TEST_CASE("intset: what is not ascending, or does not fit, is refused") {
  const auto twos = [](int count, std::initializer_list<int> values) {
    return bytes({2, 0, 0, 0, count, 0, 0, 0}) + bytes(values);
  };
  REQUIRE(read(read_intset, twos(2, {1, 0, 2, 0})) == Texts{"1", "2"});
  CHECK_FALSE(read(read_intset, twos(2, {2, 0, 1, 0})));
  CHECK_FALSE(read(read_intset, twos(2, {1, 0, 1, 0})));
  CHECK_FALSE(read(read_intset, twos(2, {1, 0, 2})));
  CHECK_FALSE(read(read_intset, twos(1, {1, 0, 2, 0})));
  CHECK_FALSE(read(read_intset, twos(3, {1, 0, 2, 0})));
  for (const int width : {0, 1, 3, 16}) {
    CAPTURE(width);
    CHECK_FALSE(read(read_intset, bytes({width, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0})));
  }
  CHECK_FALSE(read(read_intset, bytes({8, 0, 0, 0, 0, 0, 0, 0x20})));
}

}  // namespace
}  // namespace tarn
