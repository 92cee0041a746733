#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

// The longest common subsequence of two strings, by the bit-parallel algorithm of Hyyrö ("Bit-
// parallel LCS-length computation revisited", AWOCA 2004): 64 cells of the usual table at a time.
//
// In the table, L(i, j) is the length for the first i bytes of `a` and the first j of `b`. Along a
// row it stays or grows by one with each j, so a bit a cell says all: V(i, j) is 0 where
// L(i, j) = L(i, j-1) + 1. With M the bits at which `b` holds the row's byte, a row follows from
// the one before by
//
//     V' = (V + (V & M)) | (V & ~M)
//
// where the sum's carry runs along the row. It is computed in columns of 64 cells: all rows of a
// column, then the next column, to which each row hands its carry.
namespace tarn {

// O(|a| * |b| / 64) time, O(|a|) memory.
std::size_t lcs_length(std::string_view a, std::string_view b);

// A piece of the subsequence that is contiguous in both strings.
struct LcsRun {
  std::size_t a_begin;
  std::size_t b_begin;
  std::size_t length;
};

// The pieces, last first, and at that the same subsequence as Redis's: going back from the strings'
// ends, a common byte is always taken, and of two equally good ways the one that shortens `b`.
// O(|a| * |b| / 64) time, |a| * |b| / 8 bytes of memory.
std::vector<LcsRun> lcs_runs(std::string_view a, std::string_view b);

}  // namespace tarn
