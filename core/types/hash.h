#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/base/random.h"
#include "core/containers/packed_list.h"
#include "core/types/collection.h"
#include "core/types/field_wakeup.h"
#include "core/types/large_hash.h"

namespace tarn {

// Hashes. They are stored in one of three ways:
//
//   kPacked           a packed list: field, value, field, value ...
//   kPackedExpiring   the hash's FieldWakeup, then a packed list: field, value, deadline ...; a
//                     deadline is Unix time in milliseconds, 0 for none
//   kLarge            a hash table: LargeHash
//
// A hash starts packed, gets room for deadlines with the first of them, and becomes large when it
// gets too many fields, or too long ones. It never goes back.
//
// Who opens a hash that has deadlines (the keyspace does) first calls Hash::expire(). In the packed
// encodings this erases all that is due, in the large one it hides what it does not erase.

// How many fields, and how long fields and values, the packed encodings take.
struct HashLimits {
  std::size_t max_packed_entries = 512;
  std::size_t max_packed_value_bytes = 64;
};

// A hash for reading. A view: good until the hash is changed.
class HashView {
 public:
  // Room for the text of a number.
  using Scratch = PackedElement::Scratch;
  // Hears of a field; the views are good during the call only.
  using Visit = std::function<void(std::string_view field, std::string_view value)>;

  // The empty hash, which no key holds.
  HashView() : view_{CollectionEncoding::kPacked, kEmptyPackedList, nullptr} {}
  // REQUIRES: the value of a hash
  HashView(const CollectionView& view) : view_(view) {}

  CollectionEncoding encoding() const { return view_.encoding; }
  bool is_large() const { return view_.encoding == CollectionEncoding::kLarge; }
  // What a large one is; nullptr for others.
  Collection* large_collection() const { return view_.large; }
  std::size_t size() const;

  // The value of a field, or nothing. It may lie in `scratch`. O(1); packed: O(n)
  std::optional<std::string_view> get(std::string_view field, Scratch& scratch) const;
  bool contains(std::string_view field) const;
  // kNoDeadline for a field without one; nothing where there is no such field.
  std::optional<std::int64_t> deadline_ms(std::string_view field) const;
  // Calls fn(std::optional<std::string_view>) with the value of each of the fields, in order. In a
  // large hash their cache misses overlap.
  template <class Fn>
  void get_each(std::span<const std::string_view> fields, Fn&& fn) const;

  // Calls fn(field, value, deadline_ms) for all, in no particular order; the first two are
  // std::string_view and good during the call only.
  template <class Fn>
  void for_each(Fn&& fn) const;
  // Calls bool fn(field, value) for some fields of a large hash: see HashTable::for_some.
  // REQUIRES: is_large()
  template <class Fn>
  bool for_some(LargeHash::Progress& progress, Fn&& fn) const {
    return large().for_some(
        progress, [&fn](const HashField& field) { return fn(field.field(), field.value()); });
  }
  // One step of HSCAN over a large hash: calls fn(field, value) for some fields and returns the
  // cursor of the next step, 0 at the end. Here the views are good until the hash is changed. The
  // guarantees are those of HashTable::scan. REQUIRES: is_large()
  template <class Fn>
  std::uint64_t scan(std::uint64_t cursor, Fn&& fn) const {
    return large().scan(cursor,
                        [&fn](const HashField& field) { fn(field.field(), field.value()); });
  }

  // Chooses `count` fields, each of them as if it were the only one. REQUIRES: not empty
  void draw(std::uint64_t count, Rng& rng, const Visit& visit) const;
  // Chooses `count` different fields (all, if there are no more), each choice of so many with the
  // same probability, in no particular order.
  void sample(std::size_t count, Rng& rng, const Visit& visit) const;

  // What the keyspace is to know about deadlines.
  FieldWakeup wakeup() const;
  // Whether no field is left that is not due. O(1) unless some are due and others may not be.
  bool all_due(std::int64_t now_ms) const;

 private:
  friend class Hash;
  using Cursor = PackedList::Cursor;

  bool expiring() const { return view_.encoding == CollectionEncoding::kPackedExpiring; }
  // Elements a field.
  unsigned stride() const { return expiring() ? 3 : 2; }
  PackedList list() const {
    return PackedList(expiring() ? view_.bytes.substr(FieldWakeup::kBytes) : view_.bytes);
  }
  const LargeHash& large() const { return static_cast<const LargeHash&>(*view_.large); }
  Cursor find(std::string_view field) const;

  void draw_from_packed(std::uint64_t count, Rng& rng, const Visit& visit) const;
  void draw_among_ghosts(std::uint64_t count, Rng& rng, const Visit& visit) const;
  void sample_by_pass(std::size_t count, Rng& rng, const Visit& visit) const;
  void sample_by_draws(std::size_t count, Rng& rng, const Visit& visit) const;

  CollectionView view_;
};

// A hash for writing, in a cell. What is given to it must not lie in the cell.
//
// Where a deadline is expected, it is a Unix time in milliseconds (at most FieldWakeup::kMaxMs),
// kNoDeadline, or kKeepDeadline for the one that the field has.
class Hash {
 public:
  // REQUIRES: the cell is vacant or holds a hash, and the limits outlive this object.
  Hash(CollectionCell& cell, const HashLimits& limits) : cell_(cell), limits_(limits) {}

  // Empty where the cell is vacant.
  HashView view() const { return cell_.vacant() ? HashView() : HashView(cell_.view()); }

  using Strings = std::span<const std::string_view>;

  // Returns whether the field is new.
  bool set(std::string_view field, std::string_view value, std::int64_t deadline_ms = kNoDeadline);
  // The same for fields and their values in turn; returns how many are new.
  // REQUIRES: an even number, not 0
  std::size_t set_all(Strings pairs, std::int64_t deadline_ms = kNoDeadline);
  // Return whether there was such a field, and how many there were.
  bool erase(std::string_view field);
  std::size_t erase_all(Strings fields);
  // Returns whether there is such a field. kNoDeadline takes its deadline away.
  bool set_deadline(std::string_view field, std::int64_t deadline_ms);

  // Erases fields that are due: all of a packed hash, up to about `max_fields` of a large one, and
  // hides the others. A hash of which nothing is left is vacated at once, whatever its size.
  // Returns how many fields are gone from sight. `before_erasing` is shown each, unless all go.
  std::size_t expire(std::int64_t now_ms, std::size_t max_fields,
                     const FieldVisit& before_erasing = {});

  // Replaces what the keyspace is to know. REQUIRES: not vacant, and not kPacked
  void set_wakeup(const FieldWakeup& wakeup);

 private:
  class ExpiringList;
  using Cursor = PackedList::Cursor;

  bool is_large() const {
    return !cell_.vacant() && cell_.encoding() == CollectionEncoding::kLarge;
  }
  LargeHash& large() const { return static_cast<LargeHash&>(*cell_.large()); }

  bool fit_packed(Strings strings) const;
  void make_large();
  void make_expiring();
  std::size_t start(Strings& pairs);

  bool set_packed(std::string_view field, std::string_view value, std::int64_t deadline_ms);
  bool set_expiring(std::string_view field, std::string_view value, std::int64_t deadline_ms);
  std::size_t set_large(Strings pairs, std::int64_t deadline_ms);
  bool erase_packed(std::string_view field);
  void deadline_changed(std::int64_t before_ms, std::int64_t after_ms);
  std::size_t expire_packed(std::int64_t now_ms, const FieldVisit& before_erasing);

  CollectionCell& cell_;
  const HashLimits& limits_;
};

// ---- Inline bodies ------------------------------------------------------------------------------

template <class Fn>
void HashView::get_each(std::span<const std::string_view> fields, Fn&& fn) const {
  if (!is_large() || fields.size() == 1) {
    Scratch scratch;
    for (const std::string_view field : fields) fn(get(field, scratch));
    return;
  }
  LargeHash::Name names[LargeHash::kBatch];
  while (!fields.empty()) {
    const std::size_t count = fields.size() < LargeHash::kBatch ? fields.size() : LargeHash::kBatch;
    for (std::size_t i = 0; i < count; ++i) names[i] = LargeHash::Name(fields[i]);
    large().prefetch({names, count});
    for (std::size_t i = 0; i < count; ++i) {
      const HashField* found = large().find(names[i]);
      fn(found == nullptr ? std::nullopt : std::optional(found->value()));
    }
    fields = fields.subspan(count);
  }
}

template <class Fn>
void HashView::for_each(Fn&& fn) const {
  if (is_large()) {
    large().for_each(
        [&fn](const HashField& field) { fn(field.field(), field.value(), field.deadline_ms()); });
    return;
  }
  const PackedList packed = list();
  PackedElement field;
  PackedElement value;
  PackedElement deadline;
  Scratch scratches[2];
  for (Cursor cursor = packed.begin(); cursor != packed.end();) {
    cursor = packed.read(packed.read(cursor, field), value);
    if (expiring()) cursor = packed.read(cursor, deadline);
    fn(field.text(scratches[0]), value.text(scratches[1]),
       expiring() ? deadline.integer() : kNoDeadline);
  }
}

}  // namespace tarn
