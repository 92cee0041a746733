#include "core/keyspace/compression.h"

#include <array>
#include <cstring>
#include <utility>

#include "core/keyspace/compressed_value.h"

namespace tarn {
namespace {

// To expand a larger value would hold up everybody else for too long.
constexpr std::size_t kMaxPlainBytes = std::size_t{1} << 20;
// A packed collection is left alone for so long after its last use. Where uses are counted, only
// the minute of the last one is known.
constexpr std::int64_t kRestSeconds = 10;
constexpr std::int64_t kRestMinutes = 1;

// The plain bytes of a value that may be compressed; none of others.
std::string_view compressible_bytes(const Entry& entry) {
  if (entry.incompressible()) return {};
  if (entry.type() == Type::kString) {
    switch (entry.string_encoding()) {
      case StringEncoding::kEmbedded:
      case StringEncoding::kEdited: return entry.value();
      case StringEncoding::kBlob: return entry.blob()->view();
      default: return {};
    }
  }
  switch (entry.collection_encoding()) {
    case CollectionEncoding::kPacked:
    case CollectionEncoding::kIntSet: return entry.value();
    default: return {};
  }
}

bool rests(const AccessPolicy& policy, const Entry& entry, std::int64_t now_ms) {
  if (policy.tracks_frequency) return policy.idle_minutes(entry.access(), now_ms) >= kRestMinutes;
  return policy.idle_seconds(entry.access(), now_ms) >= kRestSeconds;
}

}  // namespace

// --- The keyspace's part

std::uint64_t Keyspace::compress_step(std::uint64_t cursor, std::size_t min_bytes,
                                      std::string& scratch, CompressedCount& count) {
  std::array<const Entry*, 64> found;
  std::size_t found_count = 0;
  const std::uint64_t next = scan(cursor, [&](const Entry& entry) {
    const std::size_t bytes = compressible_bytes(entry).size();
    if (bytes < min_bytes || bytes > kMaxPlainBytes || found_count == found.size()) return;
    if (entry.type() != Type::kString && !rests(context_.access_policy, entry, now_ms())) {
      ++count.resting;
      return;
    }
    found[found_count++] = &entry;
  });
  for (std::size_t i = 0; i < found_count; ++i) {
    const Entry* entry = found[i];
    const EntryTable::Slot slot = table_.find_slot(
        EntryTraits::hash(*entry), [entry](const Entry& other) { return &other == entry; });
    ++count.tried;
    if (compress(slot, scratch)) ++count.compressed;
  }
  return next;
}

// Puts what CompressedValue makes of a value in its place, in the entry where it fits.
bool Keyspace::compress(EntryTable::Slot slot, std::string& scratch) {
  Entry* entry = slot.get();
  const std::string_view plain = compressible_bytes(*entry);
  if (!CompressedValue::compress(plain, entry->raw_encoding(), scratch)) {
    entry->mark_incompressible(true);
    return false;
  }
  const BlobRef held = take_blob(*entry);
  Entry::Layout layout = entry->layout();
  layout.value_is_word = false;
  layout.value_bytes = scratch.size();
  if (entry->type() != Type::kString) {
    entry = reshape(slot, layout);
    scratch.copy(entry->mutable_value(), scratch.size());
    entry->set_type(entry->type(), CollectionEncoding::kCompressed);
  } else if (fits_entry(layout)) {
    entry = reshape(slot, layout);
    scratch.copy(entry->mutable_value(), scratch.size());
    entry->set_type(Type::kString, StringEncoding::kCompressed);
  } else {
    put_blob(slot, Blob::copy(scratch), StringEncoding::kCompressedBlob);
  }
  count_compressed(*slot.get(), 1);
  return true;
}

// Makes a compressed value what it was before.
void Keyspace::expand(EntryTable::Slot slot) {
  Entry* entry = slot.get();
  count_compressed(*entry, -1);
  const BlobRef held = take_blob(*entry);
  const std::string stored(held ? held->view() : entry->value());
  const CompressedValue value(stored);
  if (entry->type() == Type::kString &&
      value.plain_encoding() == static_cast<std::uint8_t>(StringEncoding::kBlob)) {
    BlobRef plain = Blob::allocate(value.plain_bytes(), value.plain_bytes());
    value.expand(plain->data());
    put_blob(slot, std::move(plain), StringEncoding::kBlob);
    return;
  }
  Entry::Layout layout = entry->layout();
  layout.value_is_word = false;
  layout.value_bytes = value.plain_bytes();
  entry = reshape(slot, layout);
  value.expand(entry->mutable_value());
  entry->set_type(entry->type(), value.plain_encoding());
}

// Takes its blob away from an entry that is to get another value.
BlobRef Keyspace::take_blob(Entry& entry) {
  if (!entry.holds_blob()) return {};
  --blob_entries_;
  return BlobRef::attach(entry.blob());
}

// Gives an entry a blob in place of its inline value, or of the blob that was taken away.
void Keyspace::put_blob(EntryTable::Slot slot, BlobRef blob, StringEncoding encoding) {
  Entry::Layout layout = slot.get()->layout();
  layout.value_bytes = Entry::kWordBytes;
  layout.value_is_word = true;
  Entry* entry = reshape(slot, layout);
  entry->set_type(Type::kString, encoding);
  entry->set_blob(blob.detach());
  ++blob_entries_;
}

void Keyspace::count_compressed(const Entry& entry, int sign) {
  const std::string_view stored = entry.compressed_value();
  const auto change = [sign](std::size_t& count, std::size_t by) {
    sign > 0 ? count += by : count -= by;
  };
  change(compressed_.values, 1);
  change(compressed_.plain_bytes, CompressedValue(stored).plain_bytes());
  change(compressed_.stored_bytes, stored.size());
  if (entry.type() != Type::kString) change(compressed_.collections, 1);
}

// --- The walk

CompressionWalk::Step CompressionWalk::step(std::size_t min_bytes) {
  Step step;
  if (database_ >= databases_.size()) database_ = 0;
  Keyspace::CompressedCount count;
  cursor_ = databases_[database_].compress_step(cursor_, min_bytes, scratch_, count);
  step.tried = count.tried;
  step.compressed = count.compressed;
  step.resting = count.resting;
  if (cursor_ == 0) {
    do {
      ++database_;
    } while (database_ < databases_.size() && databases_[database_].empty());
  }
  step.more = database_ < databases_.size();
  return step;
}

std::int64_t CompressionWalk::rest_ms() const {
  return databases_.access_policy().tracks_frequency ? kRestMinutes * 60'000 : kRestSeconds * 1000;
}

}  // namespace tarn
