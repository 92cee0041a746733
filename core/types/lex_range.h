#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tarn {

// One end of a LexRange. Borrows the member.
struct LexBound {
  enum class Kind : std::uint8_t { kLowest, kMember, kHighest };

  Kind kind = Kind::kLowest;
  bool exclusive = true;  // as the lowest and the highest are, of which no member is one
  std::string_view member{};
};

// The members between two bounds in the order of their bytes, as ZLEXCOUNT and ZRANGE ... BYLEX
// take them, of a sorted set whose scores are all the same.
struct LexRange {
  LexBound min;
  LexBound max;

  // Bounds as clients write them: "-", "+", or a member after '[', or after '(' which excludes it.
  static std::optional<LexRange> parse(std::string_view min, std::string_view max);

  // Whether no member can lie between the bounds.
  bool empty() const;
  bool above_min(std::string_view member) const;
  bool below_max(std::string_view member) const;
};

}  // namespace tarn
