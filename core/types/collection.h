#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <span>
#include <string_view>

#include "core/memory/object_heap.h"

namespace tarn {

class OutsideMover;  // gathering.h

// How a list, hash, set or sorted set is stored. All but the large are bytes in the key's entry.
enum class CollectionEncoding : std::uint8_t {
  kPacked,          // a packed list
  kPackedExpiring,  // a packed list of fields, values and deadlines; hashes only
  kIntSet,          // sorted integers; sets only
  kLarge,           // a Collection
  kCompressed,      // one of the others, compressed: at rest only, so no view ever has it
};

// What Collection::gather() has looked at.
struct Gathered {
  std::size_t moved = 0;
  std::size_t left = 0;

  Gathered& operator+=(const Gathered& other) {
    moved += other.moved;
    left += other.left;
    return *this;
  }
};

// A collection that has outgrown its entry: what the large encodings of all types have in common.
// It belongs to one entry, which refers to it, and its elements live in a heap that the collections
// of all databases share, so that it can change its key and its database without being copied.
//
// Taking a large one down takes long, so it is done in slices: see CollectionHeap.
class Collection {
 public:
  explicit Collection(ObjectHeap& heap) : heap_(heap) {}
  Collection& operator=(const Collection&) = delete;
  // REQUIRES: dismantle() has returned false, or it was moved from.
  virtual ~Collection() = default;

  // Large collections are malloc's, so that they may move().
  static void* operator new(std::size_t bytes) {
    void* memory = std::malloc(bytes);
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
  }
  static void operator delete(void* memory) { std::free(memory); }

  // Elements: of a hash, its fields.
  virtual std::size_t size() const = 0;
  // All that it holds: this object, its elements and what finds them.
  virtual std::size_t memory_bytes() const = 0;
  // A copy of its own, in the same heap. O(n)
  virtual Collection* clone() const = 0;
  // Frees about `max_elements`, and returns whether there are more. From the first call on nothing
  // else may be done with the collection.
  virtual bool dismantle(std::size_t max_elements) = 0;

  // Moves elements that are in slabs which their heap wants emptied. Looks at about `max_elements`
  // from `cursor` on, which is 0 at first, and returns the cursor to go on with, or 0 at the end.
  // The collection may change in between.
  virtual std::uint64_t gather(std::uint64_t /*cursor*/, std::size_t /*max_elements*/,
                               Gathered& /*gathered*/) {
    return 0;
  }
  // Moves, of what it has outside of slabs, what the mover wants: elements that are too large for
  // them, what a list is made of, and a table of few elements. Goes on until the mover is done for
  // now; the cursor is as that of gather(). REQUIRES: nobody reads the collection
  virtual std::uint64_t move_outside(std::uint64_t /*cursor*/, OutsideMover& /*mover*/) {
    return 0;
  }

  // Moves the object itself to other memory (see MallocSlabs), and returns where. What refers to it
  // is to refer there: for its list, CollectionList::moved(). REQUIRES: nobody reads the collection
  virtual Collection* move() = 0;

  // Brings what a look at these members (of a hash: fields) will read into the cache, so that the
  // misses of all overlap. Only a wish: any bytes will do.
  virtual void prefetch_members(std::span<const std::string_view> /*members*/) const {}

  ObjectHeap& heap() const { return heap_; }

 protected:
  // Fewer elements stay in a cache of 1 or 2 MiB, where looking twice costs what it gains.
  static constexpr std::size_t kWorthPrefetching = 16'384;

  // For move(): the links are copied.
  Collection(Collection&& other) noexcept = default;

 private:
  friend class CollectionList;

  ObjectHeap& heap_;
  Collection* previous_ = nullptr;
  Collection* next_ = nullptr;
};

// Somebody who reads a large collection a bit at a time, while other things happen:
// CollectionHeap::start_reading().
class CollectionReader {
 public:
  CollectionReader() = default;
  CollectionReader(const CollectionReader&) = delete;
  CollectionReader& operator=(const CollectionReader&) = delete;

  // The collection is about to change, and this is no longer its reader: read the rest of it now.
  virtual void read_rest() = 0;

 protected:
  ~CollectionReader() = default;
};

// Those who visit all collections, one after the other.
enum class CollectionVisitor : std::uint8_t { kGathering, kOutsideWalk };

// The collections of one owner, linked through themselves.
class CollectionList {
 public:
  bool empty() const { return first_ == nullptr; }
  Collection* first() const { return first_; }

  void add(Collection& collection) {
    collection.previous_ = nullptr;
    collection.next_ = first_;
    if (first_ != nullptr) first_->previous_ = &collection;
    if (last_ == nullptr) last_ = &collection;
    first_ = &collection;
  }
  void remove(Collection& collection) {
    for (Visit& visit : visits_) {
      if (visit.at == &collection) visit.leave();
    }
    (collection.previous_ != nullptr ? collection.previous_->next_ : first_) = collection.next_;
    (collection.next_ != nullptr ? collection.next_->previous_ : last_) = collection.previous_;
    collection.previous_ = collection.next_ = nullptr;
  }
  // The collection has moved, and is `now`.
  void moved(const Collection* before, Collection& now) {
    (now.previous_ != nullptr ? now.previous_->next_ : first_) = &now;
    (now.next_ != nullptr ? now.next_->previous_ : last_) = &now;
    for (Visit& visit : visits_) {
      if (visit.at == before) visit.at = &now;
    }
  }
  // Takes over all of `other`. O(1)
  void take_all(CollectionList& other) {
    if (other.empty()) return;
    other.last_->next_ = first_;
    (first_ != nullptr ? first_->previous_ : last_) = other.last_;
    first_ = other.first_;
    other.first_ = other.last_ = nullptr;
    other.visits_ = {};
  }

  // A visit to all of a list, between the steps of which anything may happen to it: begin, visit
  // each, leave it for the next.
  struct Visit {
    Collection* at = nullptr;  // nullptr at the end
    std::uint64_t cursor = 0;  // for the visitor; 0 at the beginning of each

    // REQUIRES: not at the end
    void leave() { *this = {at->next_, 0}; }
  };
  Visit& begin_visit(CollectionVisitor visitor) { return visit(visitor) = {first_, 0}; }
  Visit& visit(CollectionVisitor visitor) { return visits_[static_cast<std::size_t>(visitor)]; }

 private:
  Collection* first_ = nullptr;
  Collection* last_ = nullptr;
  std::array<Visit, 2> visits_;
};

// A collection's value for reading: what its entry holds. `bytes` are valid, and `large` is the
// same, until the value is changed.
struct CollectionView {
  CollectionEncoding encoding = CollectionEncoding::kPacked;
  std::string_view bytes{};     // of an encoding in the entry
  Collection* large = nullptr;  // kLarge
};

// The place of a collection's value for writing; the types write through it and need not know that
// it is an entry of the keyspace (CollectionEdit) or a value on its way there (DetachedCell). It
// can be vacant: there is no such key yet, and the first put_ creates it.
//
// A type never leaves an empty collection: it vacates the cell.
//
// Also a store for the edits of PackedList and IntSet.
class CollectionCell {
 public:
  explicit CollectionCell(ObjectHeap& heap) : heap_(heap) {}
  CollectionCell(const CollectionCell&) = delete;
  CollectionCell& operator=(const CollectionCell&) = delete;
  virtual ~CollectionCell() = default;

  bool vacant() const { return vacant_; }
  // REQUIRES for all that follow: not vacant, except put_.
  const CollectionView& view() const { return view_; }
  CollectionEncoding encoding() const { return view_.encoding; }
  std::string_view bytes() const { return view_.bytes; }
  char* data() { return const_cast<char*>(view_.bytes.data()); }
  Collection* large() const { return view_.large; }
  // Where new large collections, and their elements, are to live.
  ObjectHeap& heap() const { return heap_; }

  // Replaces bytes [offset, offset + removed) by `inserted` uninitialised ones and returns where
  // those are. Moves the bytes: views into them end. REQUIRES: an encoding in the entry
  virtual char* splice(std::size_t offset, std::size_t removed, std::size_t inserted) = 0;
  // Give the cell a value, in place of what it held, which is freed. `bytes` must not lie in it.
  virtual void put_bytes(CollectionEncoding encoding, std::string_view bytes) = 0;
  virtual void put_large(Collection* collection) = 0;
  // Leaves no value, hence no key.
  virtual void vacate() = 0;

 protected:
  CollectionView view_;
  bool vacant_ = true;

 private:
  ObjectHeap& heap_;
};

}  // namespace tarn
