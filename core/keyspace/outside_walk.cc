#include "core/keyspace/outside_walk.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/memory/blob.h"

namespace tarn {
namespace {

// A walk over all keys is worth this part of malloc's slabs.
constexpr std::size_t kWorthwhileShare = 16;
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
  std::array<const Entry*, 64> found;
  std::size_t found_count = 0;
  const std::uint64_t next = scan(cursor, [&](const Entry& entry) {
    const void* object = object_outside(entry);
    if (object == nullptr) return;
    if (found_count < found.size() && wanted(object)) {
      found[found_count++] = &entry;
    } else {
      ++gathered.left;
    }
  });
  for (std::size_t i = 0; i < found_count; ++i) {
    ++(move_outside(const_cast<Entry&>(*found[i])) ? gathered.moved : gathered.left);
  }
  return next;
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
  MallocSlabs::Usage usage = malloc_.count();
  if (walking_) return usage;
  immovable_bytes_ = std::min(immovable_bytes_, usage.sparse);
  usage.sparse -= immovable_bytes_;
  if (usage.sparse * kWorthwhileShare < usage.resident) usage.sparse = 0;
  return usage;
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
  step.more = true;
  if (database_ == databases_.size()) {
    end();
    step.more = usage().sparse != 0;
  }
  return step;
}

void OutsideWalk::begin() {
  walking_ = true;
  database_ = 0;
  cursor_ = 0;
  walked_ = {};
}

void OutsideWalk::end() {
  walking_ = false;
  if (walked_.moved * kMovedShare > walked_.moved + walked_.left) return;
  immovable_bytes_ = malloc_.count().sparse;
}

}  // namespace tarn
