#include "core/keyspace/keyspace.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "core/base/assert.h"
#include "core/base/numbers.h"
#include "core/keyspace/compressed_value.h"
#include "core/types/detached_cell.h"

namespace tarn {
namespace {

// Longer values of keys that overflow an entry's slab class get a blob of their own.
constexpr std::size_t kMaxInlineBytes = 64;
// The share of an entry in the table just after a segment split. In a database of a few keys it is
// more, but that is the database's, not the key's.
constexpr std::size_t kMaxSlotBytes = 15;
// Stale wheel items that are not worth a sweep.
constexpr std::size_t kTolerableGarbage = 4096;
// How many due fields of a hash somebody who looks at it erases.
constexpr std::size_t kFieldsAtOnce = 64;

constexpr std::uint64_t wheel_item(std::uint64_t hash, std::uint16_t ticket) {
  return hash | std::uint64_t{ticket} << kHashBits;
}

template <class Word>
std::string_view bytes_of(const Word& word) {
  static_assert(sizeof(Word) == Entry::kWordBytes);
  return {reinterpret_cast<const char*>(&word), sizeof word};
}

}  // namespace

StringView::StringView(const Entry& entry) {
  switch (entry.string_encoding()) {
    case StringEncoding::kInteger:
      bytes_ = {digits_, format_int64(digits_, entry.integer())};
      return;
    case StringEncoding::kEmbedded:
    case StringEncoding::kEdited: bytes_ = entry.value(); return;
    case StringEncoding::kBlob: bytes_ = entry.blob()->view(); return;
    case StringEncoding::kCompressed:
    case StringEncoding::kCompressedBlob: {
      const CompressedValue value(entry.compressed_value());
      expanded_ = std::make_unique_for_overwrite<char[]>(value.plain_bytes());
      value.expand(expanded_.get());
      bytes_ = {expanded_.get(), value.plain_bytes()};
      return;
    }
  }
}

bool Keyspace::fits_entry(const Entry::Layout& layout) {
  return layout.bytes() <= SlabAllocator::kMaxBytes || layout.value_bytes <= kMaxInlineBytes;
}

// Looks up the entries that items of the wheel stand for.
class Keyspace::WheelVisitor {
 public:
  explicit WheelVisitor(Keyspace& keyspace) : keyspace_(keyspace) {}

  void prefetch(std::span<const std::uint64_t> items) const { keyspace_.prefetch_entries(items); }

  std::optional<std::int64_t> visit(std::uint64_t item) {
    const std::uint64_t hash = item & kHashMask;
    const auto ticket = static_cast<std::uint16_t>(item >> kHashBits);
    const auto slot = keyspace_.table_.find_slot(hash, [&](const Entry& entry) {
      return entry.has_deadline() && entry.ticket() == ticket && EntryTraits::hash(entry) == hash;
    });
    if (!slot) return std::nullopt;
    if (!keyspace_.expired(*slot.get())) return slot.get()->deadline_ms();
    keyspace_.expire(slot);
    return std::nullopt;
  }

 private:
  Keyspace& keyspace_;
};

void Keyspace::prefetch_entries(std::span<const std::uint64_t> wheel_items) const {
  std::array<EntryTable::Hint, 16> hints;
  std::array<std::uint64_t, hints.size()> hashes;
  const std::size_t count = std::min(wheel_items.size(), hints.size());
  for (std::size_t i = 0; i < count; ++i) hashes[i] = wheel_items[i] & kHashMask;
  for (std::size_t i = 0; i < count; ++i) table_.prefetch_directory(hashes[i]);
  for (std::size_t i = 0; i < count; ++i) hints[i] = table_.locate(hashes[i]);
  for (std::size_t i = 0; i < count; ++i) table_.prefetch_element(hashes[i], hints[i]);
}

Keyspace::Keyspace(const KeyspaceContext& context, unsigned index)
    : context_(context),
      index_(index),
      wheel_(context.clock.now_ms()),
      field_wheel_(context.clock.now_ms()) {}

Keyspace::~Keyspace() {
  TARN_ASSERT(large_collections_.empty());
  if (blob_entries_ == 0 && heap_.outside_objects() == 0) return;
  table_.for_each([this](Entry* entry) {
    if (entry->holds_blob()) drop_value(*entry);
    if (const std::size_t bytes = entry->bytes(); !ObjectHeap::in_slabs(bytes)) {
      heap_.deallocate(entry, bytes);
    }
  });
}

// --- Finding

EntryTable::Slot Keyspace::find_live_slot(const Key& key) {
  EntryTable::Slot slot = table_.find_slot(key.hash, same_key(key), key.hint);
  if (slot && expired(*slot.get())) [[unlikely]] {
    expire(slot);
    return {};
  }
  if (field_expires_ > 0 && slot && fields_due(*slot.get())) [[unlikely]] {
    if (expire_fields(slot, kFieldsAtOnce) == nullptr) return {};
    return table_.find_slot(key.hash, same_key(key));
  }
  if (compressed_.collections > 0 && slot && slot.get()->holds_compressed_collection())
      [[unlikely]] {
    expand(slot);
    ++context_.stats.expanded;
  }
  return slot;
}

void Keyspace::use(Entry& entry) {
  if (context_.freeze_access || context_.forked) return;
  const std::uint32_t before = entry.access();
  const std::uint32_t after = context_.access_policy.touched(before, now_ms());
  if (after != before) entry.set_access(after);
}

const Collection* Keyspace::large_collection(const Key& key) const {
  const Entry* entry = table_.find(key.hash, same_key(key), key.hint);
  return entry != nullptr && entry->holds_large_collection() ? entry->collection() : nullptr;
}

Entry* Keyspace::find(const Key& key) {
  Entry* entry = find_live_slot(key).get();
  if (entry == nullptr) {
    ++context_.stats.misses;
    if (context_.observer != nullptr) context_.observer->key_missed(*this, key.bytes);
    return nullptr;
  }
  ++context_.stats.hits;
  use(*entry);
  return entry;
}

Entry* Keyspace::find_for_update(const Key& key) {
  Entry* entry = find_live_slot(key).get();
  if (entry != nullptr) use(*entry);
  return entry;
}

Entry* Keyspace::peek(const Key& key) { return find_live_slot(key).get(); }

// --- Writing

Entry* Keyspace::set_string(const Key& key, std::string_view value, Ttl ttl,
                            ItemAttributes attributes) {
  if (std::int64_t number; parse_int64(value, number)) {
    return set_integer(key, number, ttl, attributes);
  }
  const NewValue embedded =
      NewValue(Type::kString, StringEncoding::kEmbedded, value, false).with(attributes);
  // With room for a deadline, which may come later.
  if (!fits_entry(embedded.layout(key.bytes.size(), true))) {
    return set_string(key, Blob::copy(value), ttl, attributes);
  }
  return put(key, embedded, ttl);
}

Entry* Keyspace::set_string(const Key& key, BlobRef value, Ttl ttl, ItemAttributes attributes) {
  ++blob_entries_;
  Blob* blob = value.detach();
  const NewValue reference(Type::kString, StringEncoding::kBlob, bytes_of(blob), true);
  return put(key, reference.with(attributes), ttl);
}

Entry* Keyspace::set_integer(const Key& key, std::int64_t value, Ttl ttl,
                             ItemAttributes attributes) {
  const NewValue word(Type::kString, StringEncoding::kInteger, bytes_of(value), true);
  return put(key, word.with(attributes), ttl);
}

Entry* Keyspace::put(const Key& key, const NewValue& value, Ttl ttl) {
  const EntryTable::Slot slot = find_live_slot(key);
  std::optional<std::int64_t> deadline_ms = ttl.deadline_ms();
  if (ttl.keeps() && slot) {
    if (const auto before = deadline_of(*slot.get())) deadline_ms = before->ms;
  }
  return put(key, slot, value, deadline_ms);
}

Entry* Keyspace::put(const Key& key, EntryTable::Slot slot, const NewValue& value,
                     std::optional<std::int64_t> deadline_ms) {
  const bool existed = static_cast<bool>(slot);
  Entry* entry = existed ? replace(slot, key, value, deadline_ms) : insert(key, value, deadline_ms);
  if (entry->type() == Type::kHash) schedule_fields_anew(*entry, key.hash);
  if (!existed) created(key.bytes);
  changed(key.bytes);
  return entry;
}

Entry* Keyspace::put(const Key& key, Type type, DetachedCell& cell, Ttl ttl) {
  TARN_ASSERT(!cell.vacant());
  if (cell.encoding() != CollectionEncoding::kLarge) {
    Entry* entry = put(key, {type, cell.encoding(), cell.bytes()}, ttl);
    cell.vacate();
    return entry;
  }
  Collection* collection = cell.release_large();
  large_collections_.add(*collection);
  return put(key, {type, CollectionEncoding::kLarge, bytes_of(collection)}, ttl);
}

Entry* Keyspace::put_copy(const Key& key, const Entry& source) {
  std::optional<std::int64_t> deadline_ms;
  if (const auto deadline = deadline_of(source)) deadline_ms = deadline->ms;
  NewValue value(source.type(), source.string_encoding(), source.value(),
                 source.layout().value_is_word);
  value.attributes.client_flags = source.client_flags();
  const bool stale = source.awaits_value();
  Collection* clone = nullptr;
  if (source.holds_blob()) {
    BlobRef::share(source.blob()).detach();
    ++blob_entries_;
  } else if (source.holds_large_collection()) {
    clone = source.collection()->clone();
    large_collections_.add(*clone);
    value.bytes = bytes_of(clone);
  }
  Entry* entry = put(key, find_live_slot(key), value, deadline_ms);
  if (stale) entry->mark_stale();
  return entry;
}

Entry* Keyspace::put_moved(const Key& key, Keyspace& source, const Key& source_key) {
  Entry* from = source.peek(source_key);
  TARN_ASSERT(from != nullptr);
  const std::uint32_t access = from->access();
  Entry* entry = nullptr;
  if (from->holds_large_collection()) {
    std::optional<std::int64_t> deadline_ms;
    if (const auto deadline = deadline_of(*from)) deadline_ms = deadline->ms;
    Collection* collection = from->collection();
    source.forget_fields(*from);
    from->set_collection(nullptr);
    source.large_collections_.remove(*collection);
    large_collections_.add(*collection);
    entry = put(key, find_live_slot(key),
                {from->type(), CollectionEncoding::kLarge, bytes_of(collection)}, deadline_ms);
  } else {
    entry = put_copy(key, *from);
  }
  entry->set_access(access);
  source.erase(source_key);
  return entry;
}

Entry* Keyspace::insert(const Key& key, const NewValue& value,
                        std::optional<std::int64_t> deadline_ms) {
  Entry* entry = construct(key, value, deadline_ms.has_value());
  entry->set_access(context_.access_policy.fresh(key.hash, now_ms()));
  table_.insert(key.hash, entry, key.hint);
  if (deadline_ms) take_deadline(*entry, key.hash, *deadline_ms, std::nullopt);
  return entry;
}

// Puts another value under a key that exists; in the same memory where that fits as it is.
Entry* Keyspace::replace(EntryTable::Slot slot, const Key& key, const NewValue& value,
                         std::optional<std::int64_t> deadline_ms) {
  Entry* old = slot.get();
  const std::size_t old_bytes = old->bytes();
  const std::optional<Deadline> before = deadline_of(*old);
  const std::uint32_t access = context_.access_policy.overwritten(old->access(), now_ms());
  if (before) forget_deadline(*old);
  drop_value(*old);

  const Entry::Layout layout = value.layout(key.bytes.size(), deadline_ms.has_value());
  const std::size_t bytes = layout.bytes();
  Entry* entry = old;
  if (std::max(bytes, old_bytes) <= SlabAllocator::kMaxBytes &&
      SlabAllocator::usable_bytes(bytes) == SlabAllocator::usable_bytes(old_bytes) &&
      !is_shared(old, old_bytes)) {
    fill(entry, layout, key, value);
  } else {
    entry = construct(key, value, layout.has_deadline);
    slot.replace(entry);
    heap_.deallocate(old, old_bytes);
  }
  entry->set_access(access);
  if (deadline_ms) take_deadline(*entry, key.hash, *deadline_ms, before);
  return entry;
}

// Gives an entry another layout: key, access, encoding, deadline and as much of the value as fits
// stay; new bytes of the value are zero.
Entry* Keyspace::reshape(EntryTable::Slot slot, const Entry::Layout& layout) {
  Entry* old = slot.get();
  const std::size_t old_bytes = old->bytes();
  const std::string_view old_value = old->value();
  Entry* entry = Entry::construct(heap_.allocate(layout.bytes()), layout, old->type(),
                                  old->raw_encoding(), old->key());
  entry->copy_attributes(*old);
  const std::size_t kept = std::min(old_value.size(), layout.value_bytes);
  char* value = entry->mutable_value();
  std::memcpy(value, old_value.data(), kept);
  std::memset(value + kept, 0, layout.value_bytes - kept);
  slot.replace(entry);
  heap_.deallocate(old, old_bytes);
  return entry;
}

// The entry, for writing it in place: where a child shares its page, it moves first.
Entry* Keyspace::unshare(EntryTable::Slot slot) {
  Entry* entry = slot.get();
  if (!context_.forked) [[likely]]
    return entry;
  const Entry::Layout layout = entry->layout();
  return heap_.is_shared(entry, layout.bytes()) ? reshape(slot, layout) : entry;
}

char* Keyspace::edit_string(const Key& key, std::size_t size, bool tell) {
  EntryTable::Slot slot = find_live_slot(key);
  if (!slot) {
    insert(key, {Type::kString, StringEncoding::kEdited, {}, false}, std::nullopt);
    created(key.bytes);
    slot = table_.find_slot(key.hash, same_key(key));
  } else if (slot.get()->string_encoding() == StringEncoding::kInteger) {
    const StringView digits(*slot.get());
    std::optional<std::int64_t> deadline_ms;
    if (const auto deadline = deadline_of(*slot.get())) deadline_ms = deadline->ms;
    const NewValue text(Type::kString, StringEncoding::kEdited, digits, false);
    replace(slot, key, text.with({.client_flags = slot.get()->client_flags()}), deadline_ms);
    slot = table_.find_slot(key.hash, same_key(key));
  }
  if (slot.get()->holds_compressed_string()) expand(slot);
  if (tell) {
    changed(key.bytes);
  } else {
    ++context_.stats.changes;
  }
  Entry* entry = unshare(slot);
  became_new_version(*entry);

  Entry::Layout layout = entry->layout();
  if (entry->string_encoding() != StringEncoding::kBlob && layout.value_bytes == size) {
    entry->set_type(Type::kString, StringEncoding::kEdited);
    return entry->mutable_value();
  }
  layout.value_bytes = size;
  if (entry->string_encoding() == StringEncoding::kBlob || !fits_entry(layout)) {
    return edit_blob(slot, size);
  }
  entry = reshape(slot, layout);
  entry->set_type(Type::kString, StringEncoding::kEdited);
  return entry->mutable_value();
}

void Keyspace::mark_edited(const Key& key) {
  const EntryTable::Slot slot = find_live_slot(key);
  TARN_ASSERT(slot);
  const Entry* entry = slot.get();
  if (entry->string_encoding() == StringEncoding::kEmbedded) {
    unshare(slot)->set_type(Type::kString, StringEncoding::kEdited);
  } else if (entry->string_encoding() == StringEncoding::kInteger) {
    const StringView digits(*entry);
    std::optional<std::int64_t> deadline_ms;
    if (const auto deadline = deadline_of(*entry)) deadline_ms = deadline->ms;
    const NewValue text(Type::kString, StringEncoding::kEdited, digits, false);
    replace(slot, key, text.with({.client_flags = entry->client_flags()}), deadline_ms);
  }
}

// For an entry that is edited in place.
void Keyspace::became_new_version(Entry& entry) {
  entry.clear_marks();
  if (entry.has_cas()) entry.set_cas(context_.cas_source.next());
}

std::uint64_t Keyspace::cas(const Key& key) {
  const Entry* entry = peek(key);
  if (entry->has_cas()) return entry->cas();
  const std::uint64_t cas = context_.cas_source.next();
  set_cas(key, cas);
  return cas;
}

void Keyspace::set_cas(const Key& key, std::uint64_t cas) {
  const EntryTable::Slot slot = find_live_slot(key);
  TARN_ASSERT(slot && slot.get()->type() == Type::kString);
  Entry* entry = slot.get();
  if (!entry->has_cas()) {
    Entry::Layout layout = entry->layout();
    layout.has_cas = true;
    entry = reshape(slot, layout);
  } else {
    entry = unshare(slot);
  }
  entry->set_cas(cas);
}

void Keyspace::make_stale(const Key& key) {
  const EntryTable::Slot slot = find_live_slot(key);
  TARN_ASSERT(slot && slot.get()->type() == Type::kString);
  Entry* entry = unshare(slot);
  if (entry->has_cas()) entry->set_cas(context_.cas_source.next());
  entry->mark_stale();
  changed(key.bytes);
}

// Makes the value a blob of its own of `size` bytes, with room to grow.
char* Keyspace::edit_blob(EntryTable::Slot slot, std::size_t size) {
  Entry* entry = slot.get();
  const bool was_blob = entry->string_encoding() == StringEncoding::kBlob;
  BlobRef held = was_blob ? BlobRef::attach(entry->blob()) : BlobRef();
  const std::string_view old = was_blob ? held->view() : entry->value();
  const std::size_t kept = std::min(old.size(), size);

  BlobRef blob;
  if (was_blob && held.unique() && held->capacity() >= size) {
    blob = std::move(held);
    blob->set_size(size);
  } else {
    blob = Blob::allocate(size, size > old.size() && !old.empty() ? size + size / 2 : size);
    std::memcpy(blob->data(), old.data(), kept);
  }
  char* data = blob->data();
  std::memset(data + kept, 0, size - kept);

  if (!was_blob) {
    Entry::Layout layout = entry->layout();
    layout.value_bytes = Entry::kWordBytes;
    layout.value_is_word = true;
    entry = reshape(slot, layout);
    entry->set_type(Type::kString, StringEncoding::kBlob);
    ++blob_entries_;
  }
  entry->set_blob(blob.detach());
  return data;
}

bool Keyspace::erase(const Key& key) {
  const EntryTable::Slot slot = find_live_slot(key);
  if (!slot) return false;
  remove(slot);
  changed(key.bytes);
  return true;
}

// --- Deadlines

std::optional<Keyspace::Deadline> Keyspace::deadline_of(const Entry& entry) {
  if (!entry.has_deadline()) return std::nullopt;
  return Deadline{entry.deadline_ms(), entry.ticket()};
}

// Gives an entry with room for it its deadline. The wheel's item for the deadline `before` will do
// for a later one: it moves on when it comes up.
void Keyspace::take_deadline(Entry& entry, std::uint64_t hash, std::int64_t deadline_ms,
                             std::optional<Deadline> before) {
  std::uint16_t ticket = Entry::kNoTicket;
  deadline_ms = std::max<std::int64_t>(deadline_ms, 0);
  if (deadline_ms <= Entry::kMaxTicketedDeadline) {
    if (before && before->ticket != Entry::kNoTicket && before->ms <= deadline_ms) {
      ticket = before->ticket;
    } else {
      ticket = next_ticket_++;
      if (next_ticket_ == Entry::kNoTicket) next_ticket_ = 0;
      wheel_.add(deadline_ms, wheel_item(hash, ticket));
    }
  }
  entry.set_deadline(deadline_ms, ticket);
  ++expires_;
  ++context_.stats.deadlines_set;
  deadline_sum_ms_ += deadline_ms;
}

void Keyspace::forget_deadline(const Entry& entry) {
  --expires_;
  deadline_sum_ms_ -= entry.deadline_ms();
}

void Keyspace::set_deadline(const Key& key, std::int64_t deadline_ms) {
  const EntryTable::Slot slot = find_live_slot(key);
  TARN_ASSERT(slot);
  Entry* entry = slot.get();
  const std::optional<Deadline> before = deadline_of(*entry);
  if (before) {
    forget_deadline(*entry);
    entry = unshare(slot);
  } else {
    Entry::Layout layout = entry->layout();
    layout.has_deadline = true;
    entry = reshape(slot, layout);
  }
  take_deadline(*entry, key.hash, deadline_ms, before);
  changed(key.bytes);
}

bool Keyspace::clear_deadline(const Key& key) {
  const EntryTable::Slot slot = find_live_slot(key);
  if (!slot || !slot.get()->has_deadline()) return false;
  forget_deadline(*slot.get());
  Entry::Layout layout = slot.get()->layout();
  layout.has_deadline = false;
  reshape(slot, layout);
  changed(key.bytes);
  return true;
}

std::int64_t Keyspace::average_ttl_ms() const {
  if (expires_ == 0) return 0;
  const auto average = static_cast<std::int64_t>(deadline_sum_ms_ / static_cast<Wide>(expires_));
  return std::max<std::int64_t>(average - now_ms(), 0);
}

void Keyspace::expire(EntryTable::Slot slot) {
  ++context_.stats.expired;
  if (context_.observer != nullptr) context_.observer->key_expired(*this, slot.get()->key());
  remove(slot);
}

bool Keyspace::expire_step(std::size_t max_items) {
  const bool more_keys = expire_keys_step(max_items);
  const bool more_fields = expire_fields_step(max_items);
  return more_keys || more_fields;
}

bool Keyspace::expire_keys_step(std::size_t max_items) {
  WheelVisitor visitor(*this);
  const std::int64_t now = std::clamp<std::int64_t>(now_ms(), 0, TimingWheel::kMaxDeadlineMs);
  const TimingWheel::Advance step = wheel_.advance(now, max_items, visitor);
  if (step.more) return true;
  if (!sweeping_ && !is_overfull(wheel_, expires_)) return false;
  if (step.visited_items < max_items) {
    sweeping_ = !wheel_.sweep(max_items - step.visited_items, visitor).pass_complete;
  }
  return sweeping_;
}

// Whether so many of its items are stale that a sweep is worth it.
bool Keyspace::is_overfull(const TimingWheel& wheel, std::size_t live_items) const {
  return wheel.size() > 2 * live_items + kTolerableGarbage;
}

// --- All keys

Entry* Keyspace::random() {
  for (;;) {
    Entry* entry = table_.random(rng_);
    if (entry == nullptr || is_live(*entry)) return entry;
    const EntryTable::Slot slot = table_.find_slot(
        EntryTraits::hash(*entry), [entry](const Entry& other) { return &other == entry; });
    if (expired(*entry)) {
      expire(slot);
    } else {
      expire_fields(slot, kFieldsAtOnce);
    }
  }
}

class Keyspace::EntryMover {
 public:
  explicit EntryMover(EntryTable& table) : table_(table) {}

  // The misses of a group overlap: of its entries, directory entries and buckets, in this order.
  void prefetch(std::span<void* const> entries) {
    next_ = 0;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      hashes_[i] = EntryTraits::hash(*static_cast<const Entry*>(entries[i]));
      table_.prefetch_directory(hashes_[i]);
    }
    for (std::size_t i = 0; i < entries.size(); ++i) table_.locate(hashes_[i]);
  }

  bool operator()(void* from, void* to, std::size_t) {
    const auto* entry = static_cast<const Entry*>(from);
    std::memcpy(to, from, entry->bytes());
    return table_.replace(hashes_[next_++], entry, static_cast<Entry*>(to));
  }

 private:
  EntryTable& table_;
  std::array<std::uint64_t, SlabAllocator::kMoveGroup> hashes_{};  // of the group
  std::size_t next_ = 0;
};

SlabAllocator::EvacuationStep Keyspace::evacuate_step(std::size_t max_moves) {
  return heap_.slabs().evacuate(max_moves, EntryMover(table_));
}

std::size_t Keyspace::memory_bytes() const {
  return heap_.memory_bytes() + table_.memory_bytes() + wheel_.memory_bytes() +
         field_wheel_.memory_bytes();
}

std::size_t Keyspace::memory_bytes(const Entry& entry) const {
  std::size_t total = ObjectHeap::usable_bytes(&entry, entry.bytes());
  if (entry.holds_blob()) total += entry.blob()->memory_bytes();
  if (entry.holds_large_collection()) total += entry.collection()->memory_bytes();
  if (entry.has_deadline()) total += sizeof(std::uint64_t);
  return total + std::min(table_.slot_bytes_per_element(), kMaxSlotBytes);
}

// --- Memory

void Keyspace::remove(EntryTable::Slot slot) {
  Entry* entry = table_.erase(slot);
  if (entry->has_deadline()) forget_deadline(*entry);
  drop_value(*entry);
  heap_.deallocate(entry, entry->bytes());
}

void Keyspace::created(std::string_view key) {
  if (context_.observer != nullptr) context_.observer->key_created(*this, key);
}

void Keyspace::changed(std::string_view key) {
  ++context_.stats.changes;
  if (context_.observer != nullptr) context_.observer->key_modified(*this, key);
}

Entry* Keyspace::construct(const Key& key, const NewValue& value, bool has_deadline) {
  const Entry::Layout layout = value.layout(key.bytes.size(), has_deadline);
  void* memory = heap_.allocate(layout.bytes());
  fill(memory, layout, key, value);
  return static_cast<Entry*>(memory);
}

void Keyspace::fill(void* memory, const Entry::Layout& layout, const Key& key,
                    const NewValue& value) {
  Entry* entry = Entry::construct(memory, layout, value.type, value.encoding, key.bytes);
  if (layout.has_client_flags) entry->set_client_flags(value.attributes.client_flags);
  if (layout.has_cas) entry->set_cas(context_.cas_source.next());
  if (!value.bytes.empty()) {
    std::memcpy(entry->mutable_value(), value.bytes.data(), value.bytes.size());
  }
  if (entry->holds_compressed_string()) [[unlikely]]
    count_compressed(*entry, 1);
}

void Keyspace::drop_value(Entry& entry) {
  if (field_expires_ > 0) forget_fields(entry);
  if (compressed_.values > 0 &&
      (entry.holds_compressed_string() || entry.holds_compressed_collection())) {
    count_compressed(entry, -1);
  }
  if (entry.holds_blob()) {
    BlobRef::attach(entry.blob()).reset();
    --blob_entries_;
  } else if (entry.holds_large_collection() && entry.collection() != nullptr) {
    large_collections_.remove(*entry.collection());
    context_.collections->bury(entry.collection());
  }
}

}  // namespace tarn
