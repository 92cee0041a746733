#include "core/containers/packed_element.h"

#include <doctest/doctest.h>

#include <cmath>
#include <compare>
#include <cstdint>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tarn {
namespace {

using Rng = std::mt19937_64;

constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::string encoded(const PackedProbe& probe) {
  std::string bytes(probe.encoded_bytes(), '\0');
  CHECK(probe.write(bytes.data()) == bytes.data() + bytes.size());
  return bytes;
}
std::string encoded(std::string_view text) { return encoded(PackedProbe(text)); }

// A checked read from a copy of its own, so that a read beyond the bytes is a read beyond an
// allocation. Returns how many bytes the element took, 0 if it was refused.
std::size_t checked_bytes(std::string_view bytes) {
  const std::unique_ptr<char[]> copy(new char[bytes.size()]);
  bytes.copy(copy.get(), bytes.size());
  PackedElement element;
  const char* next = packed::read_checked(copy.get(), copy.get() + bytes.size(), element);
  return next == nullptr ? 0 : static_cast<std::size_t>(next - copy.get());
}

// The element that the bytes hold, after all ways to read them agreed on its size.
PackedElement decoded(const std::string& bytes) {
  PackedElement element;
  CHECK(packed::read(bytes.data(), element) == bytes.data() + bytes.size());
  CHECK(packed::encoded_bytes(bytes.data()) == bytes.size());
  CHECK(packed::skip(bytes.data()) == bytes.data() + bytes.size());
  CHECK(checked_bytes(bytes) == bytes.size());
  return element;
}

std::string text_of(const PackedElement& element) {
  PackedElement::Scratch scratch;
  const std::string text(element.text(scratch));
  CHECK(element.text_bytes() == text.size());
  return text;
}

// Integers on both sides of every boundary between encodings.
std::vector<std::int64_t> edge_integers() {
  std::vector<std::int64_t> integers = {0, 1, -1, 127, 128, -128, -129, kMin, kMin + 1, kMax};
  for (int bit = 7; bit < 63; ++bit) {
    const std::int64_t power = std::int64_t{1} << bit;
    for (const std::int64_t delta : {-1, 0, 1}) {
      integers.push_back(power + delta);
      integers.push_back(-power + delta);
    }
  }
  return integers;
}

// Texts of every encoding, among them what is almost an integer.
std::vector<std::string> edge_texts() {
  std::vector<std::string> texts = {"",
                                    "-",
                                    "-0",
                                    "007",
                                    "+1",
                                    " 1",
                                    "1 ",
                                    "1.0",
                                    "1e3",
                                    "0x10",
                                    "12a4",
                                    "9223372036854775808",
                                    "-9223372036854775809",
                                    "18446744073709551616",
                                    "99999999999999999999",
                                    "member:00001",
                                    "member:00002",
                                    "nember:00001",
                                    std::string("1\0", 2),
                                    std::string("\0", 1),
                                    "\xff",
                                    "\x7f"};
  for (const std::size_t size : {1U, 3U, 4U, 7U, 8U, 16U, 17U, 63U, 64U, 8191U, 8192U}) {
    texts.emplace_back(size, 'x');
    texts.push_back(std::string(size - 1, 'x') + 'y');
    texts.push_back('w' + std::string(size - 1, 'x'));
  }
  for (const std::int64_t integer : edge_integers()) texts.push_back(std::to_string(integer));
  return texts;
}

// ---- One encoding for each value ----------------------------------------------------------------

TEST_CASE("every text reads back as itself") {
  for (const std::string& text : edge_texts()) {
    CAPTURE(text.substr(0, 40));
    const std::string bytes = encoded(text);
    REQUIRE(text_of(decoded(bytes)) == text);
  }
}

TEST_CASE("text that spells an int64 is that integer, in the fewest bytes") {
  for (const std::int64_t integer : edge_integers()) {
    CAPTURE(integer);
    const std::string bytes = encoded(std::to_string(integer));
    const PackedElement element = decoded(bytes);
    REQUIRE(element.is_integer());
    CHECK(element.integer() == integer);
    CHECK(bytes == encoded(PackedProbe(integer)));

    std::size_t fewest = 1;
    for (__int128_t range = 128; integer < -range || integer >= range; range <<= 8) ++fewest;
    const bool tiny = integer >= 0 && integer < 128;
    CHECK(bytes.size() == (tiny ? 1 : 1 + fewest));
  }
}

TEST_CASE("what is only almost an integer is a string") {
  for (const char* text : {"", "-", "-0", "007", "+1", " 1", "1 ", "1.0", "1e3", "0x10",
                           "9223372036854775808", "-9223372036854775809"}) {
    CAPTURE(text);
    CHECK(decoded(encoded(text)).is_string());
    CHECK_FALSE(PackedProbe(text).is_integer());
  }
}

TEST_CASE("a string's length decides its tag") {
  struct Example {
    std::size_t length;
    unsigned tag;
    std::size_t head_bytes;
  };
  for (const Example& example : {Example{0, 0x80, 1},
                                 {12, 0x8c, 1},
                                 {63, 0xbf, 1},
                                 {64, 0xc0, 2},
                                 {255, 0xc0, 2},
                                 {256, 0xc1, 2},
                                 {8191, 0xdf, 2},
                                 {8192, 0xe0, 5},
                                 {512 * 1024, 0xe0, 5}}) {
    CAPTURE(example.length);
    const std::string text(example.length, 'a');
    const std::string bytes = encoded(text);
    CHECK(packed::tag_at(bytes.data()) == example.tag);
    CHECK(bytes.size() == example.head_bytes + example.length);
    const PackedElement element = decoded(bytes);
    CHECK(element.string() == text);
    CHECK(element.string().data() == bytes.data() + example.head_bytes);
  }
}

TEST_CASE("the documented bytes") {
  using namespace std::string_literals;
  CHECK(encoded("0") == "\x00"s);
  CHECK(encoded("127") == "\x7f"s);
  CHECK(encoded("128") == "\xe2\x80\x00"s);
  CHECK(encoded("-1") == "\xe1\xff"s);
  CHECK(encoded("65536") == "\xe3\x00\x00\x01"s);
  CHECK(encoded("abc") ==
        "\x83"
        "abc"s);
  CHECK(encoded(std::string(300, 'z')).starts_with("\xc1\x2czz"s));
  CHECK(encoded(std::string(9000, 'z')).starts_with("\xe0\x28\x23\x00\x00zz"s));
  CHECK(encoded(PackedProbe::score(0.5)) == "\xf0\x00\x00\x00\x00\x00\x00\xe0\x3f"s);
}

TEST_CASE("a score is an integer where one says it exactly") {
  const double tiny = std::numeric_limits<double>::denorm_min();
  for (const double score : {0.0, 1.0, -1.0, 127.0, 128.0, 3e9, -0x1p63, 0x1p62, 0x1p53 + 2}) {
    CAPTURE(score);
    const std::string bytes = encoded(PackedProbe::score(score));
    const PackedElement element = decoded(bytes);
    CHECK(element.is_integer());
    CHECK(element.score() == score);
    CHECK(bytes == encoded(PackedProbe(static_cast<std::int64_t>(score))));
  }
  for (const double score :
       {-0.0, 0.1, -2.5, tiny, 0x1p63, -0x1.0000000000001p63, 1e300, kInfinity, -kInfinity}) {
    CAPTURE(score);
    const std::string bytes = encoded(PackedProbe::score(score));
    const PackedElement element = decoded(bytes);
    CHECK(bytes.size() == 9);
    CHECK(element.is_double());
    CHECK(element.score() == score);
    CHECK(std::signbit(element.score()) == std::signbit(score));
    CHECK(PackedProbe::score(score).matches(element));
  }
  CHECK(text_of(decoded(encoded(PackedProbe::score(0.1)))) == "0.10000000000000001");
  CHECK(text_of(decoded(encoded(PackedProbe::score(-kInfinity)))) == "-inf");
}

TEST_CASE("a probe made from an element is the probe of its value") {
  std::vector<std::string> all;
  for (const std::string& text : edge_texts()) all.push_back(encoded(text));
  for (const double score : {1.0, -0.0, 0.1, 1e300}) {
    all.push_back(encoded(PackedProbe::score(score)));
  }
  for (const std::string& bytes : all) {
    const PackedElement element = decoded(bytes);
    const PackedProbe probe(element);
    CHECK(encoded(probe) == bytes);
    CHECK(probe.matches(element));
    CHECK(probe.is_integer() == element.is_integer());
    if (probe.is_integer()) CHECK(probe.integer() == element.integer());
  }
}

// ---- Equality and order -------------------------------------------------------------------------

TEST_CASE("equal and in order as their texts are") {
  const std::vector<std::string> texts = edge_texts();
  std::vector<std::string> all;
  all.reserve(texts.size());
  for (const std::string& text : texts) all.push_back(encoded(text));
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const PackedElement left = decoded(all[i]);
    const PackedProbe probe(texts[i]);
    for (std::size_t j = 0; j < texts.size(); ++j) {
      PackedElement right;
      packed::read(all[j].data(), right);
      const auto order = std::string_view(texts[i]) <=> std::string_view(texts[j]);
      const bool equal = std::is_eq(order);
      const bool agrees =
          packed::compare(left, right) == order && packed::compare(left, texts[j]) == order &&
          probe.matches(right) == equal && probe.matches_at(all[j].data()) == equal &&
          probe.skip(all[j].data()) == packed::skip(all[j].data());
      if (!agrees) FAIL(texts[i].substr(0, 40), " and ", texts[j].substr(0, 40));
    }
  }
}

TEST_CASE("a double is equal to nothing but the same double") {
  const std::string half = encoded(PackedProbe::score(0.5));
  const PackedElement element = decoded(half);
  for (const PackedProbe& other :
       {PackedProbe("0.5"), PackedProbe(0), PackedProbe::score(0.25), PackedProbe::score(-0.0)}) {
    CHECK_FALSE(other.matches(element));
    CHECK_FALSE(other.matches_at(half.data()));
  }
  CHECK(PackedProbe::score(0.5).matches(element));
  CHECK(PackedProbe::score(0.5).matches_at(half.data()));
  CHECK(std::is_eq(packed::compare(element, "0.5")));
}

// ---- Untrusted bytes ----------------------------------------------------------------------------

TEST_CASE("an element that is cut off is refused") {
  for (const std::string& text : edge_texts()) {
    const std::string bytes = encoded(text);
    const std::size_t step = bytes.size() > 100 ? 61 : 1;
    for (std::size_t size = 0; size < bytes.size(); size += step) {
      if (checked_bytes(std::string_view(bytes).substr(0, size)) != 0) FAIL(text.substr(0, 40));
    }
  }
  const std::string score = encoded(PackedProbe::score(0.1));
  for (std::size_t size = 0; size < score.size(); ++size) {
    CHECK(checked_bytes(score.substr(0, size)) == 0);
  }
}

TEST_CASE("any encoding but the one is refused") {
  using namespace std::string_literals;
  for (const std::string& bytes : {
           "\x81"
           "7"s,                                            // the string "7"
           "\x83-12"s,                                      // the string "-12"
           "\xc0\x02xy"s,                                   // a short string with a medium head
           "\xc0\x3f"s + std::string(63, 'x'),              //
           "\xe0\x40\x00\x00\x00"s + std::string(64, 'x'),  // a medium string with a long head
           "\xe1\x05"s,                                     // tiny integers with a payload
           "\xe1\x7f"s,                                     //
           "\xe2\xff\xff"s,                                 // -1 in two bytes
           "\xe2\x00\x00"s,                                 //
           "\xe8\x00\x00\x00\x80\x00\x00\x00\x00"s,         // 2^31 in eight
           "\xf0\x00\x00\x00\x00\x00\x00\xf0\x3f"s,         // the double 1.0
           "\xf0\x00\x00\x00\x00\x00\x00\x00\x00"s,         // 0.0
           "\xf0\x00\x00\x00\x00\x00\x00\xf8\x7f"s,         // NaN
       }) {
    CAPTURE(packed::tag_at(bytes.data()));
    CHECK(checked_bytes(bytes) == 0);
  }
  for (unsigned tag = 0xe9; tag <= 0xff; ++tag) {
    if (tag == packed::kDouble) continue;
    CAPTURE(tag);
    CHECK(checked_bytes(std::string(1, static_cast<char>(tag)) + std::string(40, '\1')) == 0);
  }
  CHECK(checked_bytes("\xe0\xff\xff\xff\xff") == 0);
}

TEST_CASE("random bytes are refused, or are what they would be written as") {
  const std::uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  Rng rng(seed);
  for (int round = 0; round < 50'000; ++round) {
    std::string bytes(1 + rng() % 20, '\0');
    for (char& c : bytes) c = static_cast<char>(rng() >> 32);
    if (rng() % 2 == 0) bytes[0] = static_cast<char>(0xe0 + rng() % 17);
    if (rng() % 4 == 0) bytes.back() = static_cast<char>(rng() % 2 == 0 ? 0 : 0xff);
    const std::size_t size = checked_bytes(bytes);
    REQUIRE(size <= bytes.size());
    if (size == 0) continue;
    bytes.resize(size);
    REQUIRE(encoded(PackedProbe(decoded(bytes))) == bytes);
  }
}

}  // namespace
}  // namespace tarn
