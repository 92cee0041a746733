// The iterative matcher must agree with the definition written down as a recursion.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/assert.h"
#include "core/base/glob.h"

namespace {

// How many bytes of `pattern` its first element (not a star) takes.
std::size_t element_size(std::string_view pattern) {
  if (pattern[0] == '\\') return pattern.size() > 1 ? 2 : 1;
  if (pattern[0] != '[') return 1;
  std::size_t i = pattern.substr(1).starts_with('^') ? 2 : 1;
  while (i < pattern.size() && pattern[i] != ']') {
    const std::size_t left = pattern.size() - i;
    const bool escape = pattern[i] == '\\' && left >= 2;
    const bool range = !escape && left >= 3 && pattern[i + 1] == '-';
    i += range ? 3U : escape ? 2U : 1U;
  }
  return i < pattern.size() ? i + 1 : i;
}

// A star takes any part of the text; any other element takes one byte, and that it does is asked of
// glob_match itself. REQUIRES: text not empty
bool match_by_definition(std::string_view pattern, std::string_view text, bool ignore_case) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '*') {
    for (std::size_t taken = 0; taken <= text.size(); ++taken) {
      if (match_by_definition(pattern.substr(1), text.substr(taken), ignore_case)) return true;
    }
    return false;
  }
  if (text.empty()) return false;
  const std::size_t size = element_size(pattern);
  return tarn::glob_match(pattern.substr(0, size), text.substr(0, 1), ignore_case) &&
         match_by_definition(pattern.substr(size), text.substr(1), ignore_case);
}

}  // namespace

// A byte of options, a byte that says how long the pattern is, the pattern, the text.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const bool ignore_case = (data[0] & 1) != 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 2, size - 2);
  // Copies, so that a read past either end is seen.
  const std::string pattern(rest.substr(0, data[1]));
  const std::string text(rest.substr(pattern.size()));

  const bool matches = tarn::glob_match(pattern, text, ignore_case);
  // The recursion is exponential in the stars.
  constexpr std::size_t kShortBytes = 10;
  constexpr std::ptrdiff_t kFewStars = 4;
  if (!text.empty() && pattern.size() <= 2 * kShortBytes && text.size() <= kShortBytes &&
      std::count(pattern.begin(), pattern.end(), '*') <= kFewStars) {
    TARN_ASSERT(matches == match_by_definition(pattern, text, ignore_case));
  }
  if (tarn::is_literal_pattern(pattern) && !ignore_case) TARN_ASSERT(matches == (pattern == text));
  return 0;
}
