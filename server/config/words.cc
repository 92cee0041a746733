#include "server/config/words.h"

#include <algorithm>

#include "core/base/quoting.h"

namespace tarn {
namespace {

bool needs_quotes(std::string_view word) {
  return word.empty() || std::ranges::any_of(word, [](char c) {
           return c <= ' ' || c > '~' || c == '"' || c == '\'' || c == '\\';
         });
}

}  // namespace

bool same_word(std::string_view left, std::string_view right) {
  return std::ranges::equal(left, right, [](char l, char r) { return to_lower(l) == to_lower(r); });
}

std::string join_words(std::span<const std::string> words) {
  std::string line;
  for (const std::string& word : words) {
    if (!line.empty()) line += ' ';
    line += needs_quotes(word) ? quote(word) : word;
  }
  return line;
}

}  // namespace tarn
