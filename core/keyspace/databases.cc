#include "core/keyspace/databases.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "core/memory/blob.h"
#include "core/memory/reclaimer.h"

namespace tarn {
namespace {

constexpr std::size_t kMarksAtOnce = 64;

CollectionList::Visit& visit_in(Keyspace& keyspace) {
  return keyspace.large_collections().visit(CollectionVisitor::kGathering);
}

}  // namespace

Databases::Databases(const Clock& clock, std::size_t count)
    : cas_source_(clock), context_{clock, access_policy_, stats_, collections_.get(), cas_source_} {
  keyspaces_.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    keyspaces_.push_back(std::make_unique<Keyspace>(context_, static_cast<unsigned>(i)));
  }
}

Databases::~Databases() {
  for (const auto& keyspace : keyspaces_) leave_collections(*keyspace);
}

void Databases::track_density(bool wanted) {
  if (wanted == (density_ != nullptr)) return;
  density_ = wanted ? std::make_unique<HitDensity>(context_.clock.now_ms()) : nullptr;
  access_policy_.density = density_.get();
}

void Databases::swap(std::size_t first, std::size_t second) {
  if (first == second) return;
  ++stats_.changes;
  std::swap(keyspaces_[first], keyspaces_[second]);
  keyspaces_[first]->set_index(static_cast<unsigned>(first));
  keyspaces_[second]->set_index(static_cast<unsigned>(second));
  if (context_.observer != nullptr) {
    context_.observer->keyspaces_swapped(*keyspaces_[first], *keyspaces_[second]);
  }
}

std::size_t Databases::flush(std::size_t index) {
  const std::size_t keys = keyspaces_[index]->size();
  if (context_.observer != nullptr) context_.observer->keyspace_flushed(*keyspaces_[index]);
  if (keys == 0) return 0;
  stats_.changes += keys;
  leave_collections(*keyspaces_[index]);
  auto fresh = std::make_unique<Keyspace>(context_, static_cast<unsigned>(index));
  Reclaimer::destroy_later(std::exchange(keyspaces_[index], std::move(fresh)));
  return keys;
}

void Databases::leave_collections(Keyspace& keyspace) {
  collections_->bury_all(keyspace.large_collections());
}

bool Databases::any_collection_lives() const {
  return std::any_of(keyspaces_.begin(), keyspaces_.end(),
                     [](const auto& keyspace) { return !keyspace->large_collections().empty(); });
}

CompressedTotals Databases::compressed() const {
  CompressedTotals total;
  for (const auto& keyspace : keyspaces_) {
    const CompressedTotals& one = keyspace->compressed();
    total.values += one.values;
    total.collections += one.collections;
    total.plain_bytes += one.plain_bytes;
    total.stored_bytes += one.stored_bytes;
  }
  return total;
}

bool Databases::dismantle_step(std::size_t max_elements) {
  if (!collections_->has_waiting()) return false;
  if (any_collection_lives() || collections_->has_readers()) {
    return collections_->dismantle_step(max_elements);
  }
  // Nobody else uses the heap: the helper thread takes it down as a whole.
  Reclaimer::destroy_later(std::exchange(collections_, std::make_unique<CollectionHeap>()));
  context_.collections = collections_.get();
  gathering_ = Gathering::kIdle;
  gather_gain_ = {};
  return false;
}

std::size_t Databases::flush_all() {
  std::size_t keys = 0;
  for (std::size_t i = 0; i < keyspaces_.size(); ++i) keys += flush(i);
  return keys;
}

std::size_t Databases::total_keys() const {
  std::size_t total = 0;
  for (const auto& keyspace : keyspaces_) total += keyspace->size();
  return total;
}

std::size_t Databases::memory_bytes() const {
  std::size_t total = 0;
  for (const auto& keyspace : keyspaces_) total += keyspace->memory_bytes();
  return total;
}

std::size_t Databases::delete_all() {
  const std::size_t keys = flush_all();
  if (on_all_deleted) on_all_deleted();
  return keys;
}

bool Databases::expire_step(std::size_t max_items) {
  if (!context_.active_expiry || context_.suspend_expiry) return false;
  bool more = false;
  for (std::size_t i = 0; i < keyspaces_.size(); ++i) {
    next_to_expire_ = (next_to_expire_ + 1) % keyspaces_.size();
    Keyspace& keyspace = *keyspaces_[next_to_expire_];
    if (!keyspace.has_deadlines()) continue;
    more |= keyspace.expire_step(max_items);
  }
  return more;
}

template <class Visit>
void Databases::for_each_allocator(Visit visit) {
  for (const auto& keyspace : keyspaces_) visit(keyspace->slabs());
  visit(collections_->objects().slabs());
}

void Databases::begin_sharing() {
  TARN_ASSERT(!context_.forked);
  for_each_allocator([](SlabAllocator& slabs) { slabs.begin_sharing(); });
  Blob::pages_are_shared(true);
  context_.forked = true;
}

void Databases::end_sharing() {
  if (!context_.forked) return;
  for_each_allocator([](SlabAllocator& slabs) { slabs.end_sharing(); });
  Blob::pages_are_shared(false);
  context_.forked = false;
  unsettled_ = true;
}

bool Databases::settle_step(std::size_t max_objects) {
  if (!has_to_settle()) return false;
  unsettled_ = false;
  for_each_allocator([&](SlabAllocator& slabs) {
    if (!unsettled_) unsettled_ = slabs.free_postponed(max_objects);
  });
  return unsettled_;
}

SlabAllocator::EvacuationStep Databases::evacuate_step(std::size_t max_moves) {
  for (std::size_t tried = 0; tried < keyspaces_.size(); ++tried) {
    auto step = keyspaces_[next_to_evacuate_]->evacuate_step(max_moves);
    if (step.more) return step;
    next_to_evacuate_ = (next_to_evacuate_ + 1) % keyspaces_.size();
    if (step.moved_objects + step.refused_objects == 0) continue;
    step.more = true;
    return step;
  }
  return {};
}

std::size_t Databases::gatherable_bytes() const {
  const SlabAllocator& slabs = collections_->objects().slabs();
  const std::size_t sparse = slabs.bytes_sparse();
  if (gathering_ != Gathering::kIdle) return sparse;
  return gather_gain_.of(sparse, slabs.bytes_resident());
}

Databases::GatherStep Databases::gather_step(std::size_t max_elements) {
  if (context_.forked) return {};
  GatherStep step;
  SlabAllocator& slabs = collections_->objects().slabs();
  step.more = true;
  switch (gathering_) {
    case Gathering::kIdle:
      gather_gain_.note(slabs.bytes_sparse());
      if (gatherable_bytes() == 0) return {};
      gathering_ = Gathering::kMarking;
      [[fallthrough]];
    case Gathering::kMarking:
      if (slabs.mark_sparse(kMarksAtOnce)) break;
      if (!slabs.has_leaving()) {
        // All that is sparse was left by walks before.
        gather_gain_.set_left(slabs.bytes_sparse());
        gathering_ = Gathering::kIdle;
        return {};
      }
      for (const auto& keyspace : keyspaces_)
        keyspace->large_collections().begin_visit(CollectionVisitor::kGathering);
      next_to_gather_ = 0;
      gathered_any_ = false;
      gathering_ = Gathering::kWalking;
      break;
    case Gathering::kWalking: gather_from_next(max_elements, step); break;
    case Gathering::kUnmarking:
      // What became sparse during the walk is for the next one: only what it has left does not
      // count.
      for (std::size_t n = 0; n < kMarksAtOnce && slabs.has_leaving(); ++n) {
        slabs.unmark(1);
        gather_gain_.add_left(SlabAllocator::kSlabBytes);
      }
      if (slabs.has_leaving()) break;
      gathering_ = Gathering::kIdle;
      step.more = gatherable_bytes() != 0;
      break;
  }
  return step;
}

void Databases::gather_from_next(std::size_t max_elements, GatherStep& step) {
  while (next_to_gather_ < keyspaces_.size() &&
         visit_in(*keyspaces_[next_to_gather_]).at == nullptr) {
    ++next_to_gather_;
  }
  if (next_to_gather_ == keyspaces_.size() || !collections_->objects().slabs().has_leaving()) {
    gathering_ = Gathering::kUnmarking;
    return;
  }
  CollectionList::Visit& visit = visit_in(*keyspaces_[next_to_gather_]);
  visit.cursor = visit.at->gather(visit.cursor, max_elements, step.elements);
  gathered_any_ |= step.elements.moved > 0;
  if (visit.cursor != 0) return;
  visit.leave();
  ++(std::exchange(gathered_any_, false) ? step.collections_moved : step.collections_left);
}

Databases::SlabUsage Databases::slab_usage() const {
  SlabUsage usage{collections_->objects().slabs().bytes_resident(), gatherable_bytes()};
  for (const auto& keyspace : keyspaces_) {
    usage.resident += keyspace->slabs().bytes_resident();
    usage.sparse += keyspace->slabs().bytes_sparse();
  }
  return usage;
}

std::int64_t Databases::next_expiry_ms() const {
  std::int64_t next = std::numeric_limits<std::int64_t>::max();
  if (!context_.active_expiry || context_.suspend_expiry) return next;
  for (const auto& keyspace : keyspaces_) next = std::min(next, keyspace->next_expiry_ms());
  return next;
}

}  // namespace tarn
