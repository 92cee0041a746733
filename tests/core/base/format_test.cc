#include "core/base/format.h"

#include <doctest/doctest.h>

#include <array>
#include <span>
#include <string>

namespace tarn {

TEST_CASE("append_format: goes on where the string ends") {
  std::string text = "key";
  append_format(text, " {} of {:.1f} MB", 7, 0.25);
  CHECK(text == "key 7 of 0.2 MB");
  append_format(text, "!");
  CHECK(text == "key 7 of 0.2 MB!");
}

TEST_CASE("format_within: never writes beyond its room") {
  std::array<char, 8> line;
  line.fill('#');
  SUBCASE("shorter") {
    CHECK(format_within(line, "{}-{}", "ab", 12) == "ab-12");
    CHECK(line[5] == '#');
  }
  SUBCASE("just as long") { CHECK(format_within(line, "{:08}", 12) == "00000012"); }
  SUBCASE("longer") {
    CHECK(format_within(std::span(line).first(3), "{}", 12345) == "123");
    CHECK(line[3] == '#');
  }
  SUBCASE("no room at all") { CHECK(format_within({}, "{}", 1).empty()); }
}

}  // namespace tarn
