#include "core/keyspace/outside_walk.h"

#include <utility>

#include "core/memory/blob.h"

namespace tarn {
namespace {

// A walk that moved less than this part of what it saw need not be repeated.
constexpr std::size_t kMovedShare = 64;

// What the entry has outside of slabs; nullptr where nothing.
const void* object_outside(const Entry& entry) {
  if (entry.holds_blob()) return entry.blob();
  return ObjectHeap::in_slabs(entry.bytes()) ? nullptr : &entry;
}

}  // namespace

// --- The keyspace's part

std::uint64_t Keyspace::move_outside_step(std::uint64_t cursor,
                                          const std::function<bool(const void*)>& wanted,
                                          Gathered& gathered) {
  return table_.scan(cursor, [&](Entry* entry) {
    const void* object = object_outside(*entry);
    if (object == nullptr) return;
    ++(wanted(object) && move_outside(*entry) ? gathered.moved : gathered.left);
  });
}

bool Keyspace::move_outside(Entry& entry) {
  if (!entry.holds_blob()) {
    const std::uint64_t hash = EntryTraits::hash(entry);
    auto* copy = static_cast<Entry*>(heap_.move_outside(&entry, entry.bytes()));
    table_.replace(hash, &entry, copy);
    return true;
  }
  BlobRef blob = BlobRef::attach(entry.blob());
  const bool unread = blob.unique();
  if (unread) blob = Blob::move(std::move(blob));
  entry.set_blob(blob.detach());
  return unread;
}

// --- The walk

MallocSlabs::Usage OutsideWalk::usage() {
  const MallocSlabs::Usage counted = malloc_.count();
  return walking_ ? counted : worthwhile(counted);
}

MallocSlabs::Usage OutsideWalk::worthwhile(MallocSlabs::Usage counted) {
  gain_.note(counted.sparse);
  return {counted.resident, gain_.of(counted.sparse, counted.resident)};
}

OutsideWalk::Step OutsideWalk::step(std::size_t max_keys) {
  Step step;
  if (databases_.context().forked) return step;
  if (!walking_) {
    if (usage().sparse == 0) return step;
    begin();
  }
  const auto wanted = [this](const void* object) { return malloc_.is_sparse(object); };
  for (std::size_t visited = 0; visited < max_keys && database_ < databases_.size();) {
    const std::size_t before = step.objects.moved + step.objects.left;
    cursor_ = databases_[database_].move_outside_step(cursor_, wanted, step.objects);
    visited += 1 + step.objects.moved + step.objects.left - before;
    if (cursor_ == 0) ++database_;
  }
  walked_.moved += step.objects.moved;
  walked_.left += step.objects.left;
  step.more = database_ < databases_.size() || end();
  return step;
}

void OutsideWalk::begin() {
  walking_ = true;
  database_ = 0;
  cursor_ = 0;
  walked_ = {};
}

// Returns whether another walk is worth while.
bool OutsideWalk::end() {
  walking_ = false;
  const MallocSlabs::Usage counted = malloc_.count();
  if (walked_.moved * kMovedShare <= walked_.moved + walked_.left) gain_.set_left(counted.sparse);
  return worthwhile(counted).sparse != 0;
}

}  // namespace tarn
