#include "core/types/set.h"

#include <algorithm>
#include <string>
#include <vector>

#include "core/base/assert.h"
#include "core/types/detached_cell.h"
#include "core/types/selection.h"

namespace tarn {
namespace {

// More members than this are put into a copy of a small set.
constexpr std::size_t kFew = 3;

// A packed list that would get larger than this becomes large, whatever the limits.
constexpr std::size_t kMaxPackedBytes = std::size_t{1} << 30;
constexpr std::size_t kMaxIntSetEntries = std::size_t{1} << 30;

// pop() converts what it leaves if it removed so many times as much.
constexpr std::size_t kMostOfIt = 5;

std::size_t count_of(MemberBatch::Mask mask) {
  return static_cast<std::size_t>(std::popcount(mask));
}

// The bit of each member of the batch for which the condition holds.
template <class Condition>
MemberBatch::Mask mask_of(const MemberBatch& batch, Condition condition) {
  MemberBatch::Mask mask = 0;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    mask |= MemberBatch::Mask{condition(batch[i])} << i;
  }
  return mask;
}

}  // namespace

// ---- Reading ------------------------------------------------------------------------------------

std::size_t SetView::size() const {
  switch (encoding()) {
    case CollectionEncoding::kIntSet: return ints().size();
    case CollectionEncoding::kLarge: return large().size();
    default: return list().size();
  }
}

bool SetView::contains(const SetMember& member) const {
  switch (encoding()) {
    case CollectionEncoding::kIntSet:
      return member.is_integer() && ints().contains(member.integer());
    case CollectionEncoding::kLarge: return large().contains(member);
    default: return list().find(member.probe()) != list().end();
  }
}

SetView::Mask SetView::contains(MemberBatch& batch) const {
  if (is_large()) return large().contains(batch);
  return mask_of(batch, [this](const SetMember& member) { return contains(member); });
}

SetMember SetView::random(Rng& rng) const {
  switch (encoding()) {
    case CollectionEncoding::kIntSet: return SetMember(ints().at(rng.below(ints().size())));
    case CollectionEncoding::kLarge: return large().random(rng);
    default: {
      const std::size_t index = rng.below(list().size());
      return SetMember(list().element(list().skip(list().begin(), index)));
    }
  }
}

void SetView::draw(std::uint64_t count, Rng& rng, const Visit& visit) const {
  if (encoding() != CollectionEncoding::kPacked) {
    for (; count > 0; --count) visit(random(rng));
    return;
  }
  const std::vector<PackedList::Cursor> cursors = list().cursors();
  for (; count > 0; --count) {
    visit(SetMember(list().element(cursors[rng.below(cursors.size())])));
  }
}

void SetView::sample(std::size_t count, Rng& rng, const Visit& visit) const {
  const std::size_t members = size();
  if (count >= members) return for_each(visit);
  if (is_large()) return large().sample(count, rng, visit);
  Selection selection(count, members, rng);
  for_each([&](const SetMember& member) {
    if (selection.takes_next()) visit(member);
  });
}

// ---- Encodings ----------------------------------------------------------------------------------

// Makes room for so many, even if it turns out that they are members already.
void Set::expect(std::size_t members) {
  if (cell_.vacant()) return;
  const CollectionEncoding encoding = cell_.encoding();
  const bool too_many =
      (encoding == CollectionEncoding::kIntSet && members > limits_.max_intset_entries) ||
      (encoding == CollectionEncoding::kPacked && members > limits_.max_packed_entries);
  if (too_many) convert_to_large();
}

bool Set::fits_packed(std::size_t members, const SetMember& longest) const {
  return members <= std::min(limits_.max_packed_entries, PackedList::kMaxKnownCount) &&
         longest.text_bytes() <= limits_.max_packed_value_bytes;
}

// Gives the vacant cell its first member of so many that are expected.
void Set::start(const SetMember& member, std::size_t expected) {
  if (member.is_integer() && expected <= limits_.max_intset_entries) {
    const unsigned width = IntSet::width_of(member.integer());
    std::array<char, IntSet::kHeaderBytes + sizeof(std::int64_t)> bytes;
    bytes[0] = static_cast<char>(width);
    IntSet::store(bytes.data() + IntSet::kHeaderBytes, width, 0, member.integer());
    cell_.put_bytes(CollectionEncoding::kIntSet, {bytes.data(), IntSet::kHeaderBytes + width});
  } else if (fits_packed(expected, member)) {
    PackedString list;
    list.append(member.probe());
    cell_.put_bytes(CollectionEncoding::kPacked, list.bytes());
  } else {
    auto* large = new LargeSet(cell_.heap());
    large->add_new(member);
    cell_.put_large(large);
  }
}

void Set::convert_to_large() {
  auto* large = new LargeSet(cell_.heap());
  view().for_each_batch([large](MemberBatch& batch) { large->add_new(batch); });
  cell_.put_large(large);
}

// Whether the integers and one more member would fit, were all of the former as long as the longest
// can be.
bool Set::ints_fit_packed(const SetMember& member) const {
  const IntSet ints(cell_.bytes());
  return fits_packed(ints.size() + 1, member) && fits_packed(1, SetMember(ints.min())) &&
         fits_packed(1, SetMember(ints.max()));
}

void Set::ints_to_packed(const SetMember& member) {
  PackedString list;
  for (const std::int64_t integer : IntSet(cell_.bytes())) list.append(PackedProbe(integer));
  list.append(member.probe());
  cell_.put_bytes(CollectionEncoding::kPacked, list.bytes());
}

// ---- Adding -------------------------------------------------------------------------------------

std::size_t Set::add(std::span<const std::string_view> members) {
  expect(members.size());
  if (is_large()) return add_to_large(members);
  if (members.size() > kFew) return add_aside(members);
  std::size_t added = 0;
  for (const std::string_view text : members) added += add(SetMember(text), members.size()) ? 1 : 0;
  return added;
}

bool Set::add(const SetMember& member) {
  expect(1);
  return add(member, 1);
}

bool Set::add(const SetMember& member, std::size_t expected) {
  if (cell_.vacant()) {
    start(member, expected);
    return true;
  }
  switch (cell_.encoding()) {
    case CollectionEncoding::kIntSet: return add_to_ints(member);
    case CollectionEncoding::kLarge: return large().add(member);
    default: return add_to_packed(member);
  }
}

bool Set::add_to_ints(const SetMember& member) {
  if (!member.is_integer()) {
    if (ints_fit_packed(member)) {
      ints_to_packed(member);
    } else {
      convert_to_large();
      large().add_new(member);
    }
    return true;
  }
  if (!int_set::insert(cell_, member.integer())) return false;
  if (size() > std::min(limits_.max_intset_entries, kMaxIntSetEntries)) convert_to_large();
  return true;
}

bool Set::add_to_packed(const SetMember& member) {
  const PackedProbe probe = member.probe();
  const PackedList list(cell_.bytes());
  if (list.find(probe) != list.end()) return false;
  append_to_packed(member, probe);
  return true;
}

void Set::append_to_packed(const SetMember& member, const PackedProbe& probe) {
  const bool fits = fits_packed(size() + 1, member) &&
                    cell_.bytes().size() + probe.encoded_bytes() <= kMaxPackedBytes;
  if (fits) return packed::append(cell_, probe);
  convert_to_large();
  large().add_new(member);
}

// Many members go into a copy, so that the cell, whose bytes move whenever they grow, is written
// once.
std::size_t Set::add_aside(std::span<const std::string_view> members) {
  DetachedCell aside(cell_.heap());
  if (!cell_.vacant()) aside.put_bytes(cell_.encoding(), cell_.bytes());
  Set set(aside, limits_);
  std::size_t added = 0;
  std::size_t i = 0;
  for (; i < members.size() && !set.is_large(); ++i) {
    added += set.add(SetMember(members[i]), members.size()) ? 1 : 0;
  }
  if (set.is_large()) added += set.add_to_large(members.subspan(i));
  if (added > 0) put(aside);
  return added;
}

std::size_t Set::add_to_large(std::span<const std::string_view> members) {
  if (members.size() == 1) return large().add(SetMember(members[0])) ? 1 : 0;
  std::size_t added = 0;
  for_each_batch(members,
                 [this, &added](MemberBatch& batch) { added += count_of(large().add(batch)); });
  return added;
}

MemberBatch::Mask Set::add(MemberBatch& batch) {
  if (is_large()) return large().add(batch);
  return mask_of(batch, [this](const SetMember& member) { return add(member); });
}

void Set::add_new(MemberBatch& batch) {
  if (is_large()) return large().add_new(batch);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (!cell_.vacant() && cell_.encoding() == CollectionEncoding::kPacked) {
      append_to_packed(batch[i], batch[i].probe());
    } else {
      add(batch[i]);
    }
  }
}

// Takes over what was made aside.
void Set::put(DetachedCell& aside) {
  if (aside.encoding() == CollectionEncoding::kLarge) {
    cell_.put_large(aside.release_large());
  } else {
    cell_.put_bytes(aside.encoding(), aside.bytes());
  }
}

// ---- Removing -----------------------------------------------------------------------------------

std::size_t Set::remove(std::span<const std::string_view> members) {
  std::size_t removed = 0;
  if (!is_large() || members.size() == 1) {
    for (const std::string_view text : members) {
      if (!cell_.vacant()) removed += remove(SetMember(text)) ? 1 : 0;
    }
    return removed;
  }
  for_each_batch(members, [&](MemberBatch& batch) { removed += count_of(large().remove(batch)); });
  if (large().size() == 0) cell_.vacate();
  return removed;
}

bool Set::remove(const SetMember& member) {
  const bool last = size() == 1;
  if (last || cell_.vacant()) {
    const bool present = view().contains(member);
    if (present) cell_.vacate();
    return present;
  }
  switch (cell_.encoding()) {
    case CollectionEncoding::kIntSet:
      return member.is_integer() && int_set::erase(cell_, member.integer());
    case CollectionEncoding::kLarge: return large().remove(member);
    default: {
      const PackedList list(cell_.bytes());
      const PackedList::Cursor cursor = list.find(member.probe());
      if (cursor == list.end()) return false;
      packed::erase(cell_, cursor);
      return true;
    }
  }
}

void Set::pop(std::size_t count, Rng& rng, const Visit& visit) {
  const std::size_t members = size();
  if (count == 0 || members == 0) return;
  if (count >= members) {
    view().for_each(visit);
    return cell_.vacate();
  }
  if (count == 1 && !is_large()) {
    const SetMember member = view().random(rng);
    visit(member);
    remove(member);  // reads it before it moves any bytes
    return;
  }
  switch (cell_.encoding()) {
    case CollectionEncoding::kIntSet: return pop_from_ints(count, rng, visit);
    case CollectionEncoding::kLarge: {
      large().pop(count, rng, visit);
      if ((members - count) * kMostOfIt <= count) settle();
      return;
    }
    default: return pop_from_packed(count, rng, visit);
  }
}

void Set::pop_from_ints(std::size_t count, Rng& rng, const Visit& visit) {
  const IntSet ints(cell_.bytes());
  std::string kept(1, static_cast<char>(ints.width()));
  Selection selection(count, ints.size(), rng);
  for (std::size_t i = 0; i < ints.size(); ++i) {
    if (selection.takes_next()) {
      visit(SetMember(ints.at(i)));
    } else {
      kept += ints.values().substr(i * ints.width(), ints.width());
    }
  }
  cell_.put_bytes(CollectionEncoding::kIntSet, kept);
}

void Set::pop_from_packed(std::size_t count, Rng& rng, const Visit& visit) {
  const PackedList list(cell_.bytes());
  PackedString kept;
  Selection selection(count, list.size(), rng);
  list.for_each([&](const PackedElement& element) {
    if (selection.takes_next()) {
      visit(SetMember(element));
    } else {
      kept.append(PackedProbe(element));
    }
  });
  cell_.put_bytes(CollectionEncoding::kPacked, kept.bytes());
}

// Lets what is left of a large set have the encoding that it would get if it were new.
void Set::settle() {
  if (size() > std::max(limits_.max_intset_entries, limits_.max_packed_entries)) return;
  DetachedCell aside(cell_.heap());
  Set set(aside, limits_);
  view().for_each_batch([&set](MemberBatch& batch) { set.add_new(batch); });
  if (!set.is_large()) put(aside);
}

}  // namespace tarn
