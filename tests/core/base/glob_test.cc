#include "core/base/glob.h"

#include <doctest/doctest.h>

#include <string>

namespace tarn {
namespace {

bool folded(std::string_view pattern, std::string_view text) {
  return glob_match(pattern, text, true);
}

}  // namespace

TEST_CASE("glob: literals and ?") {
  CHECK(glob_match("", ""));
  CHECK(glob_match("abc", "abc"));
  CHECK_FALSE(glob_match("abc", "abcd"));
  CHECK_FALSE(glob_match("abcd", "abc"));
  CHECK_FALSE(glob_match("abc", "ABC"));
  CHECK(glob_match("h?llo", "hallo"));
  CHECK_FALSE(glob_match("h?llo", "hllo"));
  CHECK_FALSE(glob_match("?", ""));
  CHECK_FALSE(glob_match("", "a"));
  CHECK(glob_match(std::string_view("a\0?", 3), std::string_view("a\0b", 3)));
}

TEST_CASE("glob: stars") {
  CHECK(glob_match("*", "anything"));
  CHECK(glob_match("a*", "a"));
  CHECK(glob_match("a***", "a"));
  CHECK(glob_match("*c", "abc"));
  CHECK(glob_match("a*c*", "abcd"));
  CHECK(glob_match("*ab*ab*", "ababab"));
  CHECK_FALSE(glob_match("a*?", "a"));
  CHECK_FALSE(glob_match("a*b", "abc"));
  CHECK(glob_match("*aab", "aaab"));
  CHECK(glob_match("user:*:name", "user:7:8:name"));
  SUBCASE("the empty text matches the empty pattern only") { CHECK_FALSE(glob_match("*", "")); }
}

TEST_CASE("glob: classes") {
  CHECK(glob_match("h[ae]llo", "hello"));
  CHECK_FALSE(glob_match("h[ae]llo", "hillo"));
  CHECK(glob_match("h[^e]llo", "hallo"));
  CHECK_FALSE(glob_match("h[^e]llo", "hello"));
  CHECK(glob_match("[a-c]", "b"));
  CHECK(glob_match("[c-a]", "b"));
  CHECK_FALSE(glob_match("[a-c]", "-"));
  CHECK(glob_match("[-a]", "-"));
  CHECK(glob_match("[a\\-c]", "-"));
  CHECK_FALSE(glob_match("[a\\-c]", "b"));
  CHECK(glob_match("[\\]]", "]"));
  CHECK(glob_match("[*?]x", "*x"));
  SUBCASE("a ']' right behind '[' closes the empty class") {
    CHECK_FALSE(glob_match("[]", "a"));
    CHECK_FALSE(glob_match("[]]", "]"));
    CHECK(glob_match("[^]", "a"));
  }
  SUBCASE("'-]' is the end of a range, so the class stays open") {
    CHECK(glob_match("[a-]", "a"));
    CHECK(glob_match("[a-]", "_"));
  }
  SUBCASE("an open class ends with the pattern") {
    CHECK(glob_match("x[ab", "xb"));
    CHECK_FALSE(glob_match("x[ab", "xc"));
    CHECK_FALSE(glob_match("[", "["));
    CHECK(glob_match("[^", "a"));
    CHECK(glob_match("[\\", "\\"));
  }
  SUBCASE("ranges compare signed bytes") {
    CHECK(glob_match("[\x80-\x7f]", "a"));
    CHECK(glob_match("[\x80-\xff]", "\x90"));
    CHECK_FALSE(glob_match("[a-\xff]", "b"));
    CHECK(glob_match("[a-\xff]", "A"));
  }
}

TEST_CASE("glob: escapes") {
  CHECK(glob_match("\\*", "*"));
  CHECK_FALSE(glob_match("\\*", "a"));
  CHECK(glob_match("a\\bc", "abc"));
  CHECK(glob_match("\\\\", "\\"));
  CHECK(glob_match("\\[a]", "[a]"));
  CHECK(glob_match("ab\\", "ab\\"));
}

TEST_CASE("glob: folding case") {
  CHECK(folded("MAX*", "maxmemory"));
  CHECK(folded("[A-C]x", "bX"));
  CHECK(folded("\\A", "a"));
  SUBCASE("escaped bytes of a class are not folded") {
    CHECK_FALSE(folded("[\\A]", "a"));
    CHECK(folded("[\\A]", "A"));
  }
  SUBCASE("ranges are ordered before they are folded") {
    CHECK(folded("[A-z]", "q"));
    CHECK_FALSE(folded("[Z-a]", "q"));
  }
}

TEST_CASE("glob: patterns that blow up a backtracking matcher") {
  const std::string text(5'000, 'a');
  std::string stars;
  for (int i = 0; i < 500; ++i) stars += "a*";
  CHECK(glob_match(stars, text));
  CHECK_FALSE(glob_match(stars + "b", text));
  CHECK_FALSE(glob_match(std::string(100'000, '*') + "b", text));
}

TEST_CASE("glob: literal patterns") {
  CHECK(is_literal_pattern(""));
  CHECK(is_literal_pattern("key:1]^-"));
  for (const std::string_view special : {"a*", "?", "[a]", "\\a"}) {
    CHECK_FALSE(is_literal_pattern(special));
  }
}

}  // namespace tarn
