#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace tarn {

// What a branch of OrderedTree knows of one child.
struct OrderedEntry {
  double score = 0;          // of the smallest element below the child
  void* smallest = nullptr;  // that element
  void* child = nullptr;
  std::uint32_t elements = 0;  // below the child
};

// An inner node of OrderedTree: up to kCapacity entries in order. They lie column by column, and
// scores that are not in use are NaNs, so that a search is one pass of fixed length over the scores
// that needs no branches.
class OrderedBranch {
 public:
  static constexpr unsigned kCapacity = 36;  // a multiple of 4, for the vectors below

  // The entries [first, last).
  struct Run {
    unsigned first;
    unsigned last;
  };

  OrderedBranch() { scores_.fill(kUnused); }

  unsigned count() const { return count_; }
  bool full() const { return count_ == kCapacity; }
  double score(unsigned index) const { return scores_[index]; }
  void* smallest(unsigned index) const { return smallest_[index]; }
  void* child(unsigned index) const { return children_[index]; }
  unsigned elements(unsigned index) const { return elements_[index]; }

  OrderedEntry entry(unsigned index) const {
    return {scores_[index], smallest_[index], children_[index], elements_[index]};
  }
  void set_entry(unsigned index, const OrderedEntry& entry) {
    set_smallest(index, entry.score, entry.smallest);
    children_[index] = entry.child;
    elements_[index] = entry.elements;
  }
  void set_smallest(unsigned index, double score, void* smallest) {
    scores_[index] = score;
    smallest_[index] = smallest;
  }
  void set_child(unsigned index, void* child) { children_[index] = child; }
  // `change` may be a negative number, modulo 2^32.
  void add_elements(unsigned index, std::uint32_t change) { elements_[index] += change; }

  // The entry that stands for this branch in its parent. REQUIRES: count() > 0
  OrderedEntry summary() { return {scores_[0], smallest_[0], this, elements_before(count_)}; }

  // The entries of this score: those before it have lower ones, those from its end on higher ones.
  Run equal(double score) const {
#if defined(__SSE2__)
    const __m128d sought = _mm_set1_pd(score);
    __m128i below = _mm_setzero_si128();  // minus the number of such scores, in two halves
    __m128i through = _mm_setzero_si128();
    for (unsigned i = 0; i < kCapacity; i += 2) {
      const __m128d scores = _mm_loadu_pd(&scores_[i]);
      below = _mm_add_epi64(below, _mm_castpd_si128(_mm_cmplt_pd(scores, sought)));
      through = _mm_add_epi64(through, _mm_castpd_si128(_mm_cmple_pd(scores, sought)));
    }
    const auto negated_sum = [](__m128i halves) {
      return static_cast<unsigned>(
          -_mm_cvtsi128_si32(_mm_add_epi64(halves, _mm_unpackhi_epi64(halves, halves))));
    };
    return {negated_sum(below), negated_sum(through)};
#else
    return equal_portable(score);
#endif
  }
  Run equal_portable(double score) const {
    Run run{0, 0};
    for (const double own : scores_) run.first += unsigned{own < score};
    for (const double own : scores_) run.last += unsigned{own <= score};
    return run;
  }

  // Elements below the first `index` children.
  std::uint32_t elements_before(unsigned index) const {
#if defined(__SSE2__)
    const __m128i end = _mm_set1_epi32(static_cast<int>(index));
    __m128i indices = _mm_setr_epi32(0, 1, 2, 3);
    __m128i sum = _mm_setzero_si128();
    for (unsigned i = 0; i < kCapacity; i += 4) {
      const __m128i elements = _mm_loadu_si128(reinterpret_cast<const __m128i*>(&elements_[i]));
      sum = _mm_add_epi32(sum, _mm_and_si128(elements, _mm_cmplt_epi32(indices, end)));
      indices = _mm_add_epi32(indices, _mm_set1_epi32(4));
    }
    sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0b01001110));
    sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0b10110001));
    return static_cast<std::uint32_t>(_mm_cvtsi128_si32(sum));
#else
    return elements_before_portable(index);
#endif
  }
  std::uint32_t elements_before_portable(unsigned index) const {
    std::uint32_t sum = 0;
    for (unsigned i = 0; i < index; ++i) sum += elements_[i];
    return sum;
  }

  // The child that has the element of this rank, which becomes its rank below the child.
  // REQUIRES: rank < the sum of all elements
  unsigned child_of(std::size_t& rank) const {
    unsigned index = 0;
    for (; rank >= elements_[index]; ++index) rank -= elements_[index];
    return index;
  }

  // REQUIRES: not full()
  void insert(unsigned index, const OrderedEntry& entry) {
    for_each_column([&](auto& column) {
      std::copy_backward(column.begin() + index, column.begin() + count_,
                         column.begin() + count_ + 1);
    });
    ++count_;
    set_entry(index, entry);
  }
  void erase(unsigned first, unsigned count) {
    for_each_column([&](auto& column) {
      std::copy(column.begin() + first + count, column.begin() + count_, column.begin() + first);
    });
    std::fill(scores_.begin() + count_ - count, scores_.begin() + count_, kUnused);
    count_ -= count;
  }
  void assign(const OrderedEntry* entries, unsigned count) {
    for (unsigned i = 0; i < count; ++i) set_entry(i, entries[i]);
    std::fill(scores_.begin() + count, scores_.end(), kUnused);
    count_ = count;
  }

  // Brings to the cache what a search reads.
  void prefetch() const {
    const auto* at = reinterpret_cast<const char*>(this);
    for (std::size_t offset = 0; offset < kSearchedBytes; offset += kLineBytes) {
      __builtin_prefetch(at + offset);
    }
  }

 private:
  static constexpr double kUnused = std::numeric_limits<double>::quiet_NaN();
  static constexpr std::size_t kLineBytes = 64;

  template <class Fn>
  void for_each_column(Fn&& fn) {
    fn(scores_);
    fn(elements_);
    fn(children_);
    fn(smallest_);
  }

  std::uint32_t count_ = 0;
  std::array<double, kCapacity> scores_;
  std::array<std::uint32_t, kCapacity> elements_{};
  std::array<void*, kCapacity> children_{};
  std::array<void*, kCapacity> smallest_{};

  static constexpr std::size_t kSearchedBytes = 8 + kCapacity * (8 + 4 + 8);
};
static_assert(sizeof(OrderedBranch) <= 1024);

// The entries of two neighbouring branches, or of one and a new entry, laid side by side to be
// dealt out anew.
class OrderedEntries {
 public:
  void take(const OrderedBranch& branch) {
    for (unsigned i = 0; i < branch.count(); ++i) entries_[count_++] = branch.entry(i);
  }
  void insert(unsigned index, const OrderedEntry& entry) {
    std::copy_backward(entries_.begin() + index, entries_.begin() + count_,
                       entries_.begin() + count_ + 1);
    entries_[index] = entry;
    ++count_;
  }
  unsigned count() const { return count_; }

  // The first `left_count` to one, the rest to the other.
  void give(OrderedBranch& left, unsigned left_count, OrderedBranch& right) const {
    left.assign(entries_.data(), left_count);
    right.assign(entries_.data() + left_count, count_ - left_count);
  }

 private:
  unsigned count_ = 0;
  std::array<OrderedEntry, 2 * OrderedBranch::kCapacity> entries_;
};

}  // namespace tarn
