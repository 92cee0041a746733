#include "core/base/glob.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "core/base/ascii.h"

namespace tarn {
namespace {

// One pattern and the case rule, matching single bytes.
class Matcher {
 public:
  Matcher(std::string_view pattern, bool ignore_case)
      : pattern_(pattern), ignore_case_(ignore_case) {}

  // Matches the element at `at` (not a star) against `c`; on success moves `at` behind it.
  // REQUIRES: at < pattern.size()
  bool match_byte(std::size_t& at, char c) const {
    switch (pattern_[at]) {
      case '?': ++at; return true;
      case '[': return match_class(at, c);
      case '\\':
        if (at + 1 < pattern_.size()) {
          if (!same(pattern_[at + 1], c)) return false;
          at += 2;
          return true;
        }
        [[fallthrough]];
      default:
        if (!same(pattern_[at], c)) return false;
        ++at;
        return true;
    }
  }

 private:
  bool same(char a, char b) const { return a == b || (ignore_case_ && to_lower(a) == to_lower(b)); }

  // As a signed byte: the order of ranges.
  int rank(char c) const { return static_cast<signed char>(ignore_case_ ? to_lower(c) : c); }

  bool in_range(char first, char last, char c) const {
    if (static_cast<signed char>(first) > static_cast<signed char>(last)) std::swap(first, last);
    return rank(c) >= rank(first) && rank(c) <= rank(last);
  }

  bool match_class(std::size_t& at, char c) const {
    std::size_t i = at + 1;
    const bool negated = i < pattern_.size() && pattern_[i] == '^';
    if (negated) ++i;

    bool found = false;
    while (i < pattern_.size() && pattern_[i] != ']') {
      const std::size_t left = pattern_.size() - i;
      if (pattern_[i] == '\\' && left >= 2) {
        found |= pattern_[i + 1] == c;
        i += 2;
      } else if (left >= 3 && pattern_[i + 1] == '-') {
        found |= in_range(pattern_[i], pattern_[i + 2], c);
        i += 3;
      } else {
        found |= same(pattern_[i], c);
        ++i;
      }
    }
    if (found == negated) return false;
    at = std::min(i + 1, pattern_.size());
    return true;
  }

  std::string_view pattern_;
  bool ignore_case_;
};

}  // namespace

// Greedy with one way back: behind each star the rest is tried at the earliest place of the text;
// a mismatch moves that place on by one. Once a later star is reached, the earlier ones need not be
// tried again: whatever they could leave to it, it can skip itself.
bool glob_match(std::string_view pattern, std::string_view text, bool ignore_case) {
  if (text.empty()) return pattern.empty();

  const Matcher matcher(pattern, ignore_case);
  std::size_t p = 0;
  std::size_t t = 0;
  bool star_seen = false;
  std::size_t after_star = 0;  // where the pattern goes on behind the last star
  std::size_t retry_at = 0;    // the place of the text where that rest is being tried

  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      while (p < pattern.size() && pattern[p] == '*') ++p;
      if (p == pattern.size()) return true;
      star_seen = true;
      after_star = p;
      retry_at = t;
    } else if (p < pattern.size() && matcher.match_byte(p, text[t])) {
      ++t;
    } else if (star_seen) {
      p = after_star;
      t = ++retry_at;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool is_literal_pattern(std::string_view pattern) {
  return pattern.find_first_of("*?[\\") == std::string_view::npos;
}

}  // namespace tarn
