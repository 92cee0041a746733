#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "core/base/assert.h"
#include "core/base/hash.h"
#include "core/containers/bucket_run.h"
#include "core/containers/hash_segment.h"

namespace tarn {

// What a table looks like inside.
struct HashTableStats {
  std::size_t elements = 0;
  std::size_t memory_bytes = 0;  // of the table itself
  std::size_t segments = 0;
  std::size_t directories = 0;
  std::size_t directory_entries = 0;
  std::size_t neighbour_elements = 0;  // in the bucket next to their home
  std::size_t stash_elements = 0;
  std::uint64_t splits = 0;  // since construction, as are the merges
  std::uint64_t merges = 0;
  std::array<std::size_t, 10> segments_by_fill{};                     // by tenths of the capacity
  std::array<std::size_t, HashBucket::kSlots + 1> buckets_by_fill{};  // by elements
};

// An extendible hash table of references (R. Fagin et al., "Extendible hashing", 1979): the
// keyspace, and the fields of large hashes and sets.
//
// It grows and shrinks a segment of 4 KiB at a time, so no operation ever rehashes the whole: the
// worst insert is one split (some 520 elements) plus the doubling of one directory.
//
//   hash, 48 bits:  | root | directory index, deepest bit last ...  | tag 23..16 | home 15..0 |
//
// 1. The top kDirectoryBits of the hash choose one of 2^kDirectoryBits small directories.
// 2. A directory of global depth g is an array of 2^g segment pointers, indexed by the next g
//    bits. A segment of local depth d <= g fills 2^(g-d) neighbouring entries, so it covers one
//    contiguous range of hash space. A null entry is a range without elements.
// 3. A full segment splits in two by its next bit; if d == g the directory doubles first. An erase
//    that leaves a segment and its buddy (the other half of the range of depth d-1) nearly empty
//    merges them; when no segment needs the last bit, the directory halves.
// 4. Within the segment see hash_segment.h.
// 5. With kDirectoryBits = 0, a table of up to 144 elements has neither directory nor segment but a
//    run of a few buckets (bucket_run.h), which becomes the first segment when it is full; a last
//    segment that few are left in becomes a run again. Lookups meet it where a hash has no segment,
//    so it costs large tables nothing.
//
// Invariants:
//   - size() is the sum of the roots' counts, a root's count that of its segments' counts;
//   - a segment is never empty; a root without elements has no directory, nor has one with a run;
//   - every change of the structure (not of elements within a segment) gives version_ a value that
//     no table of the process had before: a Hint taken earlier, or of another table, is known to be
//     stale.
//
// The table does not own its elements, and never calls anything of theirs but Traits::hash.
//
//   struct Traits {
//     using Element = ...;
//     static std::uint64_t hash(const Element&);  // kHashBits bits, the same for life
//   };
//
// kDirectoryBits = 8 suits one table of millions (2^8 directories keep each doubling at
// microseconds); 0 suits many small tables: the object is then a few words, and ten elements take
// 128 bytes.
//
// Whatever takes a `hash` REQUIRES hash <= kHashMask; `eq` is called as bool(const Element&) with
// elements whose hash is likely the same. Not safe for use by several threads.
//
// An owner whose references are not all addresses (48 bits can as well hold a small value) lets
// Traits::hash and `eq` take `const Element*`; the table follows no reference itself.
template <class Traits, unsigned kDirectoryBits = 8>
class HashTable {
 public:
  using Element = typename Traits::Element;

  // Where an element was found. Good until the next insert or erase.
  class Slot {
   public:
    Slot() = default;
    explicit operator bool() const { return static_cast<bool>(place_); }
    Element* get() const { return place_ ? static_cast<Element*>(place_.reference()) : nullptr; }

    // Stores another reference in its stead. REQUIRES: found, and the element's hash is the same.
    void replace(Element* element) { place_.bucket->set_reference(place_.slot, element); }

   private:
    friend class HashTable;
    Slot(HashPlace place, std::uint64_t hash) : place_(place), hash_(hash) {}
    HashPlace place_;
    std::uint64_t hash_ = 0;
  };

  // The home bucket of a hash, carried from one stage of a batch to the next. May be kept across
  // any change of the table: a stale one is noticed and looked up afresh.
  class Hint {
   public:
    Hint() = default;

   private:
    friend class HashTable;
    Hint(HashBucket* home, std::uint64_t version) : home_(home), version_(version) {}
    HashBucket* home_ = nullptr;
    std::uint64_t version_ = 0;  // of no table
  };

  HashTable() = default;
  HashTable(HashTable&& other) noexcept { swap(other); }
  HashTable& operator=(HashTable&& other) noexcept {
    HashTable moved(std::move(other));
    swap(moved);
    return *this;
  }
  ~HashTable() { clear(); }
  void swap(HashTable& other) noexcept;

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // ---- One element -------------------------------------------------------------------------

  // The element, or nullptr.
  template <class Eq>
  Element* find(std::uint64_t hash, Eq&& eq) const {
    return find_slot(hash, eq).get();
  }
  template <class Eq>
  Element* find(std::uint64_t hash, Eq&& eq, Hint hint) const {
    return find_slot(hash, eq, hint).get();
  }

  // Its position, or a false one.
  template <class Eq>
  Slot find_slot(std::uint64_t hash, Eq&& eq) const {
    return search(home_bucket(hash), hash, eq);
  }
  template <class Eq>
  Slot find_slot(std::uint64_t hash, Eq&& eq, Hint hint) const {
    return search(home_bucket(hash, hint), hash, eq);
  }

  // REQUIRES: no equal element is present. To find or else insert, take a hint by locate() and
  // give it to find_slot() and then to insert(): the table is walked once.
  void insert(std::uint64_t hash, Element* element) { insert_at(home_bucket(hash), hash, element); }
  void insert(std::uint64_t hash, Element* element, Hint hint) {
    insert_at(home_bucket(hash, hint), hash, element);
  }

  // So many elements will come, or 0 for nobody knows: until that is said, new segments cover as
  // little as they would in a table of that size, so that they need not split on the way there.
  // Neither the hint nor a wrong one changes anything else.
  void expect(std::uint64_t elements);

  // Removes and returns the element, or returns nullptr.
  template <class Eq>
  Element* erase(std::uint64_t hash, Eq&& eq) {
    const Slot slot = find_slot(hash, eq);
    return slot ? erase(slot) : nullptr;
  }
  // REQUIRES: the slot is good.
  Element* erase(Slot slot);

  // By identity, for owners that hold the reference itself. Return whether it was there.
  bool erase_ref(std::uint64_t hash, const Element* element) {
    return erase(hash, [element](const Element* other) { return other == element; }) != nullptr;
  }
  // `old_ref` is not followed, so the element may have moved already.
  bool replace(std::uint64_t hash, const Element* old_ref, Element* new_ref) {
    Slot slot = find_slot(hash, [old_ref](const Element* other) { return other == old_ref; });
    if (slot) slot.replace(new_ref);
    return static_cast<bool>(slot);
  }

  // Moves the run, if there is one and wanted(const void*) is true of where it is, elsewhere (see
  // MallocSlabs). Slots end.
  template <class Wanted>
  void move_run(Wanted&& wanted) {
    if (!run_.vacant() && wanted(run_.block())) run_.move_block();
  }

  // ---- A batch -----------------------------------------------------------------------------
  //
  // Each stage, run over all of the batch before the next begins, finds in the cache what the one
  // before it asked for: directory entry, bucket, element.

  void prefetch_directory(std::uint64_t hash) const {
    const Root& root = root_of(hash);
    if (root.entries != nullptr) __builtin_prefetch(root.entries + index_in(root, hash));
  }

  Hint locate(std::uint64_t hash) const {
    HashBucket* home = home_bucket(hash);
    if (home != nullptr) {
      __builtin_prefetch(home);
      __builtin_prefetch(home + 1);  // where the next bucket is, but for the last
    }
    return {home, version_};
  }

  // Where no element matches, what inserting one touches is asked for instead. Brings the hint up
  // to date if it is stale.
  void prefetch_element(std::uint64_t hash, Hint& hint) const;

  // ---- All elements ------------------------------------------------------------------------

  // One step of an iteration in hash order: calls fn(Element*) for every element of one home
  // bucket, or of a small table all that are left, and returns the cursor of the next step, 0 at
  // the end. Starts with cursor 0; a cursor is below 2^55, and any other value from outside is
  // safe. fn may insert and erase.
  //
  // Every element that is present from the first step to the last is returned at least once,
  // whatever inserts, erases, splits and merges happen in between; again only if it split or became
  // small meanwhile.
  template <class Fn>
  std::uint64_t scan(std::uint64_t cursor, Fn&& fn) const;

  // One of the elements, each with the same probability, or nullptr if there are none. `rng()`
  // returns 64 random bits. Expected O(1) for large tables; small ones are counted through.
  template <class Rng>
  Element* random(Rng&& rng) const;

  // Calls fn(Element*) for all in hash order of the segments. fn must not change the table.
  template <class Fn>
  void for_each(Fn&& fn) const;

  // How far a walk has come.
  struct Progress {
    std::uint64_t position = 0;  // segments of hashes below are done
    unsigned done = 0;           // elements of the segment that is there
  };
  // The same a bit at a time: calls bool fn(Element*) until it returns false, or for all of a
  // segment, and returns whether there are more. In between, references may be replaced, but
  // nothing else may change.
  template <class Fn>
  bool for_some(Progress& progress, Fn&& fn) const;
  // The same for a forked child, which forgets each segment before its elements are visited (see
  // HashSegment::forget). Nothing may be done with the table afterwards.
  template <class Fn>
  void for_each_at_last(Fn&& fn) const;

  // Forgets all elements. O(segments): for large tables see clear_step.
  void clear();

  // Removes elements, hands each to fn(Element*), and stops at the end of the segment in which it
  // reached `max_elements` (so it may exceed them by one segment's, at most 575). Returns whether
  // elements remain; meanwhile the table can be used as ever.
  template <class Fn>
  bool clear_step(std::size_t max_elements, Fn&& fn);

  // ---- Accounting --------------------------------------------------------------------------

  // What the table itself holds, without elements: object, directories, segments.
  std::size_t memory_bytes() const {
    return sizeof(*this) + run_.bytes() + segments_ * HashSegment::kBytes +
           directory_entries_ * sizeof(HashSegment*);
  }
  // The share of an element in that.
  std::size_t slot_bytes_per_element() const {
    return size_ == 0 ? 0 : (memory_bytes() + size_ / 2) / size_;
  }
  // O(buckets).
  HashTableStats stats() const;

  // Asserts every invariant. O(n), for tests.
  void check() const;

 private:
  struct Root {
    HashSegment** entries = nullptr;  // 2^depth of them
    std::uint32_t count = 0;          // elements below
    std::uint32_t depth = 0;
  };

  // A segment's place in its directory: the entries [first, first + span).
  struct Range {
    std::size_t first;
    std::size_t span;
  };

  static_assert(kDirectoryBits <= 16);
  // How far into an element a lookup and what follows it commonly read, less one byte.
  static constexpr std::size_t kPrefetchBytes = 47;
  static constexpr std::size_t kRoots = std::size_t{1} << kDirectoryBits;
  static constexpr unsigned kRootShift = kHashBits - kDirectoryBits;
  static constexpr std::uint64_t kHashEnd = kHashMask + 1;

  // A merge leaves a segment at most 60 % full, so that it does not soon split again (it does so at
  // about 90 %), and a table that has shrunk holds at most some 22 bytes an element.
  static constexpr unsigned kMergeMax = HashSegment::kCapacity * 3 / 5;
  // An erase looks for a merge when the smaller half can be no larger than this, and then only
  // every so many elements.
  static constexpr unsigned kMergeOwnMax = kMergeMax / 2;
  static constexpr unsigned kMergeInterval = 16;
  // How full segments may become on average that are made for an expected number of elements: few
  // then exceed what makes them split.
  static constexpr unsigned kExpectedFill = HashSegment::kCapacity * 17 / 20;

  // Whether the table begins as a run, and at how many elements its last segment becomes one.
  static constexpr bool kStartsAsRun = kDirectoryBits == 0;
  static constexpr unsigned kRunAgain = 64;
  static_assert(kRunAgain % kMergeInterval == 0 && kRunAgain <= BucketRun::kMaxCapacity / 2);

  // How many elements ahead a walk over a segment fetches.
  static constexpr unsigned kAhead = HashSegment::kAhead;

  static std::uint64_t hash_of(const void* reference) {
    const auto* element = static_cast<const Element*>(reference);
    if constexpr (requires { Traits::hash(element); }) {
      return Traits::hash(element);
    } else {
      return Traits::hash(*element);
    }
  }

  // The bit that tells the halves of a segment of this depth.
  static std::uint64_t split_bit(unsigned depth) {
    return std::uint64_t{1} << (kRootShift - 1 - depth);
  }

  const Root& root_of(std::uint64_t hash) const { return roots_[hash >> kRootShift]; }
  Root& root_of(std::uint64_t hash) { return roots_[hash >> kRootShift]; }

  // In two shifts, for depth may be 0 and the first bits may be a root's.
  static std::size_t index_in(const Root& root, std::uint64_t hash) {
    constexpr unsigned kAbove = 64 - kRootShift;
    return static_cast<std::size_t>((hash << kAbove) >> 1 >> (63 - root.depth));
  }
  static Range range_of(const Root& root, std::uint64_t hash, unsigned depth) {
    const std::size_t span = std::size_t{1} << (root.depth - depth);
    return {index_in(root, hash) & ~(span - 1), span};
  }
  // The lowest hash of the segment of this depth that covers the hash.
  static std::uint64_t start_of(std::uint64_t hash, unsigned depth) {
    return hash & ~(kHashMask >> (kDirectoryBits + depth));
  }
  static bool vacant(const Root& root, Range range) {
    HashSegment** begin = root.entries + range.first;
    return std::all_of(begin, begin + range.span, [](HashSegment* s) { return s == nullptr; });
  }
  static void fill(Root& root, Range range, HashSegment* segment) {
    std::fill_n(root.entries + range.first, range.span, segment);
  }

  HashSegment* segment_of(std::uint64_t hash) const {
    const Root& root = root_of(hash);
    return root.entries == nullptr ? nullptr : root.entries[index_in(root, hash)];
  }
  HashBucket* home_bucket(std::uint64_t hash) const {
    HashSegment* segment = segment_of(hash);
    return segment == nullptr ? nullptr : segment->home(hash);
  }
  HashBucket* home_bucket(std::uint64_t hash, Hint hint) const {
    return hint.version_ == version_ ? hint.home_ : home_bucket(hash);
  }

  // By copy and out of line, so that the search of a segment keeps what it compares in registers.
  template <class Eq>
  [[gnu::noinline]] Slot search_run(std::uint64_t hash, Eq eq) const {
    return {run_.find(hash, same_by(eq)), hash};
  }

  // What to ask of a reference, for what is asked of an element.
  template <class Eq>
  static auto same_by(Eq& eq) {
    return [&eq](void* reference) -> bool {
      const auto* element = static_cast<const Element*>(reference);
      if constexpr (requires { eq(element); }) {
        return eq(element);
      } else {
        return eq(*element);
      }
    };
  }

  template <class Eq>
  Slot search(HashBucket* home, std::uint64_t hash, Eq& eq) const {
    if (home == nullptr) return search_run(hash, eq);
    return {HashSegment::find(home, hash, same_by(eq)), hash};
  }

  void insert_at(HashBucket* home, std::uint64_t hash, Element* element) {
    if (home == nullptr || !HashSegment::of(home)->place(home, hash, element)) [[unlikely]] {
      insert_with_room(hash, element);
    }
    ++root_of(hash).count;
    ++size_;
  }

  void insert_with_room(std::uint64_t hash, Element* element);
  void leave_run();
  void become_run(Root& root);
  void add_segment(std::uint64_t hash);
  void split(std::uint64_t hash);
  void double_directory(Root& root);
  void shrink(std::uint64_t hash);
  bool merge(Root& root, std::uint64_t hash);
  void halve_directory(Root& root);
  void release_segment(Root& root, Range range);
  void release_directory(Root& root);

  // Where a scan is: see scan().
  struct Block {
    std::uint64_t start;
    unsigned length;
    unsigned home;
  };
  static constexpr unsigned kCursorHomeBits = 6;
  static unsigned alignment(std::uint64_t start);
  static std::uint64_t cursor_of(Block block);
  static Block block_of(std::uint64_t cursor);
  std::uint64_t next_occupied(std::uint64_t position) const;
  template <class Fn>
  void scan_run(std::uint64_t start, Fn&& fn) const;

  std::size_t check_run() const;

  template <class Rng>
  static std::uint64_t below(std::uint64_t bound, Rng& rng);
  Element* nth_in_root(const Root& root, std::uint64_t n) const;
  template <class Fn>
  static void for_each_segment(const Root& root, Fn&& fn);
  template <class Fn, class After>
  void for_each_collected(Fn&& fn, After&& after) const;

  std::array<Root, kRoots> roots_{};
  BucketRun run_;
  std::size_t size_ = 0;
  std::uint64_t version_ = new_table_version();
  std::uint64_t first_occupied_ = 0;  // no segment covers a hash below this
  unsigned expected_depth_ = 0;       // of new segments, at least
  std::size_t segments_ = 0;
  std::size_t directory_entries_ = 0;
  std::uint64_t splits_ = 0;
  std::uint64_t merges_ = 0;
};

}  // namespace tarn

#include "core/containers/hash_table_impl.h"
