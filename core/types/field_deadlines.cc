#include "core/types/field_deadlines.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "core/base/assert.h"

namespace tarn {
namespace {

// Calls fn(deadline) for every field of this hash that has a deadline.
template <class Fn>
void for_each_deadline(const HashFieldTable& table, std::uint64_t hash, HashFieldTable::Hint hint,
                       Fn fn) {
  table.find(
      hash,
      [&](const HashField& field) {
        if (field.has_deadline() && HashFieldTraits::hash(field) == hash) fn(field.deadline_ms());
        return false;
      },
      hint);
}

}  // namespace

std::int64_t FieldDeadlines::earliest_ms() const {
  return buckets_.empty() ? kNever : buckets_.begin()->second.min_ms;
}

// ---- Buckets

// REQUIRES: the first bucket does not begin later.
FieldDeadlines::Buckets::iterator FieldDeadlines::bucket_of(Position position) {
  return std::prev(buckets_.upper_bound(position));
}
FieldDeadlines::Buckets::const_iterator FieldDeadlines::bucket_of(Position position) const {
  return std::prev(buckets_.upper_bound(position));
}

// Extends the range of the first bucket down to the first position of all.
void FieldDeadlines::widen_first() {
  auto bucket = buckets_.extract(buckets_.begin());
  bucket.key() = Position{};
  buckets_.insert(buckets_.begin(), std::move(bucket));
}

FieldDeadlines::Position FieldDeadlines::end_of(Buckets::const_iterator bucket) const {
  const auto next = std::next(bucket);
  return next == buckets_.end() ? kEnd : next->first;
}

bool FieldDeadlines::all_due(Buckets::const_iterator bucket, std::int64_t now_ms) const {
  return std::min(end_of(bucket), last_).ms <= now_ms;
}

void FieldDeadlines::add(const HashFieldTable& table, std::uint64_t hash,
                         std::int64_t deadline_ms) {
  const Position position{deadline_ms, hash};
  Buckets::iterator bucket;
  if (buckets_.empty()) {
    bucket = buckets_.try_emplace(position).first;
    last_ = position;
  } else {
    if (position < buckets_.begin()->first) widen_first();
    bucket = bucket_of(position);
    if (bucket->second.count >= kMaxItems) bucket = make_room(table, bucket, position);
  }
  push(bucket->second, position);
  ++bucket->second.live;
  ++size_;
  last_ = std::max(last_, position);
}

// Makes room for an item of this position, and returns the bucket that is now its own.
FieldDeadlines::Buckets::iterator FieldDeadlines::make_room(const HashFieldTable& table,
                                                            Buckets::iterator bucket,
                                                            Position position) {
  if (std::next(bucket) == buckets_.end() && position > last_) {
    return buckets_.try_emplace(buckets_.end(), position);
  }
  const std::vector<Position> positions = visit(table, bucket);
  if (positions.size() <= kMaxItems * 3 / 4) {
    assign(bucket->second, positions);
    return bucket;
  }
  const std::span<const Position> all(positions);
  const std::size_t middle = all.size() / 2;
  const auto upper = buckets_.try_emplace(std::next(bucket), all[middle]);
  assign(upper->second, all.subspan(middle));
  assign(bucket->second, all.first(middle));
  return position < upper->first ? bucket : upper;
}

void FieldDeadlines::remove(const HashFieldTable& table, std::uint64_t hash,
                            std::int64_t deadline_ms) {
  const auto found = bucket_of({deadline_ms, hash});
  Bucket& bucket = found->second;
  --size_;
  if (--bucket.live == 0) return release(found);
  const int stale = bucket.count - bucket.live;
  if (stale > kTolerableStale && stale > 3 * bucket.live) assign(bucket, visit(table, found));
}

std::vector<FieldDeadlines::Position> FieldDeadlines::visit(const HashFieldTable& table,
                                                            Buckets::const_iterator found) const {
  const Bucket& bucket = found->second;
  std::array<std::uint64_t, kMaxItems> hashes;
  std::array<HashFieldTable::Hint, kMaxItems> hints;
  for (std::size_t i = 0; i < bucket.count; ++i) hashes[i] = item(bucket, i);
  std::sort(hashes.begin(), hashes.begin() + bucket.count);
  const auto count = static_cast<std::size_t>(
      std::unique(hashes.begin(), hashes.begin() + bucket.count) - hashes.begin());
  for (std::size_t i = 0; i < count; ++i) table.prefetch_directory(hashes[i]);
  for (std::size_t i = 0; i < count; ++i) hints[i] = table.locate(hashes[i]);
  for (std::size_t i = 0; i < count; ++i) table.prefetch_element(hashes[i], hints[i]);

  const Position begin = found->first;
  const Position end = end_of(found);
  std::vector<Position> positions;
  positions.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    for_each_deadline(table, hashes[i], hints[i], [&](std::int64_t deadline_ms) {
      const Position position{deadline_ms, hashes[i]};
      if (begin <= position && position < end) positions.push_back(position);
    });
  }
  std::sort(positions.begin(), positions.end());
  return positions;
}

// ---- Items

std::uint64_t FieldDeadlines::item(const Bucket& bucket, std::size_t index) {
  std::uint64_t hash = 0;
  std::memcpy(&hash, bucket.items + index * kItemBytes, kItemBytes);
  return hash;
}

void FieldDeadlines::set_item(Bucket& bucket, std::size_t index, std::uint64_t hash) {
  std::memcpy(bucket.items + index * kItemBytes, &hash, kItemBytes);
}

void FieldDeadlines::push(Bucket& bucket, Position position) {
  if (bucket.count == bucket.capacity) {
    reserve(bucket, std::min<std::size_t>(kMaxItems, bucket.count + bucket.count / 4 + 4));
  }
  set_item(bucket, bucket.count++, position.hash);
  bucket.min_ms = std::min(bucket.min_ms, position.ms);
  bucket.sorted = false;
}

// Gives the bucket other memory, with room for so many items.
void FieldDeadlines::reserve(Bucket& bucket, std::size_t items) {
  const std::size_t bytes = SlabAllocator::usable_bytes(items * kItemBytes);
  auto* memory = static_cast<unsigned char*>(heap_.allocate(bytes));
  const std::size_t old_bytes = SlabAllocator::usable_bytes(bucket.capacity * kItemBytes);
  if (bucket.items != nullptr) {
    std::memcpy(memory, bucket.items, std::min<std::size_t>(bucket.count, items) * kItemBytes);
    heap_.deallocate(bucket.items, old_bytes);
    bytes_ -= old_bytes;
  }
  bytes_ += bytes;
  bucket.items = memory;
  bucket.capacity = static_cast<std::uint16_t>(bytes / kItemBytes);
}

// Makes the bucket hold the fields of these positions, which are in order and not none.
void FieldDeadlines::assign(Bucket& bucket, std::span<const Position> positions) {
  bucket.count = 0;
  reserve(bucket, positions.size());
  for (const Position& position : positions) {
    set_item(bucket, positions.size() - ++bucket.count, position.hash);
  }
  bucket.live = bucket.count;
  bucket.min_ms = positions.front().ms;
  bucket.sorted = true;
}

void FieldDeadlines::release(Buckets::iterator bucket) {
  const std::size_t bytes = SlabAllocator::usable_bytes(bucket->second.capacity * kItemBytes);
  heap_.deallocate(bucket->second.items, bytes);
  bytes_ -= bytes;
  buckets_.erase(bucket);
}

// ---- What is due

std::size_t FieldDeadlines::take_due(const HashFieldTable& table, std::int64_t now_ms,
                                     std::span<std::uint64_t> hashes) {
  while (earliest_ms() <= now_ms) {
    const auto bucket = buckets_.begin();
    const std::size_t taken = all_due(bucket, now_ms) ? take_any(bucket->second, hashes)
                                                      : take_first(table, bucket, now_ms, hashes);
    if (taken > 0) return taken;
  }
  return 0;
}

void FieldDeadlines::taken(std::uint64_t hash, std::int64_t deadline_ms) {
  const auto bucket = bucket_of({deadline_ms, hash});
  --size_;
  if (--bucket->second.live == 0) release(bucket);
}

std::size_t FieldDeadlines::take_any(Bucket& bucket, std::span<std::uint64_t> hashes) {
  TARN_ASSERT(bucket.count > 0);
  const std::size_t taken = std::min<std::size_t>(bucket.count, hashes.size());
  for (std::size_t i = 0; i < taken; ++i) hashes[i] = item(bucket, --bucket.count);
  return taken;
}

// Of a bucket that is partly due.
std::size_t FieldDeadlines::take_first(const HashFieldTable& table, Buckets::iterator found,
                                       std::int64_t now_ms, std::span<std::uint64_t> hashes) {
  Bucket& bucket = found->second;
  if (!bucket.sorted) assign(bucket, visit(table, found));
  const Position end = end_of(found);
  std::size_t taken = 0;
  while (taken < hashes.size() && bucket.count > 0) {
    const std::uint64_t hash = item(bucket, bucket.count - 1u);
    std::int64_t first_ms = kNever;
    for_each_deadline(table, hash, {}, [&](std::int64_t deadline_ms) {
      if (Position{deadline_ms, hash} < end) first_ms = std::min(first_ms, deadline_ms);
    });
    if (first_ms > now_ms && first_ms != kNever) {
      bucket.min_ms = first_ms;
      break;
    }
    --bucket.count;
    if (first_ms != kNever) hashes[taken++] = hash;
  }
  return taken;
}

std::size_t FieldDeadlines::count(const HashFieldTable& table, std::int64_t after_ms,
                                  std::int64_t until_ms) const {
  if (empty()) return 0;
  const Position from{after_ms + 1, 0};
  const Position to{until_ms + 1, 0};
  std::size_t fields = 0;
  auto bucket = from < buckets_.begin()->first ? buckets_.begin() : bucket_of(from);
  for (; bucket != buckets_.end() && bucket->first < to; ++bucket) {
    if (from <= bucket->first && (end_of(bucket) <= to || last_ < to)) {
      fields += bucket->second.live;
      continue;
    }
    const std::vector<Position> positions = visit(table, bucket);
    fields += static_cast<std::size_t>(
        std::count_if(positions.begin(), positions.end(),
                      [&](const Position& position) { return from <= position && position < to; }));
  }
  return fields;
}

bool FieldDeadlines::clear_step(std::size_t max_buckets) {
  while (max_buckets-- > 0 && !buckets_.empty()) release(buckets_.begin());
  return !buckets_.empty();
}

void FieldDeadlines::check(const HashFieldTable& table) const {
  std::size_t fields = 0;
  table.for_each([&fields](const HashField* field) { fields += field->has_deadline() ? 1 : 0; });
  std::size_t live = 0;
  std::size_t bytes = 0;
  for (auto bucket = buckets_.begin(); bucket != buckets_.end(); ++bucket) {
    const std::vector<Position> positions = visit(table, bucket);
    TARN_ASSERT(!positions.empty() && positions.size() == bucket->second.live);
    TARN_ASSERT(bucket->second.min_ms <= positions.front().ms && positions.back() <= last_);
    live += positions.size();
    bytes += SlabAllocator::usable_bytes(bucket->second.capacity * kItemBytes);
  }
  TARN_ASSERT(live == fields && live == size_ && bytes == bytes_);
}

}  // namespace tarn
