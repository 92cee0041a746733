#include "core/types/lcs.h"

#include <array>
#include <bit>
#include <cstdint>

namespace tarn {
namespace {

constexpr std::size_t kColumnCells = 64;

std::size_t columns_of(std::string_view b) { return (b.size() + kColumnCells - 1) / kColumnCells; }

// Computes column after column of the table.
class LcsColumns {
 public:
  explicit LcsColumns(std::string_view a) : a_(a), carries_(a.size(), 0) {}

  // Computes the column of `cells`, the next 64 bytes of `b` (or fewer, at its end): calls
  // visit(row, V) for every row and returns the last row's V.
  template <class Visit>
  std::uint64_t next(std::string_view cells, Visit visit) {
    std::array<std::uint64_t, 256> matches{};
    for (std::size_t i = 0; i < cells.size(); ++i) {
      matches[static_cast<unsigned char>(cells[i])] |= std::uint64_t{1} << i;
    }
    std::uint64_t row_bits = ~std::uint64_t{0};
    for (std::size_t row = 0; row < a_.size(); ++row) {
      const std::uint64_t match = matches[static_cast<unsigned char>(a_[row])];
      std::uint64_t sum = 0;
      const bool first = __builtin_add_overflow(row_bits, row_bits & match, &sum);
      const bool second = __builtin_add_overflow(sum, std::uint64_t{carries_[row]}, &sum);
      carries_[row] = static_cast<std::uint8_t>(first || second);
      row_bits = sum | (row_bits & ~match);
      visit(row, row_bits);
    }
    return row_bits;
  }

 private:
  const std::string_view a_;
  std::vector<std::uint8_t> carries_;  // of each row, into the next column
};

// All bits of the table.
class LcsTable {
 public:
  LcsTable(std::string_view a, std::string_view b)
      : rows_(a.size()), columns_(columns_of(b) * a.size()) {
    LcsColumns columns(a);
    auto at = columns_.begin();
    for (std::size_t j = 0; j < b.size(); j += kColumnCells) {
      columns.next(b.substr(j, kColumnCells),
                   [&](std::size_t, std::uint64_t bits) { *at++ = bits; });
    }
  }

  // Whether L(i + 1, j + 1) > L(i + 1, j).
  bool grows(std::size_t i, std::size_t j) const {
    return (columns_[j / kColumnCells * rows_ + i] >> j % kColumnCells & 1) == 0;
  }

 private:
  std::size_t rows_;
  std::vector<std::uint64_t> columns_;
};

}  // namespace

std::size_t lcs_length(std::string_view a, std::string_view b) {
  LcsColumns columns(a);
  std::size_t length = 0;
  for (std::size_t j = 0; j < b.size(); j += kColumnCells) {
    const std::uint64_t last_row = columns.next(b.substr(j, kColumnCells), [](auto...) {});
    length += static_cast<std::size_t>(std::popcount(~last_row));
  }
  return length;
}

// Where the bytes at (i, j) differ, L(i, j) is the larger of L(i-1, j) and L(i, j-1). If the row
// grows at j, the latter is too small, so the way back is i - 1; else it is as good, and is taken.
std::vector<LcsRun> lcs_runs(std::string_view a, std::string_view b) {
  const LcsTable table(a, b);
  std::vector<LcsRun> runs;
  bool extends = false;
  for (std::size_t i = a.size(), j = b.size(); i > 0 && j > 0;) {
    if (a[i - 1] == b[j - 1]) {
      --i, --j;
      if (extends) {
        runs.back() = {i, j, runs.back().length + 1};
      } else {
        runs.push_back({i, j, 1});
      }
      extends = true;
    } else {
      table.grows(i - 1, j - 1) ? --i : --j;
      extends = false;
    }
  }
  return runs;
}

}  // namespace tarn
