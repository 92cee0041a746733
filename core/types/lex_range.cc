#include "core/types/lex_range.h"

namespace tarn {
namespace {

// "-" and "+" count up to a NUL.
bool is_only(std::string_view text, char c) {
  return text[0] == c && (text.size() == 1 || text[1] == '\0');
}

std::optional<LexBound> parse_bound(std::string_view text) {
  if (text.empty()) return std::nullopt;
  if (is_only(text, '-')) return LexBound{LexBound::Kind::kLowest};
  if (is_only(text, '+')) return LexBound{LexBound::Kind::kHighest};
  if (text[0] != '[' && text[0] != '(') return std::nullopt;
  return LexBound{LexBound::Kind::kMember, text[0] == '(', text.substr(1)};
}

}  // namespace

std::optional<LexRange> LexRange::parse(std::string_view min, std::string_view max) {
  const std::optional<LexBound> low = parse_bound(min);
  const std::optional<LexBound> high = parse_bound(max);
  if (!low || !high) return std::nullopt;
  return LexRange{*low, *high};
}

bool LexRange::empty() const {
  if (min.kind != max.kind) return min.kind > max.kind;
  const int order = min.member.compare(max.member);
  return order > 0 || (order == 0 && (min.exclusive || max.exclusive));
}

bool LexRange::above_min(std::string_view member) const {
  if (min.kind != LexBound::Kind::kMember) return min.kind == LexBound::Kind::kLowest;
  return min.exclusive ? member > min.member : member >= min.member;
}

bool LexRange::below_max(std::string_view member) const {
  if (max.kind != LexBound::Kind::kMember) return max.kind == LexBound::Kind::kHighest;
  return max.exclusive ? member < max.member : member <= max.member;
}

}  // namespace tarn
