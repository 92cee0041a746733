#include "core/types/score_range.h"

#include <cmath>
#include <cstdlib>
#include <string>

#include "core/base/numbers.h"

namespace tarn {
namespace {

bool parse_bound(std::string_view text, double& score, bool& exclusive) {
  exclusive = text.starts_with('(');
  if (exclusive) text.remove_prefix(1);
  if (parse_double(text, score)) return true;
  // What else strtod takes: no text, leading spaces, numbers out of range. Ends at a NUL.
  const std::string copy(text);
  char* end = nullptr;
  score = std::strtod(copy.c_str(), &end);
  return *end == '\0' && !std::isnan(score);
}

}  // namespace

std::optional<ScoreRange> ScoreRange::parse(std::string_view min, std::string_view max) {
  ScoreRange range;
  if (!parse_bound(min, range.min, range.min_exclusive)) return std::nullopt;
  if (!parse_bound(max, range.max, range.max_exclusive)) return std::nullopt;
  return range;
}

}  // namespace tarn
