#include "core/keyspace/collection_edit.h"

#include <algorithm>
#include <cstring>

#include "core/base/assert.h"

namespace tarn {
namespace {

// Whether an entry that took `old_bytes` can take `new_bytes` in the same memory, without holding
// much more than it needs.
bool fits_in_place(const Entry* entry, std::size_t old_bytes, std::size_t new_bytes) {
  if (ObjectHeap::in_slabs(old_bytes) || ObjectHeap::in_slabs(new_bytes)) {
    return ObjectHeap::in_slabs(std::max(old_bytes, new_bytes)) &&
           SlabAllocator::usable_bytes(old_bytes) == SlabAllocator::usable_bytes(new_bytes);
  }
  const std::size_t usable = ObjectHeap::usable_bytes(entry, old_bytes);
  return new_bytes <= usable && new_bytes >= usable / 2;
}

}  // namespace

CollectionEdit::CollectionEdit(Keyspace& keyspace, const Key& key, Type type)
    : CollectionCell(keyspace.context().collections->objects()),
      keyspace_(keyspace),
      key_(key),
      type_(type),
      entry_(keyspace.find_for_update(key)),
      wrong_type_(entry_ != nullptr && entry_->type() != type),
      existed_(entry_ != nullptr) {
  if (!wrong_type_) look();
}

CollectionEdit::CollectionEdit(Keyspace& keyspace, const Key& key, Entry& entry)
    : CollectionCell(keyspace.context().collections->objects()),
      keyspace_(keyspace),
      key_(key),
      type_(entry.type()),
      entry_(&entry),
      wrong_type_(false),
      existed_(true) {
  look();
}

// Takes over what the entry holds.
void CollectionEdit::look() {
  vacant_ = entry_ == nullptr;
  view_ = vacant_ ? CollectionView() : entry_->collection_view();
  if (view_.large != nullptr) keyspace_.context_.collections->before_change(*view_.large);
}

char* CollectionEdit::splice(std::size_t offset, std::size_t removed, std::size_t inserted) {
  TARN_ASSERT(!vacant_ && offset + removed <= view_.bytes.size());
  const std::size_t old_size = view_.bytes.size();
  const std::size_t tail = old_size - offset - removed;
  const std::size_t old_bytes = entry_->bytes();
  Entry::Layout layout = entry_->layout();
  layout.value_bytes = old_size - removed + inserted;
  const std::size_t new_bytes = layout.bytes();

  if (Entry::same_length_bytes(old_size, layout.value_bytes) &&
      fits_in_place(entry_, old_bytes, new_bytes) && !keyspace_.is_shared(entry_, old_bytes)) {
    char* at = data() + offset;
    std::memmove(at + inserted, at + removed, tail);
    entry_->resize_value(layout.value_bytes);
  } else {
    Entry* old = entry_;
    entry_ = Entry::construct(keyspace_.heap_.allocate(new_bytes), layout, type_,
                              old->raw_encoding(), old->key());
    entry_->copy_attributes(*old);
    char* to = entry_->mutable_value();
    const char* from = view_.bytes.data();
    std::memcpy(to, from, offset);
    std::memcpy(to + offset + inserted, from + offset + removed, tail);
    const bool replaced = keyspace_.table_.replace(key_.hash, old, entry_);
    TARN_ASSERT(replaced);
    keyspace_.heap_.deallocate(old, old_bytes);
  }
  look();
  return data() + offset;
}

void CollectionEdit::put(const Keyspace::NewValue& value) {
  TARN_ASSERT(!wrong_type_);
  if (entry_ == nullptr) {
    entry_ = keyspace_.insert(key_, value, std::nullopt);
  } else {
    EntryTable::Slot slot = keyspace_.table_.find_slot(key_.hash, keyspace_.same_key(key_));
    std::optional<std::int64_t> deadline_ms;
    if (const auto deadline = Keyspace::deadline_of(*entry_)) deadline_ms = deadline->ms;
    entry_ = keyspace_.replace(slot, key_, value, deadline_ms);
  }
  look();
}

void CollectionEdit::put_bytes(CollectionEncoding encoding, std::string_view bytes) {
  put({type_, encoding, bytes});
}

void CollectionEdit::put_large(Collection* collection) {
  keyspace_.large_collections_.add(*collection);
  put({type_,
       CollectionEncoding::kLarge,
       {reinterpret_cast<const char*>(&collection), sizeof collection}});
}

void CollectionEdit::vacate() {
  TARN_ASSERT(entry_ != nullptr);
  keyspace_.remove(keyspace_.table_.find_slot(key_.hash, keyspace_.same_key(key_)));
  entry_ = nullptr;
  look();
}

CollectionEdit::Outcome CollectionEdit::commit(std::size_t changes) {
  if (changes == 0) return Outcome::kUnchanged;
  const bool exists = entry_ != nullptr;
  if (exists && entry_->incompressible()) entry_->mark_incompressible(false);
  if (exists && type_ == Type::kHash) keyspace_.schedule_fields(*entry_, key_.hash);
  if (exists && !existed_) keyspace_.created(key_.bytes);
  keyspace_.context_.stats.changes += changes - 1;
  keyspace_.changed(key_.bytes);
  const bool deleted = existed_ && !exists;
  existed_ = exists;
  return deleted ? Outcome::kDeleted : Outcome::kChanged;
}

}  // namespace tarn
