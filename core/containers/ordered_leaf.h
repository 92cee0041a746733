#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace tarn {

// The leaf of OrderedTree: up to kCapacity references in order, 8 bytes each.
//
//   slot   | key: 16 bits | reference: 48 bits |
//
// The key stands for the score, so that a search reads the leaf only and follows a reference only
// where keys are equal. It comes about in two steps:
//
// 1. score_code() maps a score to 64 bits that compare as the scores do. Of all doubles none is
//    special: infinities and denormals are numbers like others, no difference overflows.
// 2. A leaf's scale is a shift and a base: key = (code >> shift) - base.
//
// As the scale only drops low bits, the keys of one scale are turned into those of any coarser one
// without looking at the elements. So leaves are widened for a score beyond their range, and slots
// go from leaf to leaf, at the cost of a few instructions a slot. Only to make a scale finer must
// all of a leaf's elements be read; that is done where the leaf's range has become 2^kFinerBits
// times too narrow for its scale, which happens once while the tree grows 2^kFinerBits-fold.
//
// Invariants:
//   - a slot's key is exactly what the leaf's scale makes of its element's score; nothing is
//     clamped. A sought score beyond the scale is before or behind all slots;
//   - slots are in the order of the tree, so their keys never fall.

// Maps scores to integers of the same order. 0 and -0 are the same. REQUIRES: not a NaN.
inline std::uint64_t score_code(double score) {
  constexpr std::uint64_t kSign = std::uint64_t{1} << 63;
  const auto bits = std::bit_cast<std::uint64_t>(score + 0.0);  // makes 0 of -0
  return (bits & kSign) != 0 ? ~bits : bits | kSign;
}

struct KeyScale {
  std::uint64_t base = 0;
  unsigned shift = 0;

  static constexpr std::uint64_t kKeyEnd = std::uint64_t{1} << 16;

  // The finest scale of at least this shift that has the codes [low, high] in its middle half.
  // The codes need be right but for the lowest `least_shift` bits.
  static KeyScale covering(std::uint64_t low, std::uint64_t high, unsigned least_shift);

  // Below kKeyEnd if the scale has a key for the code. REQUIRES: not below(code)
  std::uint64_t key(std::uint64_t code) const { return (code >> shift) - base; }
  bool below(std::uint64_t code) const { return code >> shift < base; }
  bool has(std::uint64_t code) const { return !below(code) && key(code) < kKeyEnd; }
  // The code of the key, its lowest `shift` bits being 0.
  std::uint64_t code(std::uint64_t key) const { return (base + key) << shift; }
};

class OrderedLeaf {
 public:
  static constexpr std::size_t kBytes = 1024;
  static constexpr unsigned kCapacity = (kBytes - 32) / 8;

  using CodeOf = std::uint64_t (*)(const void* reference);

  // The slots [first, last).
  struct Run {
    unsigned first;
    unsigned last;
  };

  unsigned count() const { return count_; }
  bool full() const { return count_ == kCapacity; }
  OrderedLeaf* previous() const { return previous_; }
  OrderedLeaf* next() const { return next_; }
  unsigned shift() const { return shift_; }

  void* reference(unsigned index) const {
    return reinterpret_cast<void*>(slots_[index] & kReferenceMask);
  }
  void set_reference(unsigned index, void* reference) {
    slots_[index] = (slots_[index] & ~kReferenceMask) | word(0, reference);
  }
  // The element's code, its lowest shift() bits being 0.
  std::uint64_t code(unsigned index) const { return scale().code(key(index)); }

  // The slots whose elements may have this code: those before it have lower ones, those from its
  // end on higher ones. Reads no element.
  Run candidates(std::uint64_t code) const;

  // The slot of the element. REQUIRES: it is here, and the code is its own.
  unsigned index_of(const void* reference, std::uint64_t code) const;

  // REQUIRES: not full(), and the index keeps the order.
  void insert(unsigned index, void* reference, std::uint64_t code);
  void append(void* reference, std::uint64_t code) { insert(count_, reference, code); }
  void erase(unsigned first, unsigned count);

  // Links this one, which is in no list, between two neighbours, either of which may be null.
  void link(OrderedLeaf* previous, OrderedLeaf* next);
  void unlink();

  // Brings all of the leaf to the cache.
  void prefetch() const {
    const auto* at = reinterpret_cast<const char*>(this);
    for (std::size_t offset = 0; offset < kBytes; offset += kLineBytes) {
      __builtin_prefetch(at + offset);
    }
  }

  // Asserts that keys are what they must be. O(kCapacity)
  void check(CodeOf code_of) const;

 private:
  friend class OrderedLeafDeal;

  static constexpr std::size_t kLineBytes = 64;
  static constexpr unsigned kKeyShift = 48;
  static constexpr std::uint64_t kReferenceMask = (std::uint64_t{1} << kKeyShift) - 1;

  static std::uint64_t word(std::uint64_t key, const void* reference) {
    return key << kKeyShift | reinterpret_cast<std::uint64_t>(reference);
  }
  std::uint64_t key(unsigned index) const { return slots_[index] >> kKeyShift; }
  KeyScale scale() const { return {base_, shift_}; }
  void set_scale(KeyScale scale) {
    base_ = scale.base;
    shift_ = static_cast<std::uint8_t>(scale.shift);
  }

  // The first slot whose key is not below.
  unsigned lower_bound(std::uint64_t key) const {
    const std::uint64_t bound = key << kKeyShift;
    const std::uint64_t* at = slots_;
    unsigned left = count_;
    while (left > 1) {
      const unsigned half = left / 2;
      at += at[half - 1] < bound ? half : 0;
      left -= half;
    }
    return static_cast<unsigned>(at - slots_) + unsigned{left == 1 && *at < bound};
  }
  void widen(std::uint64_t code);

  OrderedLeaf* previous_ = nullptr;
  OrderedLeaf* next_ = nullptr;
  std::uint64_t base_ = 0;
  std::uint16_t count_ = 0;
  std::uint8_t shift_ = 0;
  std::uint64_t slots_[kCapacity];
};
static_assert(sizeof(OrderedLeaf) == OrderedLeaf::kBytes);

// Takes the slots of some neighbouring leaves, and of one element more, and deals them out anew.
class OrderedLeafDeal {
 public:
  static constexpr unsigned kMaxLeaves = 4;

  // Takes all slots of the leaf, which keeps its copy.
  void take(const OrderedLeaf& leaf) { take(leaf, 0, leaf.count()); }
  // Takes those of the leaf, and the new element before the slot `index`.
  void take(const OrderedLeaf& leaf, unsigned index, void* reference, std::uint64_t code);

  unsigned count() const { return count_; }

  // Overwrites the leaf with the next `count` slots.
  void give(OrderedLeaf& leaf, unsigned count, OrderedLeaf::CodeOf code_of);

 private:
  static constexpr unsigned kMaxSlots = kMaxLeaves * OrderedLeaf::kCapacity;
  // See the top. The range is too narrow where the keys span less than kNarrow.
  static constexpr unsigned kFinerBits = 4;
  static constexpr std::uint64_t kNarrow = KeyScale::kKeyEnd >> (1 + kFinerBits);

  void take(const OrderedLeaf& leaf, unsigned first, unsigned last);
  bool make_finer(OrderedLeaf& leaf, unsigned count, OrderedLeaf::CodeOf code_of) const;

  unsigned count_ = 0;
  unsigned given_ = 0;
  std::array<void*, kMaxSlots> references_;
  std::array<std::uint64_t, kMaxSlots> codes_;  // but for the lowest bits
  std::array<std::uint8_t, kMaxSlots> shifts_;  // this many
};

}  // namespace tarn
