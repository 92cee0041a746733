#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <span>
#include <vector>

#include "core/memory/object_heap.h"
#include "core/types/hash_field.h"

namespace tarn {

// When which field of a large hash is due, for hashes with a few such fields or with millions.
//
// Idea. Deadlines stand in the fields; the index orders nothing but buckets. A bucket stands for a
// range of positions (deadline, hash of the field), and holds the hashes of the fields in it, six
// bytes each, in any order. It is like the leaves of a B+ tree whose keys are stored elsewhere: who
// wants to know the position of an item looks the field up in the hash's own table.
//
//  1. A field that gets a deadline is added to the bucket of its position: one search among the
//     buckets, one append.
//  2. A field that loses its deadline is not looked for; its bucket counts one live field less. A
//     bucket without live fields is freed as a whole, whatever stale items it has; one in which
//     they prevail is cleaned: its items are looked up, and those without a field in the range go.
//  3. A full bucket is cleaned too; if that makes little room it is split at its median position.
//     Only a position beyond all others starts a bucket of its own, so that deadlines which come in
//     order fill buckets to the brim.
//  4. take_due() empties buckets from the front. Of one whose range is past, items are taken as
//     they are. The first one that is partly past is sorted by deadline, once, and is then taken
//     from item by item.
//
// Hence fields can be counted by deadline without visiting them, but for those of two buckets.
//
// Invariants: a bucket's range goes from its key to the next one's; every field of the table with a
// deadline has an item in the bucket of its position, and `live` is the number of such fields.
// (Between take_due() and the erasure of what it took, those are exempt.)
//
// Memory: 6.5 bytes a field with a deadline where they come in order, some 8 otherwise.
class FieldDeadlines {
 public:
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  // Buckets live in the heap.
  explicit FieldDeadlines(ObjectHeap& heap) : heap_(heap) {}
  // REQUIRES: clear_step() has returned false.
  ~FieldDeadlines() = default;
  FieldDeadlines(const FieldDeadlines&) = delete;
  FieldDeadlines& operator=(const FieldDeadlines&) = delete;

  // Fields that have a deadline.
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // No field is due before the first or after the second time. kNever and 0 if there are none.
  std::int64_t earliest_ms() const;
  std::int64_t latest_ms() const { return empty() ? 0 : last_.ms; }

  // A field of this hash is about to get the deadline. REQUIRES: it does not have it yet.
  void add(const HashFieldTable& table, std::uint64_t hash, std::int64_t deadline_ms);
  // A field of this hash has lost the deadline.
  void remove(const HashFieldTable& table, std::uint64_t hash, std::int64_t deadline_ms);

  // Takes out some of the fields that are due: writes their hashes and returns how many; 0 only if
  // none is due, and then earliest_ms() is later than now. All fields that have such a hash and are
  // due must be erased from the table, and each made known by taken(), before anything else is
  // done. A hash may be stale.
  std::size_t take_due(const HashFieldTable& table, std::int64_t now_ms,
                       std::span<std::uint64_t> hashes);
  void taken(std::uint64_t hash, std::int64_t deadline_ms);
  // How many fields have a deadline later than `after_ms`, but not later than `until_ms`.
  // O(buckets between)
  std::size_t count(const HashFieldTable& table, std::int64_t after_ms,
                    std::int64_t until_ms) const;

  std::size_t memory_bytes() const { return bytes_ + buckets_.size() * kNodeBytes; }
  // Frees up to so many buckets; returns whether there are more. From the first call on nothing
  // else may be done.
  bool clear_step(std::size_t max_buckets);

  // Asserts the invariants against the table. O(n), for tests.
  void check(const HashFieldTable& table) const;

 private:
  struct Position {
    std::int64_t ms;
    std::uint64_t hash;
    // clang-tidy 14 takes the zero that the result is compared with for a null pointer.
    // NOLINTNEXTLINE(modernize-use-nullptr)
    auto operator<=>(const Position&) const = default;
  };
  static constexpr Position kEnd{kNever, 0};

  struct Bucket {
    unsigned char* items = nullptr;
    std::int64_t min_ms = kNever;  // no deadline in it is earlier
    std::uint16_t count = 0;       // items
    std::uint16_t capacity = 0;
    std::uint16_t live = 0;  // fields
    bool sorted = false;     // the earliest last; stale ones are anywhere
  };
  using Buckets = std::map<Position, Bucket>;

  static constexpr std::size_t kItemBytes = 6;
  static constexpr std::size_t kMaxItems = SlabAllocator::kMaxBytes / kItemBytes;
  // Fewer stale items are not worth a visit.
  static constexpr int kTolerableStale = 16;
  // What a bucket takes beside its items: a node of the map, in malloc's classes.
  static constexpr std::size_t kNodeBytes = 80;

  Buckets::const_iterator bucket_of(Position position) const;
  Buckets::iterator bucket_of(Position position);
  void widen_first();
  Position end_of(Buckets::const_iterator bucket) const;
  bool all_due(Buckets::const_iterator bucket, std::int64_t now_ms) const;

  // Items.
  static std::uint64_t item(const Bucket& bucket, std::size_t index);
  static void set_item(Bucket& bucket, std::size_t index, std::uint64_t hash);
  void push(Bucket& bucket, Position position);
  void reserve(Bucket& bucket, std::size_t items);
  void assign(Bucket& bucket, std::span<const Position> positions);
  void release(Buckets::iterator bucket);

  // The positions of the bucket's fields in ascending order: what a visit finds.
  std::vector<Position> visit(const HashFieldTable& table, Buckets::const_iterator bucket) const;
  Buckets::iterator make_room(const HashFieldTable& table, Buckets::iterator bucket,
                              Position position);
  static std::size_t take_any(Bucket& bucket, std::span<std::uint64_t> hashes);
  std::size_t take_first(const HashFieldTable& table, Buckets::iterator bucket, std::int64_t now_ms,
                         std::span<std::uint64_t> hashes);

  ObjectHeap& heap_;
  Buckets buckets_;
  Position last_{};        // no field has a later one
  std::size_t size_ = 0;   // live fields
  std::size_t bytes_ = 0;  // of items
};

}  // namespace tarn
