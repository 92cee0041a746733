#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "core/keyspace/keyspace.h"
#include "core/memory/sparse_gain.h"

namespace tarn {

// The numbered databases of a server, and the chores that go round all of them.
class Databases {
 public:
  Databases(const Clock& clock, std::size_t count);
  ~Databases();

  std::size_t size() const { return keyspaces_.size(); }
  Keyspace& operator[](std::size_t index) { return *keyspaces_[index]; }
  const Keyspace& operator[](std::size_t index) const { return *keyspaces_[index]; }

  // Exchanges what two databases hold.
  void swap(std::size_t first, std::size_t second);

  // Empties a database, or all, at once; the memory is given back on a helper thread. Returns how
  // many keys there were.
  std::size_t flush(std::size_t index);
  std::size_t flush_all();
  // The same at a client's wish, which on_all_deleted is told of: nothing else is loaded next.
  std::size_t delete_all();
  std::function<void()> on_all_deleted;

  std::size_t total_keys() const;
  std::size_t memory_bytes() const;

  // One slice of deleting due keys, fairly over the databases; returns whether more is due now.
  bool expire_step(std::size_t max_items);
  std::int64_t next_expiry_ms() const;
  // One slice of freeing deleted collections; returns whether more wait.
  bool dismantle_step(std::size_t max_elements);
  bool has_collections_to_dismantle() const { return collections_->has_waiting(); }
  // A child that is to see the data as it is now shares all memory, and what is written meanwhile
  // is copied: to be called before it is forked, and when it is gone or there is none after all.
  // REQUIRES: there is one child at a time.
  void begin_sharing();
  void end_sharing();
  // One slice of making up for what was put off meanwhile; returns whether there is more.
  bool settle_step(std::size_t max_objects);
  bool has_to_settle() const { return unsettled_ && !context_.forked; }
  // One slice of moving entries together. `more`: at least one database has more to move.
  SlabAllocator::EvacuationStep evacuate_step(std::size_t max_moves);
  // The same for the elements of large collections. These are found on a walk over all of them,
  // which is begun where that is worth while (see SparseGain).
  struct GatherStep {
    Gathered elements;
    std::size_t collections_moved = 0;  // those done with of which something was moved
    std::size_t collections_left = 0;   // and the others
    bool more = false;
  };
  GatherStep gather_step(std::size_t max_elements);
  struct SlabUsage {
    std::size_t resident = 0;
    std::size_t sparse = 0;  // what these two would give back of it, about
  };
  SlabUsage slab_usage() const;
  // Where elements of large collections live.
  const ObjectHeap& collection_heap() const { return collections_->objects(); }

  // What is compressed of all values; see CompressionWalk.
  CompressedTotals compressed() const;

  // What all keyspaces share and look at; to be set by the owner.
  KeyspaceContext& context() { return context_; }
  const KeyspaceContext& context() const { return context_; }
  AccessPolicy& access_policy() { return access_policy_; }
  const AccessPolicy& access_policy() const { return access_policy_; }
  // Has the keys' access bits kept as HitDensity does, or no longer.
  void track_density(bool wanted);
  KeyspaceStats& stats() { return stats_; }
  const KeyspaceStats& stats() const { return stats_; }

 private:
  void leave_collections(Keyspace& keyspace);
  template <class Visit>
  void for_each_allocator(Visit visit);
  bool any_collection_lives() const;
  std::size_t gatherable_bytes() const;
  void gather_from_next(std::size_t max_elements, GatherStep& step);

  AccessPolicy access_policy_;
  std::unique_ptr<HitDensity> density_;  // while it is tracked
  KeyspaceStats stats_;
  CasSource cas_source_;
  std::unique_ptr<CollectionHeap> collections_ = std::make_unique<CollectionHeap>();
  KeyspaceContext context_;
  std::vector<std::unique_ptr<Keyspace>> keyspaces_;
  std::size_t next_to_expire_ = 0;
  std::size_t next_to_evacuate_ = 0;
  bool unsettled_ = false;  // a child has lived since there was nothing to settle

  enum class Gathering : std::uint8_t { kIdle, kMarking, kWalking, kUnmarking };
  Gathering gathering_ = Gathering::kIdle;
  std::size_t next_to_gather_ = 0;  // the walk is in this database
  bool gathered_any_ = false;       // of the collection that the walk is in
  SparseGain gather_gain_;
};

}  // namespace tarn
