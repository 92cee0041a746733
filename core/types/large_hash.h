#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "core/types/collection.h"
#include "core/types/field_deadlines.h"
#include "core/types/field_wakeup.h"
#include "core/types/hash_field.h"

namespace tarn {

// A large hash: a table of fields, each of which is one allocation with its value (hash_field.h),
// and an index of those that have deadlines (field_deadlines.h), which is made with the first one.
//
// A field is present until its deadline. expire() is told what time it is; it erases what is due,
// as far as it may, and from then on what it did not get to is there no more for anybody: such
// fields are called ghosts. So whoever looks at a hash with deadlines calls expire() first, and
// need not wait for the end of a mass expiry.
//
// A field and value of 8 bytes take 24 bytes in their slab and some 7 to 14 in the table; a
// deadline adds 6.5 to 9 in the index and, for most sizes, nothing to the field.
class LargeHash final : public Collection {
 public:
  // A field as a command names it: its bytes, hashed once, and where a prefetch found its bucket.
  // Refers to the bytes.
  struct Name {
    Name() = default;
    explicit Name(std::string_view field) : bytes(field), hash(hash_bytes(field)) {}

    std::string_view bytes;
    std::uint64_t hash = 0;
    HashFieldTable::Hint hint{};
  };
  // How many names go through prefetch() together.
  static constexpr std::size_t kBatch = 16;

  explicit LargeHash(ObjectHeap& heap) : Collection(heap) {}

  // O(1) unless time has passed that made ghosts, which are counted only then.
  std::size_t size() const override {
    if (counted_ms_ != clock_ms_) count_ghosts();
    return table_.size() - ghosts_;
  }
  bool empty() const { return deadlines() == table_.size() && size() == 0; }
  std::size_t size_with_ghosts() const { return table_.size(); }
  std::size_t memory_bytes() const override;
  LargeHash* clone() const override;
  bool dismantle(std::size_t max_fields) override;
  std::uint64_t gather(std::uint64_t cursor, std::size_t max_elements, Gathered& gathered) override;
  std::uint64_t move_outside(std::uint64_t cursor, OutsideMover& mover) override;
  LargeHash* move() override;
  void prefetch_members(std::span<const std::string_view> fields) const override;
  HashTableStats table_stats() const { return table_.stats(); }

  // ---- Fields ------------------------------------------------------------------------------

  // Brings what a look at these fields needs into the cache.
  void prefetch(std::span<Name> names) const;

  // The field, or nullptr. Valid until the hash is changed.
  const HashField* find(const Name& name) const {
    const HashField* field = find_slot(name).get();
    return field == nullptr || is_ghost(*field) ? nullptr : field;
  }
  bool contains(const Name& name) const { return find(name) != nullptr; }

  // Gives the field a value and a deadline, or none, or the one that it has (kKeepDeadline).
  // Returns whether the field is new.
  bool set(const Name& name, std::string_view value, std::int64_t deadline_ms);
  // Returns whether there was such a field.
  bool erase(const Name& name);
  // The same; kNoDeadline takes the deadline away.
  bool set_deadline(const Name& name, std::int64_t deadline_ms);

  // ---- Deadlines ---------------------------------------------------------------------------

  // Kept for the keyspace, which also writes it.
  FieldWakeup& wakeup() { return wakeup_; }
  const FieldWakeup& wakeup() const { return wakeup_; }
  // Fields that have a deadline, ghosts among them.
  std::size_t deadlines() const { return deadlines_ == nullptr ? 0 : deadlines_->size(); }

  // Erases up to about `max_fields` of the fields that are due and makes ghosts of the others.
  // Returns how many were erased.
  std::size_t expire(std::int64_t now_ms, std::size_t max_fields,
                     const FieldVisit& before_erasing = {});
  // Whether it is certain at once that every field is due.
  bool all_due(std::int64_t now_ms) const;
  // Makes ordinary fields of the ghosts, as which they cost less in what is about to be taken down.
  void unhide();

  // ---- All fields --------------------------------------------------------------------------

  // Calls fn(const HashField&) for all, in no particular order. fn must not change the hash.
  template <class Fn>
  void for_each(Fn&& fn) const {
    table_.for_each([&](const HashField* field) {
      if (!is_ghost(*field)) fn(*field);
    });
  }
  // The same a bit at a time: see HashTable::for_some.
  using Progress = HashFieldTable::Progress;
  template <class Fn>
  bool for_some(Progress& progress, Fn&& fn) const {
    return table_.for_some(progress,
                           [&](const HashField* field) { return is_ghost(*field) || fn(*field); });
  }
  // One step of HSCAN: see HashTable::scan.
  template <class Fn>
  std::uint64_t scan(std::uint64_t cursor, Fn&& fn) const {
    return table_.scan(cursor, [&](const HashField* field) {
      if (!is_ghost(*field)) fn(*field);
    });
  }
  // One field, each with the same probability. Expected O(1) unless most are ghosts.
  // REQUIRES: size() > 0
  template <class Rng>
  const HashField& random(Rng& rng) const {
    for (;;) {
      const HashField* field = table_.random(rng);
      if (!is_ghost(*field)) return *field;
    }
  }
  bool mostly_ghosts() const { return size() < table_.size() / 2; }

  // Asserts every invariant. O(n), for tests.
  void check() const;

 private:
  using Slot = HashFieldTable::Slot;

  static constexpr std::int64_t kNoGhosts = 0;

  bool is_ghost(const HashField& field) const {
    if (clock_ms_ == kNoGhosts) [[likely]]
      return false;
    return field.has_deadline() && field.deadline_ms() <= clock_ms_;
  }
  Slot find_slot(const Name& name) const {
    return table_.find_slot(
        name.hash, [&name](const HashField& field) { return field.field() == name.bytes; },
        name.hint);
  }

  HashField* make(std::string_view field, std::string_view value, std::int64_t deadline_ms);
  void free(HashField* field);
  void rewrite(Slot slot, const Name& name, std::string_view value, std::int64_t deadline_ms);

  void will_have(std::uint64_t hash, std::int64_t deadline_ms);
  void had(std::uint64_t hash, std::int64_t deadline_ms);
  std::size_t erase_due(std::uint64_t hash, std::int64_t now_ms, const FieldVisit& before_erasing);
  void uncount(std::int64_t deadline_ms);
  void count_ghosts() const;

  HashFieldTable table_;
  std::size_t allocated_bytes_ = 0;  // of fields
  std::unique_ptr<FieldDeadlines> deadlines_;
  FieldWakeup wakeup_;
  std::int64_t clock_ms_ = kNoGhosts;            // fields due by then are ghosts
  mutable std::int64_t counted_ms_ = kNoGhosts;  // those due by then have been counted
  mutable std::size_t ghosts_ = 0;
};

}  // namespace tarn
