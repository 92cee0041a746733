#include "core/types/large_hash.h"

#include <algorithm>
#include <array>

#include "core/base/assert.h"
#include "core/types/gathering.h"

namespace tarn {

std::size_t LargeHash::memory_bytes() const {
  std::size_t total = sizeof *this - sizeof table_ + table_.memory_bytes() + allocated_bytes_;
  if (deadlines_ != nullptr) total += sizeof *deadlines_ + deadlines_->memory_bytes();
  return total;
}

LargeHash* LargeHash::clone() const {
  auto* copy = new LargeHash(heap());
  for_each([copy](const HashField& field) {
    copy->set(Name(field.field()), field.value(), field.deadline_ms());
  });
  return copy;
}

bool LargeHash::dismantle(std::size_t max_fields) {
  unhide();
  if (deadlines_ != nullptr) {
    // A bucket costs little more than a field.
    if (deadlines_->clear_step(max_fields)) return true;
    deadlines_.reset();
  }
  return table_.clear_step(max_fields, [this](HashField* field) { free(field); });
}

std::uint64_t LargeHash::gather(std::uint64_t cursor, std::size_t max_elements,
                                Gathered& gathered) {
  return gather_elements(
      table_, heap(), cursor, max_elements, gathered,
      [](const HashField* field) { return field->bytes(); },
      [this](const HashField* from, HashField* to) {
        table_.replace(HashFieldTraits::hash(*to), from, to);
      });
}

std::uint64_t LargeHash::move_outside(std::uint64_t cursor, OutsideMover& mover) {
  return move_elements_outside(
      table_, heap(), cursor, mover, [](const HashField* field) { return field->bytes(); },
      [this](const HashField* from, HashField* to) {
        table_.replace(HashFieldTraits::hash(*to), from, to);
      });
}

LargeHash* LargeHash::move() { return move_collection(this); }

// ---- Fields

HashField* LargeHash::make(std::string_view field, std::string_view value,
                           std::int64_t deadline_ms) {
  const std::size_t bytes = HashField::bytes_for(field, value, deadline_ms);
  void* memory = heap().allocate(bytes);
  allocated_bytes_ += ObjectHeap::usable_bytes(memory, bytes);
  return HashField::construct(memory, field, value, deadline_ms);
}

void LargeHash::free(HashField* field) {
  const std::size_t bytes = field->bytes();
  allocated_bytes_ -= ObjectHeap::usable_bytes(field, bytes);
  heap().deallocate(field, bytes);
}

void LargeHash::prefetch(std::span<Name> names) const {
  for (const Name& name : names) table_.prefetch_directory(name.hash);
  for (Name& name : names) name.hint = table_.locate(name.hash);
  for (Name& name : names) table_.prefetch_element(name.hash, name.hint);
}

void LargeHash::prefetch_members(std::span<const std::string_view> fields) const {
  if (table_.size() < kWorthPrefetching) return;
  std::array<Name, kBatch> names;
  while (!fields.empty()) {
    const std::size_t count = std::min(fields.size(), names.size());
    for (std::size_t i = 0; i < count; ++i) names[i] = Name(fields[i]);
    prefetch(std::span(names).first(count));
    fields = fields.subspan(count);
  }
}

bool LargeHash::set(const Name& name, std::string_view value, std::int64_t deadline_ms) {
  const Slot slot = find_slot(name);
  if (!slot) {
    if (deadline_ms == kKeepDeadline) deadline_ms = kNoDeadline;
    will_have(name.hash, deadline_ms);
    table_.insert(name.hash, make(name.bytes, value, deadline_ms), name.hint);
    return true;
  }
  const std::int64_t before_ms = slot.get()->deadline_ms();
  const bool was_ghost = is_ghost(*slot.get());
  if (deadline_ms == kKeepDeadline) deadline_ms = was_ghost ? kNoDeadline : before_ms;
  if (deadline_ms == before_ms) {
    rewrite(slot, name, value, deadline_ms);
  } else {
    will_have(name.hash, deadline_ms);
    rewrite(slot, name, value, deadline_ms);
    had(name.hash, before_ms);
  }
  return was_ghost;
}

// Puts another value and deadline under a field; in the same memory where its size allows. Neither
// may lie there, unless they are the field's own and stay what they are.
void LargeHash::rewrite(Slot slot, const Name& name, std::string_view value,
                        std::int64_t deadline_ms) {
  HashField* old = slot.get();
  const std::string_view old_value = old->value();
  const bool same_shape = old->has_deadline() == (deadline_ms != kNoDeadline);
  if (same_shape && old_value.size() == value.size()) [[likely]] {
    if (!value.empty())
      std::memmove(const_cast<char*>(old_value.data()), value.data(), value.size());
    if (deadline_ms != kNoDeadline) old->set_deadline_ms(deadline_ms);
    return;
  }
  const std::size_t old_bytes = old->bytes();
  const std::size_t bytes = HashField::bytes_for(name.bytes, value, deadline_ms);
  const bool in_place =
      value.data() != old_value.data() && std::max(old_bytes, bytes) <= SlabAllocator::kMaxBytes &&
      SlabAllocator::usable_bytes(old_bytes) == SlabAllocator::usable_bytes(bytes);
  if (in_place) {
    HashField::construct(old, name.bytes, value, deadline_ms);
  } else {
    slot.replace(make(name.bytes, value, deadline_ms));
    free(old);
  }
}

bool LargeHash::erase(const Name& name) {
  const Slot slot = find_slot(name);
  if (!slot || is_ghost(*slot.get())) return false;
  HashField* field = table_.erase(slot);
  had(name.hash, field->deadline_ms());
  free(field);
  return true;
}

bool LargeHash::set_deadline(const Name& name, std::int64_t deadline_ms) {
  const Slot slot = find_slot(name);
  if (!slot || is_ghost(*slot.get())) return false;
  const std::int64_t before_ms = slot.get()->deadline_ms();
  if (deadline_ms == before_ms) return true;
  will_have(name.hash, deadline_ms);
  rewrite(slot, name, slot.get()->value(), deadline_ms);
  had(name.hash, before_ms);
  return true;
}

// ---- Deadlines

// A field is about to get a deadline, or none.
void LargeHash::will_have(std::uint64_t hash, std::int64_t deadline_ms) {
  if (deadline_ms == kNoDeadline) return;
  if (deadlines_ == nullptr) deadlines_ = std::make_unique<FieldDeadlines>(heap());
  deadlines_->add(table_, hash, deadline_ms);
  wakeup_.include(deadline_ms);
  if (deadline_ms <= counted_ms_) ++ghosts_;
}

// A field has lost its deadline, if it had any.
void LargeHash::had(std::uint64_t hash, std::int64_t deadline_ms) {
  if (deadline_ms == kNoDeadline) return;
  deadlines_->remove(table_, hash, deadline_ms);
  uncount(deadline_ms);
  if (deadlines_->empty()) {
    deadlines_.reset();
    unhide();
  }
}

// A field with this deadline is gone, or has lost it.
void LargeHash::uncount(std::int64_t deadline_ms) {
  if (deadline_ms <= counted_ms_) --ghosts_;
}

void LargeHash::count_ghosts() const {
  ghosts_ += deadlines_->count(table_, counted_ms_, clock_ms_);
  counted_ms_ = clock_ms_;
}

void LargeHash::unhide() {
  clock_ms_ = counted_ms_ = kNoGhosts;
  ghosts_ = 0;
  wakeup_.raise(deadlines_ == nullptr ? FieldWakeup::kNever : deadlines_->earliest_ms());
}

std::size_t LargeHash::expire(std::int64_t now_ms, std::size_t max_fields,
                              const FieldVisit& before_erasing) {
  if (deadlines_ == nullptr) return 0;
  std::array<std::uint64_t, 16> hashes;
  std::size_t erased = 0;
  while (erased < max_fields) {
    const std::size_t count = deadlines_->take_due(table_, now_ms, hashes);
    if (count == 0) break;
    std::array<HashFieldTable::Hint, hashes.size()> hints;
    for (std::size_t i = 0; i < count; ++i) table_.prefetch_directory(hashes[i]);
    for (std::size_t i = 0; i < count; ++i) hints[i] = table_.locate(hashes[i]);
    for (std::size_t i = 0; i < count; ++i) table_.prefetch_element(hashes[i], hints[i]);
    for (std::size_t i = 0; i < count; ++i) erased += erase_due(hashes[i], now_ms, before_erasing);
  }
  if (deadlines_->empty()) deadlines_.reset();
  const bool more = deadlines_ != nullptr && deadlines_->earliest_ms() <= now_ms;
  // Should the clock go back, some are ghosts no more.
  if (!more || now_ms < clock_ms_) unhide();
  if (more) {
    clock_ms_ = now_ms;
    wakeup_.raise(deadlines_->earliest_ms());
  }
  return erased;
}

// Erases the fields of this hash that are due; nearly always one.
std::size_t LargeHash::erase_due(std::uint64_t hash, std::int64_t now_ms,
                                 const FieldVisit& before_erasing) {
  for (std::size_t erased = 0;; ++erased) {
    HashField* field = table_.erase(hash, [&](const HashField& candidate) {
      return candidate.has_deadline() && candidate.deadline_ms() <= now_ms &&
             HashFieldTraits::hash(candidate) == hash;
    });
    if (field == nullptr) return erased;
    if (before_erasing) before_erasing(field->field());
    const std::int64_t deadline_ms = field->deadline_ms();
    deadlines_->taken(hash, deadline_ms);
    uncount(deadline_ms);
    free(field);
  }
}

bool LargeHash::all_due(std::int64_t now_ms) const {
  return deadlines() == table_.size() && deadlines() > 0 && deadlines_->latest_ms() <= now_ms;
}

void LargeHash::check() const {
  table_.check();
  std::size_t bytes = 0;
  std::size_t ghosts = 0;
  table_.for_each([&](const HashField* field) {
    bytes += ObjectHeap::usable_bytes(field, field->bytes());
    if (field->has_deadline()) {
      TARN_ASSERT(field->deadline_ms() >= wakeup_.ms);
      ghosts += field->deadline_ms() <= clock_ms_ ? 1 : 0;
    }
  });
  TARN_ASSERT(bytes == allocated_bytes_ && size() == table_.size() - ghosts);
  if (deadlines_ != nullptr) {
    TARN_ASSERT(!deadlines_->empty());
    deadlines_->check(table_);
  } else {
    TARN_ASSERT(wakeup_.ms == FieldWakeup::kNever);
  }
}

}  // namespace tarn
