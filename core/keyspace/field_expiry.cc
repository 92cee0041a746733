#include <algorithm>
#include <string>

#include "core/base/assert.h"
#include "core/keyspace/collection_edit.h"
#include "core/keyspace/keyspace.h"
#include "core/types/hash.h"

// Deadlines of the fields of hashes.
//
// A hash itself knows which of its fields are due (see Hash and LargeHash). The keyspace knows for
// each hash when to look after it:
//
//  1. The hash keeps the time of its earliest deadline, or an earlier one, in its FieldWakeup. The
//     keyspace has an item for it in a timing wheel of its own: the key's hash, and a ticket that
//     the FieldWakeup has too. Nothing points into memory, as with the deadlines of keys.
//  2. When an edit of the hash is committed that brought an earlier deadline, the hash gets a new
//     ticket and a new item. The old item is then stale: nobody has its ticket.
//  3. When an item comes up, and the hash has nothing due by now, it moves on to the time that the
//     hash says. Otherwise it leaves the wheel and joins the queue of hashes that are due; these
//     take turns, a slice of fields each, and go back to the wheel when nothing is due any more. So
//     a hash with a million due fields keeps nobody waiting: neither clients nor other hashes.
//  4. Somebody who looks at a hash of the queue erases a slice too, and sees nothing of the rest.
//     A hash of which all fields are due goes as a whole.
//
// Invariant: for every hash with a field that has a deadline, an item with its ticket is in the
// queue, or in the wheel in a slot no later than FieldWakeup::ms. `field_expires_` counts tickets.

namespace tarn {
namespace {

constexpr std::uint64_t wheel_item(std::uint64_t hash, std::uint16_t ticket) {
  return hash | std::uint64_t{ticket} << kHashBits;
}

// What a hash says of its fields; nothing for other values, or where the value is moving out.
FieldWakeup wakeup_of(const Entry& entry) {
  if (entry.type() != Type::kHash || entry.holds_compressed_collection()) return {};
  if (entry.holds_large_collection() && entry.collection() == nullptr) return {};
  return HashView(entry.collection_view()).wakeup();
}

void set_wakeup(Entry& entry, const FieldWakeup& wakeup) {
  if (entry.holds_large_collection()) {
    static_cast<LargeHash*>(entry.collection())->wakeup() = wakeup;
  } else {
    wakeup.save(entry.mutable_value());
  }
}

}  // namespace

// Finds the hashes that items of the wheel stand for.
class Keyspace::FieldWheelVisitor {
 public:
  explicit FieldWheelVisitor(Keyspace& keyspace) : keyspace_(keyspace) {}

  void prefetch(std::span<const std::uint64_t> items) const { keyspace_.prefetch_entries(items); }

  std::optional<std::int64_t> visit(std::uint64_t item) {
    const EntryTable::Slot slot = keyspace_.find_hash_of(item);
    if (!slot) return std::nullopt;
    const FieldWakeup wakeup = wakeup_of(*slot.get());
    if (!wakeup.due(keyspace_.now_ms())) return wakeup.ms;
    keyspace_.hashes_due_.push_back(item);
    return std::nullopt;
  }

 private:
  Keyspace& keyspace_;
};

EntryTable::Slot Keyspace::find_hash_of(std::uint64_t item) {
  const std::uint64_t hash = item & kHashMask;
  const auto ticket = static_cast<std::uint16_t>(item >> kHashBits);
  return table_.find_slot(hash, [&](const Entry& entry) {
    return wakeup_of(entry).ticket == ticket && EntryTraits::hash(entry) == hash;
  });
}

// ---- Looking

bool Keyspace::fields_due(const Entry& entry) const {
  return wakeup_of(entry).due(now_ms()) && !context_.suspend_expiry;
}

bool Keyspace::all_fields_due(const Entry& entry) const {
  return fields_due(entry) && HashView(entry.collection_view()).all_due(now_ms());
}

// Erases fields that are due, at least those that hide others. Returns the entry, which may have
// moved, or nullptr if the key is gone.
Entry* Keyspace::expire_fields(EntryTable::Slot slot, std::size_t max_fields) {
  // The entry may move while the hash shrinks.
  const std::string name(slot.get()->key());
  const Key key(name);
  CollectionEdit edit(*this, key, *slot.get());
  const HashLimits limits;
  FieldVisit tell;
  if (context_.observer != nullptr) {
    tell = [&](std::string_view field) { context_.observer->field_expired(*this, name, field); };
  }
  const std::size_t expired = Hash(edit, limits).expire(now_ms(), max_fields, tell);
  context_.stats.expired_fields += expired;
  const CollectionEdit::Outcome outcome = edit.commit(expired);
  if (edit.entry_ != nullptr) schedule_fields(*edit.entry_, key.hash);
  const bool gone = outcome == CollectionEdit::Outcome::kDeleted;
  if (expired > 0 && context_.observer != nullptr) {
    context_.observer->fields_expired(*this, name, gone);
  }
  return edit.entry_;
}

// ---- Scheduling

// To be called when a hash was changed under its key.
void Keyspace::schedule_fields(Entry& entry, std::uint64_t hash) {
  FieldWakeup wakeup = wakeup_of(entry);
  const bool has_item = wakeup.ticket != FieldWakeup::kNoTicket;
  const bool wanted = wakeup.ms != FieldWakeup::kNever;
  if (has_item == wanted && !wakeup.changed) [[likely]]
    return;
  wakeup.changed = false;
  wakeup.ticket = FieldWakeup::kNoTicket;
  if (wanted) {
    wakeup.ticket = next_field_ticket_++;
    if (next_field_ticket_ == FieldWakeup::kNoTicket) next_field_ticket_ = 0;
    field_wheel_.add(wakeup.ms, wheel_item(hash, wakeup.ticket));
    ++context_.stats.deadlines_set;
  }
  field_expires_ += wanted ? 1 : 0;
  field_expires_ -= has_item ? 1 : 0;
  set_wakeup(entry, wakeup);
}

// The same for a hash that has come from elsewhere, with a ticket of another key.
void Keyspace::schedule_fields_anew(Entry& entry, std::uint64_t hash) {
  FieldWakeup wakeup = wakeup_of(entry);
  if (wakeup.ms == FieldWakeup::kNever && wakeup.ticket == FieldWakeup::kNoTicket) return;
  wakeup.ticket = FieldWakeup::kNoTicket;
  set_wakeup(entry, wakeup);
  schedule_fields(entry, hash);
}

// To be called before a value goes, or moves out.
void Keyspace::forget_fields(const Entry& entry) {
  if (wakeup_of(entry).ticket != FieldWakeup::kNoTicket) --field_expires_;
}

// ---- On time

std::int64_t Keyspace::next_expiry_ms() const {
  if (!hashes_due_.empty()) return now_ms();
  return std::min(wheel_.next_wakeup_ms(), field_wheel_.next_wakeup_ms());
}

bool Keyspace::expire_fields_step(std::size_t max_items) {
  if (field_wheel_.empty() && hashes_due_.empty()) return false;
  FieldWheelVisitor visitor(*this);
  const std::int64_t now = std::clamp<std::int64_t>(now_ms(), 0, TimingWheel::kMaxDeadlineMs);
  const TimingWheel::Advance step = field_wheel_.advance(now, max_items, visitor);

  // A field costs about as much as a visit.
  const std::uint64_t expired_before = context_.stats.expired_fields;
  for (std::size_t turns = max_items; turns > 0 && !hashes_due_.empty(); --turns) {
    const std::size_t expired = context_.stats.expired_fields - expired_before;
    if (expired >= max_items) break;
    const std::uint64_t item = hashes_due_.front();
    hashes_due_.pop_front();
    continue_expiring_fields(item, max_items - expired);
  }
  if (step.more || !hashes_due_.empty()) return true;
  if (!sweeping_fields_ && !is_overfull(field_wheel_, field_expires_)) return false;
  if (step.visited_items < max_items) {
    const std::size_t budget = max_items - step.visited_items;
    sweeping_fields_ = !field_wheel_.sweep(budget, visitor).pass_complete;
  }
  return sweeping_fields_ || !hashes_due_.empty();
}

// A turn of a hash in the queue.
void Keyspace::continue_expiring_fields(std::uint64_t item, std::size_t max_fields) {
  const EntryTable::Slot slot = find_hash_of(item);
  if (!slot) return;
  Entry* entry = expire_fields(slot, max_fields);
  if (entry == nullptr) return;
  const FieldWakeup wakeup = wakeup_of(*entry);
  if (wakeup.due(now_ms())) {
    hashes_due_.push_back(item);
  } else if (wakeup.ms != FieldWakeup::kNever) {
    field_wheel_.add(wakeup.ms, item);
  }
}

}  // namespace tarn
