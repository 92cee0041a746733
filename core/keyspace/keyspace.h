#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/random.h"
#include "core/containers/timing_wheel.h"
#include "core/keyspace/access.h"
#include "core/keyspace/cas_source.h"
#include "core/keyspace/collection_heap.h"
#include "core/keyspace/entry.h"
#include "core/keyspace/key.h"
#include "core/keyspace/key_observer.h"
#include "core/memory/object_heap.h"
#include "core/types/collection.h"

namespace tarn {

class DetachedCell;

// What all keyspaces of a server count together.
struct KeyspaceStats {
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t expired = 0;
  std::uint64_t expired_fields = 0;  // of hashes
  std::uint64_t changes = 0;         // keys created, changed or deleted
  std::uint64_t deadlines_set = 0;
  std::uint64_t evicted = 0;
  std::uint64_t expanded = 0;  // packed collections that were compressed, and are used again
};

// What every keyspace of a server is given from outside.
struct KeyspaceContext {
  const Clock& clock;
  const AccessPolicy& access_policy;
  KeyspaceStats& stats;
  CollectionHeap* collections;  // never null; replaced when all databases are flushed
  CasSource& cas_source;
  KeyObserver* observer = nullptr;
  bool active_expiry = true;  // keys vanish by themselves at their deadline
  // Nothing vanishes at its deadline, and what is past it is seen, as it was when the commands of a
  // log that is loaded now first ran.
  bool suspend_expiry = false;
  bool freeze_access = false;  // uses of keys leave no trace in them
  // Likewise: a child shares the pages, and a write copies them. Kept by Databases::begin_sharing
  // and end_sharing.
  bool forked = false;
};

// What becomes of a key's deadline when its value is written.
class Ttl {
 public:
  static Ttl none() { return Ttl(kNone, 0); }
  static Ttl keep() { return Ttl(kKeep, 0); }
  static Ttl until(std::int64_t deadline_ms) { return Ttl(kUntil, deadline_ms); }

  bool keeps() const { return kind_ == kKeep; }
  std::optional<std::int64_t> deadline_ms() const {
    return kind_ == kUntil ? std::optional(deadline_ms_) : std::nullopt;
  }

 private:
  enum Kind { kNone, kKeep, kUntil };
  Ttl(Kind kind, std::int64_t deadline_ms) : kind_(kind), deadline_ms_(deadline_ms) {}

  Kind kind_;
  std::int64_t deadline_ms_;
};

// What memcached's protocol keeps beside a string that is set.
struct ItemAttributes {
  std::uint32_t client_flags = 0;
  // Its CAS will be asked for at once: the entry is made with room for it.
  bool with_cas = false;
};

// What of values is compressed.
struct CompressedTotals {
  std::size_t values = 0;
  std::size_t collections = 0;   // of these
  std::size_t plain_bytes = 0;   // that the values would take,
  std::size_t stored_bytes = 0;  // and that they do
};

// A string's bytes for reading: of the entry, of its blob, or, for an integer or what is
// compressed, written out here.
// Valid until the key is changed.
class StringView {
 public:
  explicit StringView(const Entry& entry);
  StringView(const StringView&) = delete;
  StringView& operator=(const StringView&) = delete;

  std::string_view bytes() const { return bytes_; }
  operator std::string_view() const { return bytes_; }

 private:
  std::string_view bytes_;
  char digits_[24];
  std::unique_ptr<char[]> expanded_;
};

// One database: the only door to its keys.
//
// Keys and values live in entries (entry.h) from an own slab allocator; an extendible hash table
// finds them; a timing wheel knows when they are due.
//
// Expiry. A deadline is an item in the wheel, made of the key's hash (48 bits) and a ticket (16)
// that the entry carries too. Nothing in the wheel points into memory, so entries may be moved,
// replaced and deleted without telling it. When an item comes up, the table is asked for an entry
// of that hash and ticket: none means the item is stale; a later deadline moves the item on (so
// pushing a deadline back costs nothing until then); a passed one deletes the key. Invariant: every
// entry with a ticketed deadline has an item with its hash and ticket in the wheel, in a slot no
// later than the deadline. Should stale items outnumber live ones, a sweep drops them.
//
// A key past its deadline is never seen: looking at it deletes it, if the wheel has not done so
// yet. The fields of hashes have deadlines too: field_expiry.cc says how they are kept.
//
// Items. A string that is set is a new version of the item: it has the client flags that it is set
// with, and none of the marks of an entry. One that is edited keeps its flags, as it keeps its
// deadline. The CAS of a version is made up when it is first asked for, and lives in the entry from
// then on: no two versions ever have the same (see CasSource), and where nobody asks, it costs
// nothing.
//
// Compression. A value may lie compressed: compression.h says when. Whoever looks up a key finds
// its collection plain; strings stay as they are, and StringView shows them. Those who visit all
// keys read collections by PlainEntry.
//
// Sharing. While a forked child shares the memory, an entry from before is not written, where that
// can be helped: its new version is a new entry, from pages that the child does not have. So of all
// old pages only those of the table are copied.
//
// An Entry* stays valid until the next write to the keyspace or call of a step function.
class Keyspace {
 public:
  Keyspace(const KeyspaceContext& context, unsigned index);
  // May run on another thread once nobody else reaches the keyspace. Large collections are not
  // freed: their list must have been taken over.
  ~Keyspace();
  Keyspace(const Keyspace&) = delete;
  Keyspace& operator=(const Keyspace&) = delete;

  // The number clients SELECT. Changes by SWAPDB.
  unsigned index() const { return index_; }
  void set_index(unsigned index) { index_ = index; }
  const KeyspaceContext& context() const { return context_; }

  // --- Finding. All return nullptr where there is no such key.
  // find() counts a hit or miss and a use of the key; find_for_update() only the use; peek()
  // neither.
  Entry* find(const Key& key);
  Entry* find_for_update(const Key& key);
  Entry* peek(const Key& key);
  bool contains(const Key& key) { return peek(key) != nullptr; }

  // --- Prefetching for a batch, stage by stage (see EntryTable).
  void prefetch_directory(const Key& key) const { table_.prefetch_directory(key.hash); }
  void prefetch_bucket(Key& key) const { key.hint = table_.locate(key.hash); }
  // The entry, or else what creating one touches.
  void prefetch_entry(Key& key) const { table_.prefetch_element(key.hash, key.hint); }
  // The collection that the key's entry refers to, or nullptr: its members can be prefetched next.
  // Unlike a find, it deletes nothing that is due.
  const Collection* large_collection(const Key& key) const;

  // --- Writing strings. Each creates the key or replaces what it held, of whatever type.
  // Stores digits that spell an int64 as an integer, and large values as a blob.
  Entry* set_string(const Key& key, std::string_view value, Ttl ttl,
                    ItemAttributes attributes = {});
  Entry* set_string(const Key& key, BlobRef value, Ttl ttl, ItemAttributes attributes = {});
  Entry* set_integer(const Key& key, std::int64_t value, Ttl ttl, ItemAttributes attributes = {});

  // Makes the string under `key` (created where missing, its deadline kept) `size` bytes long for
  // writing in place: what it held stays, up to `size`; new bytes are zero. Returns its first byte.
  // REQUIRES: the key holds a string or nothing.
  // It counts as a change; observers hear of it unless `tell` is false: nothing was set but room
  // made.
  char* edit_string(const Key& key, std::size_t size, bool tell = true);
  // Gives a string the encoding of one that was edited, for an edit that found it as it shall be.
  // REQUIRES: the key holds a string.
  void mark_edited(const Key& key);

  // --- Items of memcached's protocol. REQUIRE: the key holds a string.
  // The CAS of what the key holds now; never 0.
  std::uint64_t cas(const Key& key);
  void set_cas(const Key& key, std::uint64_t cas);
  // Makes it another version, of the same value, that is stale (see Entry::stale).
  void make_stale(const Key& key);

  // --- Any type. Collections are changed through CollectionEdit.
  bool erase(const Key& key);
  // Puts a copy of `source` (of this or another keyspace) under `key`, deadline included. Blobs are
  // shared until one side is written; O(n) for collections.
  Entry* put_copy(const Key& key, const Entry& source);
  // The same, but takes the value away from `source_key` of `source`, which is deleted; O(1) for
  // large collections. REQUIRES: the source exists, and is another key or keyspace.
  Entry* put_moved(const Key& key, Keyspace& source, const Key& source_key);
  // Makes the value of `cell` that of `key`, in place of what it held. Leaves the cell vacant.
  // REQUIRES: it is not vacant.
  Entry* put(const Key& key, Type type, DetachedCell& cell, Ttl ttl);
  // REQUIRES: the key exists.
  void set_deadline(const Key& key, std::int64_t deadline_ms);
  // Returns whether the key existed and had a deadline.
  bool clear_deadline(const Key& key);

  // So many keys will be put, or 0 for nobody knows; see EntryTable::expect.
  void expect_keys(std::uint64_t count) { table_.expect(count); }

  // --- All keys.
  std::size_t size() const { return table_.size(); }
  bool empty() const { return table_.empty(); }
  // Keys that have a deadline, and their average time to live.
  std::size_t expires() const { return expires_; }
  std::int64_t average_ttl_ms() const;
  // Keys whose fields, some of them at least, have a deadline.
  std::size_t field_expires() const { return field_expires_; }
  // A key chosen uniformly; nullptr where there is none.
  Entry* random();
  // Visits the live keys of one step of a SCAN; see EntryTable::scan for the guarantee. `visit`
  // must not write.
  template <class Visit>
  std::uint64_t scan(std::uint64_t cursor, Visit visit) {
    return table_.scan(cursor, [&](const Entry* entry) {
      if (is_live(*entry)) visit(*entry);
    });
  }
  template <class Visit>
  void for_each(Visit visit) const {
    table_.for_each([&](const Entry* entry) {
      if (is_live(*entry)) visit(*entry);
    });
  }
  // The same for a forked child, as the last thing that it does with this keyspace: it lets go of
  // the table, so that less of it is copied.
  template <class Visit>
  void for_each_at_last(Visit visit) const {
    table_.for_each_at_last([&](const Entry* entry) {
      if (is_live(*entry)) visit(*entry);
    });
  }

  // --- Chores, in slices. Each returns whether more is to be done at once.
  // Deletes keys, and fields of hashes, that are due.
  bool expire_step(std::size_t max_items);
  // When expire_step has something to do next, in Unix milliseconds; INT64_MAX for never.
  std::int64_t next_expiry_ms() const;
  // Whether expire_step has, or may get, anything to do.
  bool has_deadlines() const {
    return !wheel_.empty() || !field_wheel_.empty() || !hashes_due_.empty();
  }
  // Moves entries out of sparse slabs, so that memory follows the data.
  SlabAllocator::EvacuationStep evacuate_step(std::size_t max_moves);

  // --- Compression: compression.cc.
  struct CompressedCount {
    std::size_t tried = 0;
    std::size_t compressed = 0;
    std::size_t resting = 0;  // collections that were used too short a time ago
  };
  // Compresses values of `min_bytes` and more among those of one step of a scan; returns the cursor
  // to go on with. `scratch` is room to work in.
  std::uint64_t compress_step(std::uint64_t cursor, std::size_t min_bytes, std::string& scratch,
                              CompressedCount& count);
  const CompressedTotals& compressed() const { return compressed_; }

  // --- Memory outside of slabs: outside_walk.cc.
  // Moves, of what the entries of one step of a scan have there, the objects that wanted() is true
  // of; returns the cursor to go on with.
  std::uint64_t move_outside_step(std::uint64_t cursor,
                                  const std::function<bool(const void* object)>& wanted,
                                  Gathered& gathered);

  // --- Eviction: eviction.cc. Keys are named by their hash.
  // Deletes the key, and tells that it was evicted. Returns whether there is one of that hash.
  bool evict(std::uint64_t hash);
  // The live key of that hash; nullptr where there is none.
  Entry* peek_hash(std::uint64_t hash);
  // Calls visit(hash, entry) for live keys among the next `max_items` deadlines in the wheel.
  // Returns how many of them it visited, stale ones included.
  template <class Visit>
  std::size_t sample_deadlines(std::size_t max_items, Visit visit);

  // --- Memory, in bytes.
  // All that this keyspace holds, but for blobs (see Blob::total_bytes); and what one of its
  // entries takes: allocation, blob, its share of the table and the wheel.
  std::size_t memory_bytes() const;
  std::size_t memory_bytes(const Entry& entry) const;
  const SlabAllocator& slabs() const { return heap_.slabs(); }
  SlabAllocator& slabs() { return heap_.slabs(); }
  const ObjectHeap& heap() const { return heap_; }
  const EntryTable& table() const { return table_; }
  const TimingWheel& wheel() const { return wheel_; }
  // The collections that entries refer to.
  CollectionList& large_collections() { return large_collections_; }

 private:
  friend class CollectionEdit;

  // A value on its way into an entry.
  struct NewValue {
    NewValue(Type new_type, StringEncoding how, std::string_view new_bytes, bool word)
        : type(new_type),
          encoding(static_cast<std::uint8_t>(how)),
          bytes(new_bytes),
          is_word(word) {}
    NewValue(Type new_type, CollectionEncoding how, std::string_view new_bytes)
        : type(new_type),
          encoding(static_cast<std::uint8_t>(how)),
          bytes(new_bytes),
          is_word(how == CollectionEncoding::kLarge) {}

    Type type;
    std::uint8_t encoding;
    std::string_view bytes;  // inline bytes, or the word's
    bool is_word;
    ItemAttributes attributes{};

    NewValue with(ItemAttributes new_attributes) const {
      NewValue value = *this;
      value.attributes = new_attributes;
      return value;
    }
    Entry::Layout layout(std::size_t key_bytes, bool has_deadline) const {
      return {.key_bytes = key_bytes,
              .value_bytes = bytes.size(),
              .value_is_word = is_word,
              .has_deadline = has_deadline,
              .has_client_flags = attributes.client_flags != 0,
              .has_cas = attributes.with_cas};
    }
  };
  struct Deadline {
    std::int64_t ms;
    std::uint16_t ticket;
  };
  class EntryMover;
  class WheelVisitor;
  class FieldWheelVisitor;
  template <class Visit>
  class SamplingVisitor;
  __extension__ using Wide = __int128;

  std::int64_t now_ms() const { return context_.clock.now_ms(); }
  auto same_key(const Key& key) const {
    return [bytes = key.bytes](const Entry& entry) { return entry.key() == bytes; };
  }

  bool expired(const Entry& entry) const {
    return entry.expired(now_ms()) && !context_.suspend_expiry;
  }
  bool is_live(const Entry& entry) const {
    return !expired(entry) && (field_expires_ == 0 || !all_fields_due(entry));
  }
  EntryTable::Slot find_live_slot(const Key& key);
  void use(Entry& entry);
  Entry* put(const Key& key, const NewValue& value, Ttl ttl);
  Entry* put(const Key& key, EntryTable::Slot slot, const NewValue& value,
             std::optional<std::int64_t> deadline_ms);
  Entry* insert(const Key& key, const NewValue& value, std::optional<std::int64_t> deadline_ms);
  Entry* replace(EntryTable::Slot slot, const Key& key, const NewValue& value,
                 std::optional<std::int64_t> deadline_ms);
  Entry* reshape(EntryTable::Slot slot, const Entry::Layout& layout);
  bool is_shared(const Entry* entry, std::size_t bytes) const {
    return context_.forked && heap_.is_shared(entry, bytes);
  }
  Entry* unshare(EntryTable::Slot slot);
  char* edit_blob(EntryTable::Slot slot, std::size_t size);

  // Whether the entry may hold its value, and not only refer to it.
  static bool fits_entry(const Entry::Layout& layout);
  static std::optional<Deadline> deadline_of(const Entry& entry);
  void take_deadline(Entry& entry, std::uint64_t hash, std::int64_t deadline_ms,
                     std::optional<Deadline> before);
  void forget_deadline(const Entry& entry);

  void expire(EntryTable::Slot slot);
  bool expire_keys_step(std::size_t max_items);
  void prefetch_entries(std::span<const std::uint64_t> wheel_items) const;
  bool is_overfull(const TimingWheel& wheel, std::size_t live_items) const;

  // Of an entry that is outside of slabs, and of a value that is; returns whether it moved, which
  // it does not where somebody else reads it.
  void move_entry(Entry& entry);
  bool move_value(Entry& entry);

  // Compression: compression.cc.
  bool compress(EntryTable::Slot slot, std::string& scratch);
  void expand(EntryTable::Slot slot);
  BlobRef take_blob(Entry& entry);
  void put_blob(EntryTable::Slot slot, BlobRef blob, StringEncoding encoding);
  void count_compressed(const Entry& entry, int sign);

  // The fields of hashes: field_expiry.cc.
  bool fields_due(const Entry& entry) const;
  bool all_fields_due(const Entry& entry) const;
  Entry* expire_fields(EntryTable::Slot slot, std::size_t max_fields);
  bool expire_fields_step(std::size_t max_items);
  void continue_expiring_fields(std::uint64_t item, std::size_t max_fields);
  EntryTable::Slot find_hash_of(std::uint64_t item);
  void schedule_fields(Entry& entry, std::uint64_t hash);
  void schedule_fields_anew(Entry& entry, std::uint64_t hash);
  void forget_fields(const Entry& entry);

  void remove(EntryTable::Slot slot);
  void created(std::string_view key);
  void changed(std::string_view key);

  Entry* construct(const Key& key, const NewValue& value, bool has_deadline);
  void became_new_version(Entry& entry);
  void fill(void* memory, const Entry::Layout& layout, const Key& key, const NewValue& value);
  void drop_value(Entry& entry);

  const KeyspaceContext& context_;
  unsigned index_;
  EntryTable table_;
  ObjectHeap heap_;  // of the entries
  CollectionList large_collections_;
  TimingWheel wheel_;
  std::size_t expires_ = 0;
  Wide deadline_sum_ms_ = 0;  // over all keys that have one
  std::size_t blob_entries_ = 0;
  CompressedTotals compressed_;
  std::uint16_t next_ticket_ = 0;
  bool sweeping_ = false;
  TimingWheel field_wheel_;
  std::deque<std::uint64_t> hashes_due_;  // items whose time has come, until their fields are gone
  std::size_t field_expires_ = 0;
  std::uint16_t next_field_ticket_ = 0;
  bool sweeping_fields_ = false;
  Rng rng_;
};

}  // namespace tarn
