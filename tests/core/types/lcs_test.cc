#include "core/types/lcs.h"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

#include "core/base/random.h"

namespace tarn {
namespace {

// The textbook's table and the way back through it.
class Reference {
 public:
  Reference(std::string_view a, std::string_view b)
      : a_(a), b_(b), table_(a.size() + 1, std::vector<std::size_t>(b.size() + 1, 0)) {
    for (std::size_t i = 1; i <= a.size(); ++i) {
      for (std::size_t j = 1; j <= b.size(); ++j) {
        table_[i][j] = a[i - 1] == b[j - 1] ? table_[i - 1][j - 1] + 1
                                            : std::max(table_[i - 1][j], table_[i][j - 1]);
      }
    }
  }

  std::size_t length() const { return table_[a_.size()][b_.size()]; }

  std::vector<LcsRun> runs() const {
    std::vector<LcsRun> found;
    bool extends = false;
    std::size_t i = a_.size();
    std::size_t j = b_.size();
    while (i > 0 && j > 0) {
      if (a_[i - 1] == b_[j - 1]) {
        --i;
        --j;
        if (!extends) found.push_back({i, j, 0});
        found.back() = {i, j, found.back().length + 1};
        extends = true;
      } else {
        table_[i - 1][j] > table_[i][j - 1] ? --i : --j;
        extends = false;
      }
    }
    return found;
  }

 private:
  std::string_view a_;
  std::string_view b_;
  std::vector<std::vector<std::size_t>> table_;
};

std::string random_text(Rng& rng, std::size_t max_size, std::uint64_t letters) {
  std::string text(rng.below(max_size + 1), '\0');
  for (char& c : text) c = static_cast<char>('a' + rng.below(letters));
  return text;
}

bool same(const std::vector<LcsRun>& left, const std::vector<LcsRun>& right) {
  return std::equal(
      left.begin(), left.end(), right.begin(), right.end(), [](const LcsRun& x, const LcsRun& y) {
        return x.a_begin == y.a_begin && x.b_begin == y.b_begin && x.length == y.length;
      });
}

}  // namespace

TEST_CASE("lcs: a known pair") {
  CHECK(lcs_length("ohmytext", "mynewtext") == 6);
  const auto runs = lcs_runs("ohmytext", "mynewtext");
  REQUIRE(runs.size() == 2);
  CHECK(same(runs, {{4, 5, 4}, {2, 0, 2}}));
}

TEST_CASE("lcs: nothing in common") {
  CHECK(lcs_length("", "") == 0);
  CHECK(lcs_length("abc", "") == 0);
  CHECK(lcs_length("", "abc") == 0);
  CHECK(lcs_length("abc", "xyz") == 0);
  CHECK(lcs_runs("", "abc").empty());
  CHECK(lcs_runs("abc", "xyz").empty());
}

TEST_CASE("lcs: a string with itself, across columns") {
  for (const std::size_t size : {1u, 63u, 64u, 65u, 128u, 200u}) {
    const std::string text(size, 'a');
    CAPTURE(size);
    CHECK(lcs_length(text, text) == size);
    CHECK(same(lcs_runs(text, text), {{0, 0, size}}));
  }
}

TEST_CASE("lcs: lengths and pieces as in the textbook") {
  const std::uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  Rng rng(seed);
  for (int round = 0; round < 150; ++round) {
    const std::uint64_t letters = 1 + rng.below(6);
    const std::string a = random_text(rng, 150, letters);
    const std::string b = random_text(rng, 200, letters);
    const Reference reference(a, b);
    CAPTURE(a);
    CAPTURE(b);
    REQUIRE(lcs_length(a, b) == reference.length());
    REQUIRE(same(lcs_runs(a, b), reference.runs()));
  }
}

}  // namespace tarn
