#pragma once

#include <optional>
#include <string_view>

namespace tarn {

// The scores between two bounds, as ZCOUNT and ZRANGE ... BYSCORE take them.
struct ScoreRange {
  double min = 0;
  double max = 0;
  bool min_exclusive = false;
  bool max_exclusive = false;

  // Bounds as clients write them: a number (that strtod reads: also "-inf", hexadecimal, after
  // spaces; of no text it reads 0), which '(' excludes. Nothing if one of them is none, or a NaN.
  static std::optional<ScoreRange> parse(std::string_view min, std::string_view max);

  bool above_min(double score) const { return min_exclusive ? score > min : score >= min; }
  bool below_max(double score) const { return max_exclusive ? score < max : score <= max; }
};

}  // namespace tarn
