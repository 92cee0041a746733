#include "core/types/hash.h"

#include <algorithm>
#include <array>
#include <unordered_set>
#include <vector>

#include "core/base/assert.h"

namespace tarn {
namespace {

// Longer packed hashes would make every edit too slow, whatever the limits say.
constexpr std::size_t kMaxPackedBytes = std::size_t{1} << 30;

// Sets a field in a list of fields and values. Returns whether it is new.
template <PackedStore Store>
bool set_in(Store& store, std::string_view field, std::string_view value) {
  const PackedList list(store.bytes());
  const PackedProbe name(field);
  const PackedList::Cursor found = list.find(name, list.begin(), 2);
  if (found == list.end()) {
    packed::append_pair(store, name, PackedProbe(value));
    return true;
  }
  packed::replace(store, list.next(found), PackedProbe(value));
  return false;
}

}  // namespace

// ---- Reading ------------------------------------------------------------------------------------

std::size_t HashView::size() const {
  return is_large() ? large().size() : list().size() / stride();
}

// Of a packed hash: where the field is, or the end of the list.
HashView::Cursor HashView::find(std::string_view field) const {
  const PackedList packed = list();
  return packed.find(PackedProbe(field), packed.begin(), stride());
}

std::optional<std::string_view> HashView::get(std::string_view field, Scratch& scratch) const {
  if (is_large()) {
    const HashField* found = large().find(LargeHash::Name(field));
    if (found == nullptr) return std::nullopt;
    return found->value();
  }
  const PackedList packed = list();
  const Cursor cursor = find(field);
  if (cursor == packed.end()) return std::nullopt;
  const PackedElement value = packed.element(packed.next(cursor));
  if (value.is_string()) return value.string();
  return value.text(scratch);
}

bool HashView::contains(std::string_view field) const {
  if (is_large()) return large().contains(LargeHash::Name(field));
  return find(field) != list().end();
}

std::optional<std::int64_t> HashView::deadline_ms(std::string_view field) const {
  if (is_large()) {
    const HashField* found = large().find(LargeHash::Name(field));
    if (found == nullptr) return std::nullopt;
    return found->deadline_ms();
  }
  const PackedList packed = list();
  const Cursor cursor = find(field);
  if (cursor == packed.end()) return std::nullopt;
  return expiring() ? packed.element(packed.skip(cursor, 2)).integer() : kNoDeadline;
}

FieldWakeup HashView::wakeup() const {
  if (is_large()) return large().wakeup();
  return expiring() ? FieldWakeup::load(view_.bytes.data()) : FieldWakeup();
}

bool HashView::all_due(std::int64_t now_ms) const {
  if (!wakeup().due(now_ms)) return false;
  if (is_large()) return large().all_due(now_ms) || large().empty();
  bool all = true;
  for_each([&](std::string_view, std::string_view, std::int64_t deadline_ms) {
    all = all && deadline_ms != kNoDeadline && deadline_ms <= now_ms;
  });
  return all;
}

// ---- By chance

void HashView::draw(std::uint64_t count, Rng& rng, const Visit& visit) const {
  if (!is_large()) return draw_from_packed(count, rng, visit);
  if (large().mostly_ghosts()) return draw_among_ghosts(count, rng, visit);
  for (; count > 0; --count) {
    const HashField& field = large().random(rng);
    visit(field.field(), field.value());
  }
}

void HashView::draw_from_packed(std::uint64_t count, Rng& rng, const Visit& visit) const {
  const PackedList packed = list();
  const auto show = [&](Cursor cursor) {
    Scratch scratches[2];
    PackedElement field;
    PackedElement value;
    packed.read(packed.read(cursor, field), value);
    visit(field.text(scratches[0]), value.text(scratches[1]));
  };
  if (count == 1) return show(packed.skip(packed.begin(), rng.below(size()) * stride()));
  const std::vector<Cursor> cursors = packed.cursors(stride());
  for (; count > 0; --count) show(cursors[rng.below(cursors.size())]);
}

// Of a large hash in which hardly any draw would hit what is there.
void HashView::draw_among_ghosts(std::uint64_t count, Rng& rng, const Visit& visit) const {
  std::vector<const HashField*> fields;
  fields.reserve(size());
  large().for_each([&fields](const HashField& field) { fields.push_back(&field); });
  for (; count > 0; --count) {
    const HashField& field = *fields[rng.below(fields.size())];
    visit(field.field(), field.value());
  }
}

void HashView::sample(std::size_t count, Rng& rng, const Visit& visit) const {
  // Where every third is wanted, drawing would often hit what it has already.
  const bool by_draws = is_large() && count < size() / 3 && !large().mostly_ghosts();
  by_draws ? sample_by_draws(count, rng, visit) : sample_by_pass(count, rng, visit);
}

void HashView::sample_by_draws(std::size_t count, Rng& rng, const Visit& visit) const {
  std::unordered_set<const HashField*> chosen;
  chosen.reserve(count);
  while (chosen.size() < count) {
    const HashField& field = large().random(rng);
    if (chosen.insert(&field).second) visit(field.field(), field.value());
  }
}

// Goes through all and takes each with the probability that is right given what has been taken: D.
// E. Knuth, "The Art of Computer Programming", vol. 2, 3.4.2, algorithm S.
void HashView::sample_by_pass(std::size_t count, Rng& rng, const Visit& visit) const {
  std::size_t left = size();
  count = std::min(count, left);
  for_each([&](std::string_view field, std::string_view value, std::int64_t) {
    if (count == 0 || rng.below(left--) >= count) return;
    --count;
    visit(field, value);
  });
}

// ---- Writing ------------------------------------------------------------------------------------

// The packed list of a kPackedExpiring hash, as a store for edits.
class Hash::ExpiringList {
 public:
  explicit ExpiringList(CollectionCell& cell) : cell_(cell) {}

  std::string_view bytes() const { return cell_.bytes().substr(FieldWakeup::kBytes); }
  char* data() { return cell_.data() + FieldWakeup::kBytes; }
  char* splice(std::size_t offset, std::size_t removed, std::size_t inserted) {
    return cell_.splice(offset + FieldWakeup::kBytes, removed, inserted);
  }

 private:
  CollectionCell& cell_;
};

// Whether the packed encodings take such fields and values, in whatever number.
bool Hash::fit_packed(Strings strings) const {
  std::size_t bytes = cell_.vacant() ? 0 : cell_.bytes().size();
  for (const std::string_view string : strings) {
    if (string.size() > limits_.max_packed_value_bytes) return false;
    bytes += string.size();
  }
  return bytes <= kMaxPackedBytes;
}

void Hash::make_large() {
  auto* large = new LargeHash(cell_.heap());
  view().for_each([large](std::string_view field, std::string_view value, std::int64_t deadline) {
    large->set(LargeHash::Name(field), value, deadline);
  });
  cell_.put_large(large);
}

// Also makes a vacant cell an empty hash, which is for the caller to fill.
void Hash::make_expiring() {
  PackedString list;
  const PackedProbe none(kNoDeadline);
  view().list().for_each_pair([&](const PackedElement& field, const PackedElement& value) {
    list.append_pair(PackedProbe(field), PackedProbe(value));
    list.append(none);
  });
  std::string bytes(FieldWakeup::kBytes, '\0');
  FieldWakeup().save(bytes.data());
  bytes += list.bytes();
  cell_.put_bytes(CollectionEncoding::kPackedExpiring, bytes);
}

void Hash::set_wakeup(const FieldWakeup& wakeup) {
  if (is_large()) {
    large().wakeup() = wakeup;
  } else {
    wakeup.save(cell_.data());
  }
}

// ---- Setting

bool Hash::set(std::string_view field, std::string_view value, std::int64_t deadline_ms) {
  if (is_large()) [[likely]]
    return large().set(LargeHash::Name(field), value, deadline_ms);
  const std::string_view pair[] = {field, value};
  return set_all(pair, deadline_ms) > 0;
}

std::size_t Hash::set_all(Strings pairs, std::int64_t deadline_ms) {
  if (!is_large() && !fit_packed(pairs)) make_large();
  std::size_t added = 0;
  if (!is_large() && deadline_ms > kNoDeadline) {
    if (cell_.vacant() || cell_.encoding() == CollectionEncoding::kPacked) make_expiring();
  } else if (cell_.vacant()) {
    added = start(pairs);
  }
  for (; !is_large() && !pairs.empty(); pairs = pairs.subspan(2)) {
    added += set_packed(pairs[0], pairs[1], deadline_ms) ? 1 : 0;
  }
  return added + set_large(pairs, deadline_ms);
}

// Makes a packed hash of those pairs, from the front, that one takes, and takes them off. Returns
// how many were new.
std::size_t Hash::start(Strings& pairs) {
  PackedString list;
  std::size_t fields = 0;
  for (; !pairs.empty() && fields <= limits_.max_packed_entries; pairs = pairs.subspan(2)) {
    fields += set_in(list, pairs[0], pairs[1]) ? 1 : 0;
  }
  cell_.put_bytes(CollectionEncoding::kPacked, list.bytes());
  if (fields > limits_.max_packed_entries) make_large();
  return fields;
}

bool Hash::set_packed(std::string_view field, std::string_view value, std::int64_t deadline_ms) {
  const bool expiring = cell_.encoding() == CollectionEncoding::kPackedExpiring;
  const bool added =
      expiring ? set_expiring(field, value, deadline_ms) : set_in(cell_, field, value);
  if (added && view().size() > limits_.max_packed_entries) make_large();
  return added;
}

bool Hash::set_expiring(std::string_view field, std::string_view value, std::int64_t deadline_ms) {
  ExpiringList store(cell_);
  const PackedList list(store.bytes());
  const PackedProbe name(field);
  const PackedProbe text(value);
  const Cursor found = list.find(name, list.begin(), 3);
  if (found == list.end()) {
    deadline_ms = std::max(deadline_ms, kNoDeadline);
    const PackedProbe deadline(deadline_ms);
    const std::size_t bytes =
        name.encoded_bytes() + text.encoded_bytes() + deadline.encoded_bytes();
    deadline.write(text.write(name.write(store.splice(found, 0, bytes))));
    packed::adjust_count(store, 0, 3);
    deadline_changed(kNoDeadline, deadline_ms);
    return true;
  }
  const Cursor value_at = list.next(found);
  const std::int64_t before_ms = list.element(list.next(value_at)).integer();
  const Cursor deadline_at = packed::replace(store, value_at, text);
  if (deadline_ms == kKeepDeadline || deadline_ms == before_ms) return false;
  packed::replace(store, deadline_at, PackedProbe(deadline_ms));
  deadline_changed(before_ms, deadline_ms);
  return false;
}

std::size_t Hash::set_large(Strings pairs, std::int64_t deadline_ms) {
  if (pairs.size() == 2) return set(pairs[0], pairs[1], deadline_ms) ? 1 : 0;
  std::array<LargeHash::Name, LargeHash::kBatch> names;
  std::size_t added = 0;
  while (!pairs.empty()) {
    const std::size_t count = std::min(pairs.size() / 2, names.size());
    for (std::size_t i = 0; i < count; ++i) names[i] = LargeHash::Name(pairs[2 * i]);
    large().prefetch(std::span(names).first(count));
    for (std::size_t i = 0; i < count; ++i) {
      added += large().set(names[i], pairs[2 * i + 1], deadline_ms) ? 1 : 0;
    }
    pairs = pairs.subspan(2 * count);
  }
  return added;
}

// ---- Erasing

bool Hash::erase(std::string_view field) {
  if (cell_.vacant()) return false;
  if (!is_large()) return erase_packed(field);
  const bool erased = large().erase(LargeHash::Name(field));
  if (erased && large().empty()) cell_.vacate();
  return erased;
}

std::size_t Hash::erase_all(Strings fields) {
  std::size_t erased = 0;
  if (!is_large() || fields.size() == 1) {
    for (const std::string_view field : fields) erased += erase(field) ? 1 : 0;
    return erased;
  }
  std::array<LargeHash::Name, LargeHash::kBatch> names;
  while (!fields.empty() && !large().empty()) {
    const std::size_t count = std::min(fields.size(), names.size());
    for (std::size_t i = 0; i < count; ++i) names[i] = LargeHash::Name(fields[i]);
    large().prefetch(std::span(names).first(count));
    for (std::size_t i = 0; i < count; ++i) erased += large().erase(names[i]) ? 1 : 0;
    fields = fields.subspan(count);
  }
  if (large().empty()) cell_.vacate();
  return erased;
}

bool Hash::erase_packed(std::string_view field) {
  const Cursor found = view().find(field);
  if (found == view().list().end()) return false;
  if (cell_.encoding() == CollectionEncoding::kPacked) {
    packed::erase(cell_, found, 2);
    if (view().size() == 0) cell_.vacate();
    return true;
  }
  ExpiringList store(cell_);
  const PackedList list(store.bytes());
  const std::int64_t before_ms = list.element(list.skip(found, 2)).integer();
  packed::erase(store, found, 3);
  if (PackedList(store.bytes()).empty()) {
    cell_.vacate();
  } else {
    deadline_changed(before_ms, kNoDeadline);
  }
  return true;
}

// ---- Deadlines

bool Hash::set_deadline(std::string_view field, std::int64_t deadline_ms) {
  if (cell_.vacant()) return false;
  if (is_large()) return large().set_deadline(LargeHash::Name(field), deadline_ms);
  if (cell_.encoding() == CollectionEncoding::kPacked) {
    if (!view().contains(field)) return false;
    if (deadline_ms == kNoDeadline) return true;
    make_expiring();
  }
  ExpiringList store(cell_);
  const PackedList list(store.bytes());
  const Cursor found = view().find(field);
  if (found == list.end()) return false;
  const Cursor deadline_at = list.skip(found, 2);
  const std::int64_t before_ms = list.element(deadline_at).integer();
  packed::replace(store, deadline_at, PackedProbe(deadline_ms));
  deadline_changed(before_ms, deadline_ms);
  return true;
}

// Keeps the wakeup of a kPackedExpiring hash exact. REQUIRES: the list has changed already.
void Hash::deadline_changed(std::int64_t before_ms, std::int64_t after_ms) {
  FieldWakeup wakeup = view().wakeup();
  if (after_ms != kNoDeadline) wakeup.include(after_ms);
  if (before_ms == wakeup.ms && before_ms != after_ms) {
    std::int64_t earliest_ms = FieldWakeup::kNever;
    view().for_each([&](std::string_view, std::string_view, std::int64_t deadline_ms) {
      if (deadline_ms != kNoDeadline) earliest_ms = std::min(earliest_ms, deadline_ms);
    });
    wakeup.raise(earliest_ms);
  }
  set_wakeup(wakeup);
}

std::size_t Hash::expire(std::int64_t now_ms, std::size_t max_fields,
                         const FieldVisit& before_erasing) {
  if (cell_.vacant() || !view().wakeup().due(now_ms)) return 0;
  if (!is_large()) return expire_packed(now_ms, before_erasing);
  std::size_t expired = 0;
  if (!large().all_due(now_ms)) {
    expired = large().expire(now_ms, max_fields, before_erasing);
    if (!large().empty()) return expired;
  }
  expired += large().size_with_ghosts();
  large().unhide();
  cell_.vacate();
  return expired;
}

// One pass; neighbours that are due go together.
std::size_t Hash::expire_packed(std::int64_t now_ms, const FieldVisit& before_erasing) {
  ExpiringList store(cell_);
  std::int64_t earliest_ms = FieldWakeup::kNever;
  std::size_t expired = 0;
  for (Cursor cursor = PackedList::kHeaderBytes; cursor != store.bytes().size();) {
    const PackedList list(store.bytes());
    std::size_t due = 0;
    std::int64_t deadline_ms = kNoDeadline;
    for (Cursor at = cursor; at != list.end(); ++due) {
      PackedElement name;
      PackedElement::Scratch scratch;
      PackedElement deadline;
      list.read(at, name);
      at = list.read(list.skip(at, 2), deadline);
      deadline_ms = deadline.integer();
      if (deadline_ms == kNoDeadline || deadline_ms > now_ms) break;
      if (before_erasing) before_erasing(name.text(scratch));
    }
    if (due > 0) {
      packed::erase(store, cursor, 3 * due);
      expired += due;
    } else {
      if (deadline_ms != kNoDeadline) earliest_ms = std::min(earliest_ms, deadline_ms);
      cursor = list.skip(cursor, 3);
    }
  }
  if (PackedList(store.bytes()).empty()) {
    cell_.vacate();
    return expired;
  }
  FieldWakeup wakeup = view().wakeup();
  wakeup.raise(earliest_ms);
  set_wakeup(wakeup);
  return expired;
}

}  // namespace tarn
