#include "server/pubsub/prefix_map.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "core/base/random.h"

using namespace tarn;

namespace {

std::vector<std::string> prefixes_of(PrefixMap<std::string>& map, std::string_view text) {
  std::vector<std::string> found;
  map.visit_prefixes_of(text, [&](const std::string& prefix) { found.push_back(prefix); });
  return found;
}

}  // namespace

TEST_CASE("PrefixMap: the prefixes of a text, from the longest on") {
  PrefixMap<std::string> map;
  CHECK(prefixes_of(map, "anything").empty());
  for (const char* prefix : {"", "news", "news.", "news.sport", "nexus", "a", "\xff"}) {
    map[prefix] = prefix;
  }
  using Found = std::vector<std::string>;
  CHECK(prefixes_of(map, "news.sport.tennis") == Found{"news.sport", "news.", "news", ""});
  CHECK(prefixes_of(map, "news.spor") == Found{"news.", "news", ""});
  CHECK(prefixes_of(map, "new") == Found{""});
  CHECK(prefixes_of(map, "\xff\xff") == Found{"\xff", ""});
  CHECK(prefixes_of(map, "") == Found{""});
  map.erase("");
  CHECK(prefixes_of(map, "").empty());
  CHECK(prefixes_of(map, "zebra").empty());
}

TEST_CASE("PrefixMap: finds what trying all prefixes finds") {
  const std::uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  Rng rng(seed);
  const auto word = [&](std::uint64_t longest) {
    std::string text(rng.below(longest + 1), 'a');
    for (char& byte : text) byte = static_cast<char>("ab\x00\xff"[rng.below(4)]);
    return text;
  };
  for (int round = 0; round < 50; ++round) {
    PrefixMap<std::string> map;
    for (std::uint64_t i = rng.below(60); i > 0; --i) {
      const std::string prefix = word(6);
      map[prefix] = prefix;
    }
    for (int i = 0; i < 50; ++i) {
      const std::string text = word(9);
      std::vector<std::string> expected;
      for (std::size_t length = text.size() + 1; length-- > 0;) {
        if (map.find(text.substr(0, length)) != nullptr) expected.push_back(text.substr(0, length));
      }
      REQUIRE(prefixes_of(map, text) == expected);
    }
  }
}
