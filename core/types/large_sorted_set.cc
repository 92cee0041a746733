#include "core/types/large_sorted_set.h"

#include <algorithm>
#include <new>

#include "core/base/assert.h"
#include "core/types/gathering.h"

namespace tarn {
namespace {

// How many elements ahead a walk fetches.
constexpr std::size_t kAhead = 16;

// What an element of this many bytes holds in the heap.
std::size_t held_bytes(const ScoredMember* element, std::size_t bytes) {
  return ObjectHeap::in_slabs(bytes) ? SlabAllocator::usable_bytes(bytes)
                                     : ObjectHeap::usable_bytes(element, bytes);
}

}  // namespace

int LargeSortedSet::TreeTraits::compare_ties(const Element& left, const Element& right) {
  SetMember::Scratch scratch;
  return compare_member(left, right.member().text(scratch));
}

int LargeSortedSet::TreeTraits::compare_member(const Element& element, std::string_view member) {
  SetMember::Scratch scratch;
  return element.member().text(scratch).compare(member);
}

std::size_t LargeSortedSet::memory_bytes() const {
  return sizeof *this - sizeof table_ - sizeof tree_ + table_.memory_bytes() +
         tree_.memory_bytes() + element_bytes_;
}

LargeSortedSet* LargeSortedSet::clone() const {
  auto* copy = new LargeSortedSet(heap());
  for (Position position = tree_.begin(); position; position.next()) {
    copy->append(Sought(position->member()), position->score());
  }
  return copy;
}

bool LargeSortedSet::dismantle(std::size_t max_elements) {
  if (!table_.empty()) {
    table_.clear_step(max_elements, [this](ScoredMember* element) { release(element); });
    return true;
  }
  return tree_.clear_step(max_elements / OrderedLeaf::kCapacity + 1);
}

std::uint64_t LargeSortedSet::gather(std::uint64_t cursor, std::size_t max_elements,
                                     Gathered& gathered) {
  const auto is_leaving = [this](const void* node, std::size_t bytes) {
    return heap().is_leaving(node, bytes);
  };
  const auto move = [&](ScoredMember* element) {
    return gather_element(heap(), element, element->bytes(), gathered, [&](ScoredMember* copy) {
      table_.replace(TableTraits::hash(*copy), element, copy);
    });
  };
  std::size_t rank = cursor;
  while (rank < size() && max_elements > 0) {
    const std::size_t next = tree_.relocate(rank, max_elements, is_leaving, move);
    max_elements -= next - rank;
    rank = next;
  }
  return rank < size() ? rank : 0;
}

// Nodes are in slabs.
std::uint64_t LargeSortedSet::move_outside(std::uint64_t cursor, OutsideMover& mover) {
  if (cursor == 0) table_.move_run([&mover](const void* run) { return mover.wants(run); });
  if (heap().outside_objects() == 0) return 0;
  const auto is_leaving = [](const void*, std::size_t) { return false; };
  const auto move = [&](ScoredMember* element) {
    return move_element_outside(heap(), element, element->bytes(), mover, [&](ScoredMember* copy) {
      table_.replace(TableTraits::hash(*copy), element, copy);
    });
  };
  std::size_t rank = cursor;
  while (rank < size() && !mover.done()) {
    rank = tree_.relocate(rank, mover.looks_left(), is_leaving, move);
  }
  return rank < size() ? rank : 0;
}

LargeSortedSet* LargeSortedSet::move() { return move_collection(this); }

void LargeSortedSet::prefetch_members(std::span<const std::string_view> members) const {
  if (table_.size() < kWorthPrefetching) return;
  std::array<Sought, 16> batch;
  while (!members.empty()) {
    const std::size_t count = std::min(members.size(), batch.size());
    for (std::size_t i = 0; i < count; ++i) batch[i] = Sought(SetMember(members[i]));
    locate(std::span(batch).first(count));
    members = members.subspan(count);
  }
}

void LargeSortedSet::locate(std::span<Sought> batch) const {
  for (const Sought& member : batch) table_.prefetch_directory(member.hash_);
  for (Sought& member : batch) locate(member);
  for (Sought& member : batch) table_.prefetch_element(member.hash_, member.hint_);
}

ScoredMember* LargeSortedSet::insert_in_table(const Sought& member, double score) {
  const std::size_t bytes = sizeof(ScoredMember) + member.probe_.encoded_bytes();
  auto* element = new (heap().allocate(bytes)) ScoredMember(score);
  member.probe_.write(reinterpret_cast<char*>(element + 1));
  table_.insert(member.hash_, element, member.hint_);
  element_bytes_ += held_bytes(element, bytes);
  return element;
}

void LargeSortedSet::release(ScoredMember* element) {
  const std::size_t bytes = element->bytes();
  element_bytes_ -= held_bytes(element, bytes);
  heap().deallocate(element, bytes);
}

void LargeSortedSet::insert(const Sought& member, double score) {
  tree_.insert(insert_in_table(member, score));
}

void LargeSortedSet::append(const Sought& member, double score) {
  tree_.append(1, [element = insert_in_table(member, score)] { return element; });
}

bool LargeSortedSet::erase(const Sought& member) {
  const Table::Slot slot = slot_of(member);
  if (!slot) return false;
  ScoredMember* element = slot.get();
  tree_.erase(*element);
  table_.erase(slot);
  release(element);
  return true;
}

void LargeSortedSet::erase_ranks(std::size_t first, std::size_t count) {
  tree_.erase_ranks(first, count, [this](ScoredMember* element) {
    table_.erase_ref(TableTraits::hash(*element), element);
    release(element);
  });
}

void LargeSortedSet::order_all() {
  TARN_ASSERT(tree_.empty());
  struct Item {
    std::uint64_t code;
    ScoredMember* element;
  };
  std::vector<Item> items;
  items.reserve(size());
  table_.for_each([&items](ScoredMember* element) {
    items.push_back({score_code(element->score()), element});
  });
  std::sort(items.begin(), items.end(), [](const Item& left, const Item& right) {
    if (left.code != right.code) return left.code < right.code;
    return TreeTraits::compare_ties(*left.element, *right.element) < 0;
  });
  tree_.append(items.size(), [&items, next = std::size_t{0}]() mutable {
    if (next + kAhead < items.size()) __builtin_prefetch(items[next + kAhead].element);
    return items[next++].element;
  });
}

void LargeSortedSet::check() const {
  tree_.check();
  table_.check();
  TARN_ASSERT(tree_.size() == table_.size());
  std::size_t bytes = 0;
  for (Position position = tree_.begin(); position; position.next()) {
    TARN_ASSERT(find(Sought(position->member())) == position.get());
    bytes += held_bytes(position.get(), position->bytes());
  }
  TARN_ASSERT(bytes == element_bytes_);
}

}  // namespace tarn
