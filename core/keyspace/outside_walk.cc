#include "core/keyspace/outside_walk.h"

#include <utility>

#include "core/memory/blob.h"

namespace tarn {
namespace {

// A walk that moved less than this part of what it saw need not be repeated.
constexpr std::size_t kMovedShare = 64;

// What the entry refers to, if that is malloc's.
const void* value_outside(const Entry& entry) {
  if (entry.holds_blob()) return entry.blob();
  return entry.holds_large_collection() ? entry.collection() : nullptr;
}

}  // namespace

// --- The keyspace's part

std::uint64_t Keyspace::move_outside_step(std::uint64_t cursor,
                                          const std::function<bool(const void*)>& wanted,
                                          Gathered& gathered) {
  return table_.scan(cursor, [&](Entry* entry) {
    if (const void* value = value_outside(*entry); value != nullptr) {
      ++(wanted(value) && move_value(*entry) ? gathered.moved : gathered.left);
    }
    if (ObjectHeap::in_slabs(entry->bytes())) return;
    const bool moves = wanted(entry);
    if (moves) move_entry(*entry);
    ++(moves ? gathered.moved : gathered.left);
  });
}

void Keyspace::move_entry(Entry& entry) {
  const std::uint64_t hash = EntryTraits::hash(entry);
  auto* copy = static_cast<Entry*>(heap_.move_outside(&entry, entry.bytes()));
  table_.replace(hash, &entry, copy);
}

bool Keyspace::move_value(Entry& entry) {
  if (entry.holds_large_collection()) {
    Collection* collection = entry.collection();
    if (context_.collections->is_read(*collection)) return false;
    Collection* moved = collection->move();
    large_collections_.moved(collection, *moved);
    entry.set_collection(moved);
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
  return stage_ == Stage::kIdle ? worthwhile(counted) : counted;
}

MallocSlabs::Usage OutsideWalk::worthwhile(MallocSlabs::Usage counted) {
  gain_.note(counted.sparse);
  return {counted.resident, gain_.of(counted.sparse, counted.resident)};
}

OutsideWalk::Step OutsideWalk::step(std::size_t max_looks) {
  Step step;
  if (databases_.context().forked) return step;
  if (stage_ == Stage::kIdle) {
    if (usage().sparse == 0) return step;
    begin();
  }
  for (std::size_t looks = 0; looks < max_looks && database_ < databases_.size();) {
    looks += stage_ == Stage::kKeys ? visit_keys(step) : visit_collection(max_looks - looks, step);
  }
  walked_ += step.objects;
  step.more = database_ < databases_.size() || end();
  return step;
}

void OutsideWalk::begin() {
  stage_ = Stage::kKeys;
  database_ = 0;
  cursor_ = 0;
  walked_ = {};
}

std::size_t OutsideWalk::visit_keys(Step& step) {
  Keyspace& keyspace = databases_[database_];
  Gathered visited;
  cursor_ = keyspace.move_outside_step(cursor_, wanted_, visited);
  step.objects += visited;
  step.keys += visited;
  if (cursor_ == 0) {
    keyspace.large_collections().begin_visit(CollectionVisitor::kOutsideWalk);
    stage_ = Stage::kCollections;
  }
  return 1 + visited.moved + visited.left;
}

std::size_t OutsideWalk::visit_collection(std::size_t max_looks, Step& step) {
  CollectionList::Visit& visit =
      databases_[database_].large_collections().visit(CollectionVisitor::kOutsideWalk);
  if (visit.at == nullptr) {
    stage_ = Stage::kKeys;
    ++database_;
    return 1;
  }
  OutsideMover mover(wanted_, max_looks);
  visit.cursor = databases_.context().collections->is_read(*visit.at)
                     ? 0
                     : visit.at->move_outside(visit.cursor, mover);
  step.objects += mover.objects();
  moved_any_ |= mover.objects().moved > 0;
  if (visit.cursor == 0) {
    visit.leave();
    ++(std::exchange(moved_any_, false) ? step.keys.moved : step.keys.left);
  }
  return 1 + max_looks - mover.looks_left();
}

// Returns whether another walk is worth while.
bool OutsideWalk::end() {
  stage_ = Stage::kIdle;
  const MallocSlabs::Usage counted = malloc_.count();
  if (walked_.moved * kMovedShare <= walked_.moved + walked_.left) gain_.set_left(counted.sparse);
  return worthwhile(counted).sparse != 0;
}

}  // namespace tarn
