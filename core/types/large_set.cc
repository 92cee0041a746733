#include "core/types/large_set.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "core/base/assert.h"
#include "core/types/gathering.h"
#include "core/types/selection.h"

namespace tarn {
namespace {

// The integers that fit a reference, beside the bit that tells them from addresses.
constexpr unsigned kImmediateBits = 47;
constexpr std::uint64_t kReferenceMask = (std::uint64_t{1} << 48) - 1;

// A draw misses the cache several times, a step of a pass over the table seldom. So a pass pays
// where more than one member in so many is drawn; one that removes members also moves the others.
constexpr std::size_t kPassToSample = 16;
constexpr std::size_t kPassToPop = 10;

// Freed, or moved, in one go: the table gives up its segments as their members are dealt with.
constexpr std::size_t kSlice = 4096;

}  // namespace

void LargeSet::prefetch_members(std::span<const std::string_view> members) const {
  if (table_.size() < kWorthPrefetching) return;
  for_each_batch(members, [this](MemberBatch& batch) {
    Hints hints;
    locate(batch, hints);
  });
}

// ---- References ---------------------------------------------------------------------------------

std::uint64_t LargeSet::Traits::hash(const Element* element) { return member_of(element).hash(); }

bool LargeSet::fits_immediate(const SetMember& member) {
  if (!member.is_integer()) return false;
  constexpr unsigned kSpareBits = 64 - kImmediateBits;
  const auto bits = static_cast<std::uint64_t>(member.integer());
  return static_cast<std::int64_t>(bits << kSpareBits) >> kSpareBits == member.integer();
}

LargeSet::Element* LargeSet::immediate(std::int64_t integer) {
  const std::uint64_t bits = static_cast<std::uint64_t>(integer) << 1 | 1;
  return reinterpret_cast<Element*>(bits & kReferenceMask);
}

LargeSet::Element* LargeSet::make(const PackedProbe& probe) {
  const std::size_t bytes = probe.encoded_bytes();
  auto* element = static_cast<char*>(heap().allocate(bytes));
  probe.write(element);
  allocated_bytes_ += ObjectHeap::usable_bytes(element, bytes);
  return reinterpret_cast<Element*>(element);
}

// For a set of the same heap.
LargeSet::Element* LargeSet::copy_of(const Element* element) {
  if (is_immediate(element)) return const_cast<Element*>(element);
  const std::size_t bytes = packed::encoded_bytes(bytes_of(element));
  void* copy = heap().allocate(bytes);
  std::memcpy(copy, bytes_of(element), bytes);
  allocated_bytes_ += ObjectHeap::usable_bytes(copy, bytes);
  return static_cast<Element*>(copy);
}

void LargeSet::free(Element* element) {
  if (is_immediate(element)) return;
  const std::size_t bytes = packed::encoded_bytes(bytes_of(element));
  allocated_bytes_ -= ObjectHeap::usable_bytes(element, bytes);
  heap().deallocate(element, bytes);
}

std::uint64_t LargeSet::gather(std::uint64_t cursor, std::size_t max_elements, Gathered& gathered) {
  return gather_elements(
      table_, heap(), cursor, max_elements, gathered,
      [](const Element* element) {
        return is_immediate(element) ? 0 : packed::encoded_bytes(bytes_of(element));
      },
      [this](const Element* from, Element* to) { table_.replace(Traits::hash(to), from, to); });
}

std::uint64_t LargeSet::move_outside(std::uint64_t cursor, OutsideMover& mover) {
  return move_elements_outside(
      table_, heap(), cursor, mover,
      [](const Element* element) {
        return is_immediate(element) ? 0 : packed::encoded_bytes(bytes_of(element));
      },
      [this](const Element* from, Element* to) { table_.replace(Traits::hash(to), from, to); });
}

LargeSet* LargeSet::move() { return move_collection(this); }

// ---- The set as a whole -------------------------------------------------------------------------

LargeSet* LargeSet::clone() const {
  auto* copy = new LargeSet(heap());
  table_.for_each([copy](const Element* element) {
    copy->table_.insert(Traits::hash(element), copy->copy_of(element));
  });
  return copy;
}

bool LargeSet::dismantle(std::size_t max_members) {
  return table_.clear_step(max_members, [this](Element* element) { free(element); });
}

// ---- One member ---------------------------------------------------------------------------------

LargeSet::Table::Slot LargeSet::find(const SetMember& member, std::uint64_t hash, Hint hint) const {
  if (fits_immediate(member)) {
    const Element* wanted = immediate(member.integer());
    return table_.find_slot(
        hash, [wanted](const Element* e) { return e == wanted; }, hint);
  }
  return find(member.probe(), hash, hint);
}

LargeSet::Table::Slot LargeSet::find(const PackedProbe& probe, std::uint64_t hash,
                                     Hint hint) const {
  const auto matches = [&probe](const Element* element) {
    return !is_immediate(element) && probe.matches_at(bytes_of(element));
  };
  return table_.find_slot(hash, matches, hint);
}

bool LargeSet::contains(const SetMember& member) const {
  return static_cast<bool>(find(member, member.hash(), {}));
}

bool LargeSet::add(const SetMember& member) {
  const std::uint64_t hash = member.hash();
  return add(member, hash, table_.locate(hash));
}

bool LargeSet::add(const SetMember& member, std::uint64_t hash, Hint hint) {
  if (fits_immediate(member)) {
    if (find(member, hash, hint)) return false;
    table_.insert(hash, immediate(member.integer()), hint);
  } else {
    const PackedProbe probe = member.probe();
    if (find(probe, hash, hint)) return false;
    table_.insert(hash, make(probe), hint);
  }
  return true;
}

void LargeSet::insert(const SetMember& member, std::uint64_t hash, Hint hint) {
  table_.insert(hash, fits_immediate(member) ? immediate(member.integer()) : make(member.probe()),
                hint);
}

bool LargeSet::remove(const SetMember& member) { return remove(member, member.hash(), {}); }

bool LargeSet::remove(const SetMember& member, std::uint64_t hash, Hint hint) {
  const Table::Slot slot = find(member, hash, hint);
  if (!slot) return false;
  free(table_.erase(slot));
  return true;
}

// ---- A batch ------------------------------------------------------------------------------------

// Brings in the buckets of all, then what is likely equal to them.
void LargeSet::locate(MemberBatch& batch, Hints& hints) const {
  const std::uint64_t* hashes = batch.hashes();
  const std::size_t size = batch.size();
  for (std::size_t i = 0; i < size; ++i) table_.prefetch_directory(hashes[i]);
  for (std::size_t i = 0; i < size; ++i) hints[i] = table_.locate(hashes[i]);
  for (std::size_t i = 0; i < size; ++i) {
    if (!fits_immediate(batch[i])) table_.prefetch_element(hashes[i], hints[i]);
  }
}

// Calls use(i, hash, hint), which says whether bit i is to be set.
template <class Use>
LargeSet::Mask LargeSet::for_located(MemberBatch& batch, Use use) const {
  Hints hints;
  locate(batch, hints);
  const std::uint64_t* hashes = batch.hashes();
  Mask mask = 0;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    mask |= Mask{use(batch[i], hashes[i], hints[i])} << i;
  }
  return mask;
}

LargeSet::Mask LargeSet::contains(MemberBatch& batch) const {
  return for_located(batch, [this](const SetMember& member, std::uint64_t hash, Hint hint) {
    return static_cast<bool>(find(member, hash, hint));
  });
}

LargeSet::Mask LargeSet::add(MemberBatch& batch) {
  return for_located(batch, [this](const SetMember& member, std::uint64_t hash, Hint hint) {
    return add(member, hash, hint);
  });
}

LargeSet::Mask LargeSet::remove(MemberBatch& batch) {
  return for_located(batch, [this](const SetMember& member, std::uint64_t hash, Hint hint) {
    return remove(member, hash, hint);
  });
}

void LargeSet::add_new(MemberBatch& batch) {
  const std::uint64_t* hashes = batch.hashes();
  Hints hints;
  for (std::size_t i = 0; i < batch.size(); ++i) hints[i] = table_.locate(hashes[i]);
  for (std::size_t i = 0; i < batch.size(); ++i) insert(batch[i], hashes[i], hints[i]);
}

// ---- By chance ----------------------------------------------------------------------------------

void LargeSet::sample(std::size_t count, Rng& rng, const Visit& visit) const {
  TARN_ASSERT(count <= size());
  if (count < size() / kPassToSample) return sample_by_draws(count, rng, visit);
  Selection selection(count, size(), rng);
  table_.for_each([&](const Element* element) {
    if (selection.takes_next()) visit(member_of(element));
  });
}

// Draws as many as are still missing, drops those that were drawn before, and so on. As it never
// draws more than are missing, which `count` different ones come first is all that decides.
void LargeSet::sample_by_draws(std::size_t count, Rng& rng, const Visit& visit) const {
  std::vector<const Element*> chosen;
  chosen.reserve(count);
  while (chosen.size() < count) {
    while (chosen.size() < count) chosen.push_back(table_.random(rng));
    std::sort(chosen.begin(), chosen.end());
    chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
  }
  for (const Element* element : chosen) visit(member_of(element));
}

void LargeSet::pop(std::size_t count, Rng& rng, const Visit& visit) {
  TARN_ASSERT(count <= size());
  if (count >= size() / kPassToPop) return pop_by_pass(count, rng, visit);
  for (; count > 0; --count) {
    Element* element = table_.random(rng);
    visit(member_of(element));
    table_.erase_ref(Traits::hash(element), element);
    free(element);
  }
}

// Those that stay move, as references, to a new table.
void LargeSet::pop_by_pass(std::size_t count, Rng& rng, const Visit& visit) {
  Table kept;
  Selection selection(count, size(), rng);
  const auto deal_with = [&](Element* element) {
    if (selection.takes_next()) {
      visit(member_of(element));
      free(element);
    } else {
      kept.insert(Traits::hash(element), element);
    }
  };
  while (table_.clear_step(kSlice, deal_with)) {
  }
  table_.swap(kept);
}

}  // namespace tarn
