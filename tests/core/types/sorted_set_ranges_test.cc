#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>

#include "core/types/lex_range.h"
#include "core/types/rank_range.h"
#include "core/types/score_range.h"

namespace tarn {
namespace {

constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

bool same(RankRange range, std::size_t first, std::size_t count) {
  return range.count == count && (count == 0 || range.first == first);
}

}  // namespace

TEST_CASE("rank range: indexes from either end, and beyond both") {
  CHECK(same(RankRange::between(0, -1, 5), 0, 5));
  CHECK(same(RankRange::between(-2, -1, 5), 3, 2));
  CHECK(same(RankRange::between(-9, 1, 5), 0, 2));
  CHECK(same(RankRange::between(3, 99, 5), 3, 2));
  CHECK(same(RankRange::between(kMin, kMax, 5), 0, 5));
  CHECK(same(RankRange::between(3, 2, 5), 0, 0));
  CHECK(same(RankRange::between(5, 9, 5), 0, 0));
  CHECK(same(RankRange::between(-9, -8, 5), 0, 0));
  CHECK(same(RankRange::between(kMax, kMin, 5), 0, 0));
  CHECK(same(RankRange::between(0, -1, 0), 0, 0));
}

TEST_CASE("rank range: mirrored and limited") {
  const RankRange range{2, 4};  // 2 3 4 5
  CHECK(same(range.mirrored(10), 4, 4));
  CHECK(same(range.limited(1, 2), 3, 2));
  CHECK(same(range.limited(1, -7), 3, 3));
  CHECK(same(range.limited(1, kMax), 3, 3));
  CHECK(same(range.limited(4, 1), 0, 0));
  CHECK(same(range.limited(0, 0), 0, 0));
  CHECK(same(range.limited(-1, 9), 0, 0));
  CHECK(same(range.limited_from_end(1, 2), 3, 2));
  CHECK(same(range.limited_from_end(1, -1), 2, 3));
  CHECK(same(range.limited_from_end(0, 1), 5, 1));
  CHECK(same(range.limited_from_end(kMax, 1), 0, 0));
  CHECK(same(range.limited_from_end(kMin, 1), 0, 0));
}

TEST_CASE("score range: whatever strtod reads, exclusive or not") {
  const auto range = ScoreRange::parse("(1.5", "+inf");
  REQUIRE(range.has_value());
  CHECK(!range->above_min(1.5));
  CHECK(range->above_min(1.6));
  CHECK(range->below_max(std::numeric_limits<double>::infinity()));

  CHECK(ScoreRange::parse("", "(")->max_exclusive);
  CHECK(ScoreRange::parse("", "(")->min == 0);
  CHECK(ScoreRange::parse(" 1", "0x10")->max == 16);
  CHECK(ScoreRange::parse("1e999", "1e-999")->max == 0);
  CHECK(std::isinf(ScoreRange::parse("1e999", "1e-999")->min));
  CHECK(ScoreRange::parse(std::string_view("1\0x", 3), "2")->min == 1);

  for (const char* wrong : {"x", "nan", "(nan", "[1", "1x", "1 ", "((1", "-"}) {
    CAPTURE(wrong);
    CHECK(!ScoreRange::parse(wrong, "1").has_value());
    CHECK(!ScoreRange::parse("1", wrong).has_value());
  }
}

TEST_CASE("lex range: bounds") {
  const auto range = LexRange::parse("(b", "[d");
  REQUIRE(range.has_value());
  CHECK(!range->empty());
  CHECK(!range->above_min("b"));
  CHECK(range->above_min("b1"));
  CHECK(range->below_max("d"));
  CHECK(!range->below_max("d1"));
  CHECK(LexRange::parse("-", "+")->above_min(""));
  CHECK(LexRange::parse("[", "[a")->above_min(""));
  CHECK(!LexRange::parse("(", "[a")->above_min(""));
  CHECK(!LexRange::parse("+", "[a")->above_min("z"));
  CHECK(!LexRange::parse("-", "-")->below_max(""));
  CHECK(LexRange::parse(std::string_view("-\0x", 3), "+")->above_min(""));

  for (const char* wrong : {"", "x", "--", "+x", "a["}) {
    CAPTURE(wrong);
    CHECK(!LexRange::parse(wrong, "+").has_value());
    CHECK(!LexRange::parse("-", wrong).has_value());
  }
}

TEST_CASE("lex range: those that nothing can lie in") {
  for (const auto& range :
       {std::pair("+", "-"), std::pair("-", "-"), std::pair("+", "+"), std::pair("[b", "[a"),
        std::pair("(a", "[a"), std::pair("[a", "(a"), std::pair("+", "[z")}) {
    CAPTURE(range.first);
    CAPTURE(range.second);
    CHECK(LexRange::parse(range.first, range.second)->empty());
  }
  CHECK(!LexRange::parse("[a", "[a")->empty());
  CHECK(!LexRange::parse("-", "[")->empty());
}

}  // namespace tarn
