#include "core/containers/ordered_leaf.h"

#include "core/base/assert.h"

namespace tarn {
namespace {

// How many elements ahead a pass over all of a leaf's fetches.
constexpr unsigned kAhead = 16;

constexpr std::uint64_t kMiddle = KeyScale::kKeyEnd / 2;

}  // namespace

// high - low, shifted, is at most kMiddle; a quarter below and a quarter above stay free.
KeyScale KeyScale::covering(std::uint64_t low, std::uint64_t high, unsigned least_shift) {
  const std::uint64_t span = (high >> least_shift) - (low >> least_shift);
  const auto shift = least_shift + static_cast<unsigned>(std::bit_width(span / kMiddle));
  const std::uint64_t first = low >> shift;
  return {first - std::min(first, kMiddle / 2), shift};
}

// ---- Leaf --------------------------------------------------------------------------------------

OrderedLeaf::Run OrderedLeaf::candidates(std::uint64_t code) const {
  const KeyScale own = scale();
  if (own.below(code)) return {0, 0};
  const std::uint64_t sought = own.key(code);
  if (sought >= KeyScale::kKeyEnd) return {count_, count_};
  const unsigned first = lower_bound(sought);
  if (first == count_ || key(first) != sought) return {first, first};
  if (first + 1 == count_ || key(first + 1) != sought) return {first, first + 1};
  return {first, sought + 1 == KeyScale::kKeyEnd ? count_ : lower_bound(sought + 1)};
}

unsigned OrderedLeaf::index_of(const void* reference, std::uint64_t code) const {
  TARN_ASSERT(scale().has(code));
  const std::uint64_t sought = word(scale().key(code), reference);
  unsigned index = lower_bound(scale().key(code));
  while (index < count_ && slots_[index] != sought) ++index;
  TARN_ASSERT(index < count_);
  return index;
}

void OrderedLeaf::insert(unsigned index, void* reference, std::uint64_t code) {
  if (count_ == 0 || !scale().has(code)) [[unlikely]] {
    widen(code);
  }
  std::copy_backward(slots_ + index, slots_ + count_, slots_ + count_ + 1);
  slots_[index] = word(scale().key(code), reference);
  ++count_;
}

void OrderedLeaf::erase(unsigned first, unsigned count) {
  std::copy(slots_ + first + count, slots_ + count_, slots_ + first);
  count_ = static_cast<std::uint16_t>(count_ - count);
}

// Chooses a coarser scale that has the code as well. O(kCapacity), but each widening leaves the
// leaf half as much room again as it needs.
void OrderedLeaf::widen(std::uint64_t code) {
  if (count_ == 0) return set_scale(KeyScale::covering(code, code, 0));
  const KeyScale old = scale();
  const std::uint64_t low = std::min(code, this->code(0));
  const std::uint64_t high = std::max(code, this->code(count_ - 1));
  set_scale(KeyScale::covering(low, high, old.shift));
  for (unsigned i = 0; i < count_; ++i) {
    slots_[i] = word(scale().key(old.code(key(i))), nullptr) | (slots_[i] & kReferenceMask);
  }
}

void OrderedLeaf::link(OrderedLeaf* previous, OrderedLeaf* next) {
  previous_ = previous;
  next_ = next;
  if (previous != nullptr) previous->next_ = this;
  if (next != nullptr) next->previous_ = this;
}

void OrderedLeaf::unlink() {
  if (previous_ != nullptr) previous_->next_ = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
}

void OrderedLeaf::check(CodeOf code_of) const {
  TARN_ASSERT(count_ > 0 && count_ <= kCapacity);
  for (unsigned i = 0; i < count_; ++i) {
    const std::uint64_t code = code_of(reference(i));
    TARN_ASSERT(scale().has(code) && scale().key(code) == key(i));
    TARN_ASSERT(i == 0 || key(i - 1) <= key(i));
  }
  TARN_ASSERT(next_ == nullptr || next_->previous_ == this);
  TARN_ASSERT(previous_ == nullptr || previous_->next_ == this);
}

// ---- Dealing out -------------------------------------------------------------------------------

void OrderedLeafDeal::take(const OrderedLeaf& leaf, unsigned first, unsigned last) {
  TARN_ASSERT(count_ + last - first <= kMaxSlots);
  for (unsigned i = first; i < last; ++i) {
    references_[count_] = leaf.reference(i);
    codes_[count_] = leaf.code(i);
    shifts_[count_] = leaf.shift_;
    ++count_;
  }
}

void OrderedLeafDeal::take(const OrderedLeaf& leaf, unsigned index, void* reference,
                           std::uint64_t code) {
  take(leaf, 0, index);
  references_[count_] = reference;
  codes_[count_] = code;
  shifts_[count_] = 0;
  ++count_;
  take(leaf, index, leaf.count());
}

void OrderedLeafDeal::give(OrderedLeaf& leaf, unsigned count, OrderedLeaf::CodeOf code_of) {
  TARN_ASSERT(count > 0 && count <= OrderedLeaf::kCapacity && given_ + count <= count_);
  leaf.count_ = static_cast<std::uint16_t>(count);
  if (!make_finer(leaf, count, code_of)) {
    const auto shifts = shifts_.begin() + given_;
    leaf.set_scale(KeyScale::covering(codes_[given_], codes_[given_ + count - 1],
                                      *std::max_element(shifts, shifts + count)));
    const KeyScale scale = leaf.scale();
    for (unsigned i = 0; i < count; ++i) {
      leaf.slots_[i] = OrderedLeaf::word(scale.key(codes_[given_ + i]), references_[given_ + i]);
    }
  }
  given_ += count;
}

// If it is worth it, fills the leaf with keys of the finest scale, which takes reading the
// elements.
bool OrderedLeafDeal::make_finer(OrderedLeaf& leaf, unsigned count,
                                 OrderedLeaf::CodeOf code_of) const {
  const auto references = references_.begin() + given_;
  const unsigned known =
      *std::max_element(shifts_.begin() + given_, shifts_.begin() + given_ + count);
  const std::uint64_t span = (codes_[given_ + count - 1] >> known) - (codes_[given_] >> known);
  if (known < kFinerBits || span >= kNarrow) return false;
  const KeyScale finest =
      KeyScale::covering(code_of(references[0]), code_of(references[count - 1]), 0);
  if (finest.shift + kFinerBits > known) return false;
  leaf.set_scale(finest);
  for (unsigned i = 0; i < count; ++i) {
    if (i + kAhead < count) __builtin_prefetch(references[i + kAhead]);
    leaf.slots_[i] = OrderedLeaf::word(finest.key(code_of(references[i])), references[i]);
  }
  return true;
}

}  // namespace tarn
