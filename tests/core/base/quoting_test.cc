#include "core/base/quoting.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "core/base/random.h"

namespace tarn {
namespace {

using Words = std::vector<std::string>;
using namespace std::string_literals;

}  // namespace

TEST_CASE("quoting: plain words") {
  CHECK(split_quoted("") == Words{});
  CHECK(split_quoted(" \t\r\n\v\f ") == Words{});
  CHECK(split_quoted("SET key  value ") == Words{"SET", "key", "value"});
  CHECK(split_quoted("a\\nb") == Words{"a\\nb"});
  CHECK(split_quoted("a\0b c"s) == Words{"a\0b"s, "c"});
  SUBCASE("a vertical tab or form feed separates, but does not end a word") {
    CHECK(split_quoted("a \v\fb") == Words{"a", "b"});
    CHECK(split_quoted("a\vb") == Words{"a\vb"});
  }
}

TEST_CASE("quoting: double quotes") {
  CHECK(split_quoted("\"\"") == Words{""});
  CHECK(split_quoted("\"a b\" c") == Words{"a b", "c"});
  CHECK(split_quoted("a\"b c\"") == Words{"ab c"});
  CHECK(split_quoted("\"\\n\\r\\t\\b\\a\\\\\\\"\\q\"") == Words{"\n\r\t\b\a\\\"q"});
  CHECK(split_quoted("\"\\x00\\xfF\\x4g\\x\"") == Words{"\0\xffx4gx"s});
  CHECK(split_quoted("\"it's\"") == Words{"it's"});
  CHECK(split_quoted("\"a\"\v\"b\"") == Words{"a", "b"});
}

TEST_CASE("quoting: single quotes") {
  CHECK(split_quoted("''") == Words{""});
  CHECK(split_quoted("'a \"b\" \\n \\' c'") == Words{"a \"b\" \\n ' c"});
  CHECK(split_quoted("x'y z'") == Words{"xy z"});
}

TEST_CASE("quoting: unbalanced") {
  for (const std::string_view line : {"\"", "'", "\"a", "'a", "a\"", "\"a\"b", "'a'b", "'a''b'",
                                      "\"a\\\"", "'a\\'", "\"a\\", "ok \"a"}) {
    CAPTURE(line);
    CHECK(split_quoted(line) == std::nullopt);
  }
}

TEST_CASE("quoting: rendering") {
  CHECK(quote("") == "\"\"");
  CHECK(quote("plain ~!") == "\"plain ~!\"");
  CHECK(quote("\\ \" ' \n\r\t\a\b") == "\"\\\\ \\\" ' \\n\\r\\t\\a\\b\"");
  CHECK(quote("\0\x1f\x7f\x80\xff"s) == "\"\\x00\\x1f\\x7f\\x80\\xff\"");
}

TEST_CASE("quoting: what quote renders, split_quoted reads") {
  const std::uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  Rng rng(seed);
  for (int round = 0; round < 1'000; ++round) {
    Words words(rng.below(4));
    std::string line;
    for (std::string& word : words) {
      word.resize(rng.below(10));
      for (char& c : word) c = static_cast<char>(rng.below(256));
      line += quote(word) + " ";
    }
    CHECK(split_quoted(line) == words);
  }
}

}  // namespace tarn
