#include "server/app/defrag_rule.h"

#include <doctest/doctest.h>

using namespace tarn;

namespace {

constexpr std::size_t kMb = std::size_t{1} << 20;

Options options_of(int lower, int upper, int least, int most) {
  Options options;
  options.active_defrag_ignore_bytes = 10 * kMb;
  options.active_defrag_threshold_lower = lower;
  options.active_defrag_threshold_upper = upper;
  options.active_defrag_cycle_min = least;
  options.active_defrag_cycle_max = most;
  return options;
}

}  // namespace

TEST_CASE("defragmentation is on by default, and off where it is switched off") {
  Options options;
  CHECK(DefragRule(options).effort(100 * kMb, 200 * kMb) > 0);
  options.activedefrag = false;
  CHECK(DefragRule(options).effort(100 * kMb, 200 * kMb) == 0);
}

TEST_CASE("defragmentation begins at as many bytes and percent as the options say") {
  const DefragRule rule(options_of(10, 100, 1, 25));
  CHECK(rule.effort(9 * kMb, 10 * kMb) == 0);
  CHECK(rule.effort(10 * kMb, 11 * kMb) == 25);
  CHECK(rule.effort(10 * kMb, 111 * kMb) == 0);  // 9.9 %
  CHECK(rule.effort(10 * kMb, 110 * kMb) == 1);  // 10 %
  CHECK(rule.effort(0, 0) == 0);
}

TEST_CASE("the effort of defragmentation grows from the lower threshold to the upper") {
  const DefragRule rule(options_of(10, 110, 5, 25));
  CHECK(rule.effort(60 * kMb, 160 * kMb) == 15);  // 60 %: half way
  CHECK(rule.effort(110 * kMb, 210 * kMb) == 25);
  CHECK(rule.effort(900 * kMb, 1000 * kMb) == 25);
}

TEST_CASE("thresholds and efforts in the wrong order harm nobody") {
  CHECK(DefragRule(options_of(50, 50, 5, 25)).effort(60 * kMb, 160 * kMb) == 25);
  CHECK(DefragRule(options_of(100, 10, 5, 25)).effort(60 * kMb, 160 * kMb) == 0);
  CHECK(DefragRule(options_of(100, 10, 5, 25)).effort(100 * kMb, 200 * kMb) == 25);
  CHECK(DefragRule(options_of(10, 100, 30, 20)).effort(60 * kMb, 160 * kMb) == 30);
}
