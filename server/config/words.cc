#include "server/config/words.h"

#include <algorithm>

#include "core/base/quoting.h"

namespace tarn {
namespace {

char lower_case(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool needs_quotes(std::string_view word) {
  return word.empty() || std::ranges::any_of(word, [](char c) {
           return c <= ' ' || c > '~' || c == '"' || c == '\'' || c == '\\';
         });
}

}  // namespace

std::string lower_case(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = lower_case(c);
  return result;
}

bool same_word(std::string_view left, std::string_view right) {
  return std::ranges::equal(left, right,
                            [](char l, char r) { return lower_case(l) == lower_case(r); });
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
