#include <doctest/doctest.h>

#include <cctype>
#include <filesystem>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/config/config.h"
#include "server/config/config_file.h"
#include "server/config/option_table.h"

using namespace tarn;

namespace {

std::filesystem::path example_path() {
  return std::filesystem::absolute(__FILE__).parent_path() / "../../../redis.conf.example";
}

// All words that can be names of options.
std::set<std::string> words_of(std::string_view text) {
  std::set<std::string> words;
  std::string word;
  for (char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_') {
      word += c;
    } else {
      words.insert(std::exchange(word, {}));
    }
  }
  words.insert(word);
  return words;
}

}  // namespace

TEST_CASE("the example names every option and states its default") {
  const Result<std::string> text = read_text(example_path());
  REQUIRE(text);
  const std::size_t ineffective = text->find("Options without effect so far");
  REQUIRE(ineffective != text->npos);
  const auto effective_words = words_of(std::string_view(*text).substr(0, ineffective));
  const auto ineffective_words = words_of(std::string_view(*text).substr(ineffective));
  const auto directives = parse_config(*text, "example");
  REQUIRE(directives);
  std::set<std::string_view> set;
  for (const Directive& directive : *directives) set.insert(directive.words[0]);

  for (const Option& option : option_table()) {
    CAPTURE(option.name);
    const std::string name(option.name);
    if (option.has(kHidden)) continue;
    if (option.has(kNoEffect)) {
      CHECK(ineffective_words.contains(name));
      CHECK_FALSE(set.contains(name));
    } else if (!option.has(kFileOnly)) {
      CHECK(effective_words.contains(name));
    }
  }

  Config defaults;
  Config example;
  std::istringstream no_input;
  REQUIRE(example.load(std::vector{example_path().string()}, no_input));
  const std::string_view all = "*";
  CHECK(example.get({&all, 1}) == defaults.get({&all, 1}));
}
